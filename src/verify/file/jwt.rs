//! A token's claims as they stand in a scheme's file.

use super::Fields;
use super::write::{name_of, quoted};
use crate::verify::check::UnusableScheme;
use crate::verify::jwt::Jwt;
use crate::verify::scheme::{Algorithm, Piece};

pub(super) fn read(fields: &mut Fields) -> Result<Option<Jwt>, UnusableScheme> {
    if !fields.table.contains_key("jwt") {
        return Ok(None);
    }
    let Some(mut inner) = fields.inner("jwt", "")? else { return Ok(None) };
    let mut other_algorithms = Vec::new();
    for name in inner.texts("other_algorithms")?.unwrap_or_default() {
        let known = Algorithm::ALL.iter().find(|(known, _)| *known == name);
        let (_, algorithm) = known.ok_or_else(|| inner.wrong("other_algorithms", "names of algorithms"))?;
        other_algorithms.push(*algorithm);
    }
    let jwt = Jwt {
        other_algorithms,
        body_hash: inner.text("body_hash")?.ok_or_else(|| inner.missing("body_hash"))?,
        unhashed_if_empty: inner.flag("unhashed_if_empty")?,
        url_hash: inner.text("url_hash")?,
        issuer: inner.text("issuer")?,
        made_at: inner.text("made_at")?,
        past_s: inner.bound("past_s")?,
        leeway_s: inner.bound("leeway_s")?,
        expires: inner.flag("expires")?,
    };
    inner.end()?;
    Ok(Some(jwt))
}

impl Jwt {
    /// What the claims are of, as a template says it.
    pub(in crate::verify) fn template(&self) -> Vec<Piece> {
        match self.url_hash {
            Some(_) => vec![Piece::Url, Piece::Body],
            None => vec![Piece::Body],
        }
    }
}

pub(super) fn text(jwt: &Jwt) -> String {
    let Jwt { other_algorithms, body_hash, unhashed_if_empty, url_hash, issuer, made_at, past_s, leeway_s, expires } =
        jwt;
    let mut fields = vec![("body_hash", quoted(body_hash))];
    let mut claim = |name, text: &Option<String>| fields.extend(text.iter().map(|text| (name, quoted(text))));
    claim("url_hash", url_hash);
    claim("issuer", issuer);
    claim("made_at", made_at);
    let bound = |s: &Option<u64>| s.map_or_else(|| quoted("any"), |s| s.to_string());
    fields.extend([("past_s", bound(past_s)), ("leeway_s", bound(leeway_s))]);
    for (name, is_set) in [("expires", expires), ("unhashed_if_empty", unhashed_if_empty)] {
        if *is_set {
            fields.push((name, "true".to_string()));
        }
    }
    if !other_algorithms.is_empty() {
        let names: Vec<_> = other_algorithms.iter().map(|other| quoted(name_of(Algorithm::ALL, other))).collect();
        fields.push(("other_algorithms", format!("[{}]", names.join(", "))));
    }
    let fields: Vec<_> = fields.into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
    format!("{{ {} }}", fields.join(", "))
}
