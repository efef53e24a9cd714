//! The handshakes of a scheme's file, read and written.

use super::Fields;
use super::write::{list, quoted};
use crate::verify::check::UnusableScheme;
use crate::verify::handshake::{Handshake, Reply, Spot};
use toml::Value;

const REPLIES: &[(&str, Reply)] =
    &[("empty", Reply::Empty), ("text", Reply::Text), ("sentence", Reply::Sentence), ("secret", Reply::Secret)];

/// The list of tables in the field `handshakes`.
pub(super) fn read(fields: &mut Fields) -> Result<Vec<Handshake>, UnusableScheme> {
    let wrong = |fields: &Fields| fields.wrong("handshakes", "a list of tables in braces");
    match fields.table.remove("handshakes") {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            let one = |item: Value| match item {
                Value::Table(table) => handshake(Fields { of: "handshakes", table }),
                _ => Err(wrong(fields)),
            };
            items.into_iter().map(one).collect()
        }
        Some(_) => Err(wrong(fields)),
    }
}

fn handshake(mut fields: Fields) -> Result<Handshake, UnusableScheme> {
    let signed = match fields.table.remove("signed") {
        Some(Value::Boolean(signed)) => signed,
        None => return Err(fields.missing("signed")),
        Some(_) => return Err(fields.wrong("signed", "true or false")),
    };
    let spot = |text: Option<String>| text.map(|text| Spot::from(text.as_str()));
    let handshake = Handshake {
        method: fields.text("method")?.unwrap_or_else(|| "POST".to_string()),
        signed,
        when: fields.pairs("when")?.into_iter().map(|(at, value)| (Spot::from(at.as_str()), value)).collect(),
        agreed_token: spot(fields.text("agreed_token")?),
        token: spot(fields.text("token")?),
        reply: reply(&mut fields)?,
    };
    fields.end()?;
    Ok(handshake)
}

fn reply(fields: &mut Fields) -> Result<Reply, UnusableScheme> {
    if !matches!(fields.table.get("reply"), Some(Value::Table(_))) {
        return fields.one_of("reply", REPLIES)?.ok_or_else(|| fields.missing("reply"));
    }
    let Some(mut inner) = fields.inner("reply", "")? else { return Err(fields.missing("reply")) };
    let reply = match [inner.text("json")?, inner.text("mac")?, inner.text("fixed")?] {
        [Some(token), Some(mac), None] => Reply::Mac { token, mac },
        [Some(name), None, None] => Reply::Json(name),
        [None, None, Some(json)] => Reply::Fixed(json),
        _ => return Err(fields.wrong("reply", "{ json }, { json, mac } or { fixed }")),
    };
    inner.end()?;
    Ok(reply)
}

/// The text that [`read`] reads as `handshakes`.
pub(super) fn text(handshakes: &[Handshake]) -> String {
    let one = |handshake: &Handshake| {
        let mut fields =
            vec![format!("method = {}", quoted(&handshake.method)), format!("signed = {}", handshake.signed)];
        if !handshake.when.is_empty() {
            let pairs = handshake.when.iter().map(|(spot, value)| list(&[spot.to_string(), value.clone()]));
            fields.push(format!("when = [{}]", pairs.collect::<Vec<_>>().join(", ")));
        }
        let spots = [("agreed_token", &handshake.agreed_token), ("token", &handshake.token)];
        fields.extend(spots.iter().filter_map(|(name, spot)| {
            let spot = spot.as_ref()?;
            Some(format!("{name} = {}", quoted(&spot.to_string())))
        }));
        fields.push(format!("reply = {}", reply_text(&handshake.reply)));
        format!("{{ {} }}", fields.join(", "))
    };
    format!("[{}]", handshakes.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn reply_text(reply: &Reply) -> String {
    match reply {
        Reply::Json(name) => format!("{{ json = {} }}", quoted(name)),
        Reply::Mac { token, mac } => format!("{{ json = {}, mac = {} }}", quoted(token), quoted(mac)),
        Reply::Fixed(json) => format!("{{ fixed = {} }}", quoted(json)),
        plain => quoted(super::write::name_of(REPLIES, plain)),
    }
}
