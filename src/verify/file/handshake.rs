//! The handshakes of a scheme's file, read and written.

use super::Fields;
use super::write::{list, quoted};
use crate::verify::check::UnusableScheme;
use crate::verify::handshake::{Handshake, Reply, Spot};
use toml::Value;

const REPLIES: &[(&str, Reply)] = &[
    ("empty", Reply::Empty),
    ("no-content", Reply::NoContent),
    ("text", Reply::Text),
    ("sentence", Reply::Sentence),
    ("secret", Reply::Secret),
];

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{Scheme, preset};

    #[test]
    fn every_kind_of_handshake_reads_back_as_itself() {
        let signed = |token: Option<&str>, reply| Handshake {
            method: "POST".into(),
            signed: true,
            when: vec![(Spot::from("/type"), "1".to_string()), (Spot::from("/a~1b"), "\"é\\".to_string())],
            agreed_token: None,
            token: token.map(Spot::from),
            reply,
        };
        let unsigned = |method: &str, token: Option<&str>, reply| Handshake {
            method: method.into(),
            signed: false,
            when: vec![],
            agreed_token: None,
            token: token.map(Spot::from),
            reply,
        };
        let scheme = Scheme {
            handshakes: vec![
                signed(None, Reply::Fixed(r#"{"type":1}"#.into())),
                signed(
                    Some("/payload/plainToken"),
                    Reply::Mac { token: "plainToken".into(), mac: "encryptedToken".into() },
                ),
                // Okta asks so, and Microsoft Graph.
                unsigned("GET", Some("x-okta-verification-challenge"), Reply::Json("verification".into())),
                unsigned("POST", Some("?validationToken"), Reply::Sentence),
                unsigned("POST", Some("webhook_id="), Reply::Empty),
                unsigned("HEAD", None, Reply::Empty),
                unsigned("POST", Some("X-Hook-Secret"), Reply::Secret),
                Handshake { agreed_token: Some(Spot::from("?t")), ..unsigned("GET", Some("?c"), Reply::Text) },
            ],
            bare_refusals: true,
            ..preset("zoom").unwrap()
        };
        assert_eq!(Scheme::from_toml(&scheme.to_toml()), Ok(scheme));
    }

    #[test]
    fn what_is_no_handshake_is_refused_by_its_field() {
        let of = |handshakes: &str| {
            let text = preset("zoom").unwrap().to_toml();
            let kept: Vec<_> = text.lines().filter(|line| !line.starts_with("handshakes")).collect();
            let text = format!("{}\nhandshakes = {handshakes}\n", kept.join("\n"));
            Scheme::from_toml(&text).map_or_else(|unusable| unusable.field, |_| String::new())
        };
        for (handshakes, field) in [
            ("1", "handshakes"),
            ("[1]", "handshakes"),
            ("[{ signed = false, reply = \"empty\" }]", "handshakes"),
            ("[{ method = \"HEAD\", reply = \"empty\" }]", "handshakes.signed"),
            ("[{ method = \"HEAD\", signed = 1, reply = \"empty\" }]", "handshakes.signed"),
            ("[{ method = \"HEAD\", signed = false }]", "handshakes.reply"),
            ("[{ method = \"HEAD\", signed = false, reply = \"nothing\" }]", "handshakes.reply"),
            ("[{ method = \"HEAD\", signed = false, reply = { mac = \"x\" } }]", "handshakes.reply"),
            ("[{ method = \"HEAD\", signed = false, reply = { json = \"x\", x = 1 } }]", "reply.x"),
            ("[{ method = \"HEAD\", signed = false, reply = \"empty\", x = 1 }]", "handshakes.x"),
            ("[{ method = \"HEAD\", signed = false, reply = \"empty\", when = [\"x\"] }]", "handshakes.when"),
            ("[{ method = \"HEAD\", signed = false, reply = \"empty\" }]", ""),
            ("[]", ""),
        ] {
            assert_eq!(of(handshakes), field, "{handshakes}");
        }
        let bare = preset("xero").unwrap().to_toml().replace("bare_refusals = true", "bare_refusals = 1");
        assert_eq!(Scheme::from_toml(&bare).map_err(|unusable| unusable.field), Err("bare_refusals".to_string()));
    }
}
