//! Signatures and tokens that stand in the body, as JSON. Only the fields that the scheme names are read before the signature is
//! proven: in a body of bounded length and depth, through names that come once.

use super::handshake::{Reply, Spot};
use super::key::{Feed, Keyed, MacBytes};
use super::refusal::Refusal;
use super::scheme::{Algorithm, Piece, ReplayRule, Scheme, TimestampPlace};
use super::signature::encoded;
use crate::json::places::{self, Repeated};
use crate::json::{self, write_string};
use std::borrow::Cow;
use std::ops::Range;

/// Longest body that a signature is looked for in, in bytes. Those of Adyen, Figma and Mailgun have some KiB; Microsoft Graph
/// gathers many notifications in one, each of which may carry what changed.
pub const IN_BODY_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Where in the body's JSON the signature stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InBody {
    /// The list, by its pointer (RFC 6901), of which each item has a signature of its own, and every one has to be right. Nothing:
    /// the body has one.
    pub each: Option<String>,
    /// The signature's pointer, from the item on, or from the body where there is no list. Pieces of the template that are
    /// [`Piece::Json`] are read from there, too.
    pub signature: String,
}

impl InBody {
    /// Whether a signature stands at `pointer` of the whole body, or in what stands there.
    pub(super) fn is_at(&self, pointer: &str) -> bool {
        let list = self.each.as_deref().unwrap_or_default();
        let in_item = match (&self.each, pointer.strip_prefix(list)) {
            (None, in_item) => in_item,
            // The item's number is passed over.
            (Some(_), Some(rest)) => {
                rest.strip_prefix('/').and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)))
            }
            (Some(_), None) => None,
        };
        in_item == Some(self.signature.as_str())
    }
}

/// A place of a delivery that holds a secret: not to be shown, nor stored where others read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretPlace<'a> {
    /// The header field of this name.
    Header(&'a str),
    /// A place in the JSON payload: by its pointer, from each item of the list on, where there is one.
    Json {
        /// The list's pointer.
        each: Option<&'a str>,
        /// From there on.
        pointer: &'a str,
    },
}

/// What stands for a secret where one was.
const REDACTED: &str = "\"[redacted]\"";

impl Scheme {
    /// Where a delivery of this scheme holds a secret: where its token stands, and where a handshake hands one over. A MAC is
    /// none: it signs nothing else.
    #[must_use]
    pub fn secret_places(&self) -> Vec<SecretPlace<'_>> {
        let handed_over = self.handshakes.iter().filter_map(|handshake| match (&handshake.reply, &handshake.token) {
            (Reply::Secret, Some(Spot::Header(name))) => Some(SecretPlace::Header(name)),
            _ => None,
        });
        if self.algorithm != Algorithm::Token {
            return handed_over.collect();
        }
        let headers = self.signature_headers.iter().map(|name| SecretPlace::Header(name));
        let in_body = self
            .signature_in_body
            .as_ref()
            .map(|InBody { each, signature }| SecretPlace::Json { each: each.as_deref(), pointer: signature });
        headers.chain(in_body).chain(handed_over).collect()
    }

    /// `payload`, which is a verified delivery's JSON, with `"[redacted]"` for each secret in it; the rest as it is.
    #[must_use]
    pub fn redacted<'p>(&self, payload: &'p str) -> Cow<'p, str> {
        let mut found = Vec::new();
        for place in self.secret_places() {
            let SecretPlace::Json { each, pointer } = place else { continue };
            // A name that is repeated verifies nowhere.
            let Ok(items) = items(payload, each) else { continue };
            found.extend(items.filter_map(|item| places::find(payload, item, pointer).ok()?));
        }
        if found.is_empty() { Cow::Borrowed(payload) } else { Cow::Owned(places::replaced(payload, &found, REDACTED)) }
    }

    /// Whether `pointer` of the template is of what happened: neither the time nor what a replay is known by.
    pub(super) fn is_of_event(&self, pointer: &str) -> bool {
        let is_time =
            matches!(self.timestamp.as_ref().map(|rule| &rule.place), Some(TimestampPlace::Json(at)) if at == pointer);
        !is_time && !matches!(&self.replay_key, ReplayRule::Json(at) if at == pointer)
    }

    /// Whether an id is under the signature, be it in a header, in the body, or a JWT's.
    #[must_use]
    pub fn signs_id(&self) -> bool {
        let in_body = matches!(&self.replay_key, ReplayRule::Json(at) if !self.covers_body() && self.covers_json(at));
        self.signed_id.is_some() || in_body || self.replay_key == ReplayRule::TokenId
    }

    /// Whether the signature covers what stands at `pointer` of the payload.
    pub(super) fn covers_json(&self, pointer: &str) -> bool {
        let in_one = self.signature_in_body.as_ref().is_some_and(|in_body| in_body.each.is_none());
        self.covers_body()
            || (in_one && self.template.iter().any(|piece| matches!(piece, Piece::Json(at) if at == pointer)))
    }
}

/// The text of the string or number at `pointer` in `json`, as it is read before a signature is proven.
pub(super) fn scalar_at(json: &str, pointer: &str) -> Option<String> {
    let place = places::find(json, places::whole(json), pointer).ok()??;
    places::scalar(json, place).map(Cow::into_owned)
}

/// Where each item that has a signature stands in `json`.
fn items<'j>(json: &'j str, each: Option<&str>) -> Result<impl Iterator<Item = Range<usize>> + use<'j>, Repeated> {
    let whole = places::whole(json);
    let (body, list) = match each {
        None => (Some(whole), None),
        Some(pointer) => (None, places::find(json, whole, pointer)?),
    };
    Ok(body.into_iter().chain(list.into_iter().flat_map(|list| places::items(json, list))))
}

/// A body whose signatures are there, each where and as the scheme says. Nothing is kept of it: its fields are found again.
pub(super) struct Signed<'a> {
    scheme: &'a Scheme,
    in_body: &'a InBody,
    json: &'a str,
}

impl<'a> Signed<'a> {
    /// Looks for what the scheme wants of `body`, and for nothing else.
    pub(super) fn read(scheme: &'a Scheme, in_body: &'a InBody, body: &'a [u8]) -> Result<Self, Refusal> {
        if body.len() > IN_BODY_LIMIT_BYTES {
            return Err(Refusal::BodyTooLong { limit_bytes: IN_BODY_LIMIT_BYTES as u64 });
        }
        let json = json::check(body).map_err(Refusal::InvalidJson)?;
        let signed = Signed { scheme, in_body, json };
        let mut count = 0;
        for item in signed.items()? {
            let written = signed.written(&item)?;
            if written.is_none_or(|written| written.is_empty()) {
                return Err(Refusal::MalformedSignature);
            }
            for pointer in scheme.template.iter().filter_map(pointer) {
                let place = places::find(json, item.clone(), pointer).map_err(repeated)?;
                if place.is_some_and(|place| places::scalar(json, place).is_none()) {
                    return Err(Refusal::MalformedSignature);
                }
            }
            count += 1;
        }
        if count == 0 { Err(Refusal::MissingSignature) } else { Ok(signed) }
    }

    fn items(&self) -> Result<impl Iterator<Item = Range<usize>> + use<'a>, Refusal> {
        items(self.json, self.in_body.each.as_deref()).map_err(repeated)
    }

    /// The signature of `item` as it is written; nothing where it is no text.
    fn written(&self, item: &Range<usize>) -> Result<Option<Cow<'a, str>>, Refusal> {
        let place = places::find(self.json, item.clone(), &self.in_body.signature).map_err(repeated)?;
        Ok(self.json.get(place.ok_or(Refusal::MissingSignature)?).and_then(places::string))
    }

    /// Where every signature is right under `keyed`: what a replay of them all is known by, which is the MAC, of several a MAC
    /// of theirs, and nothing of a token.
    pub(super) fn judge(&self, keyed: &Keyed) -> Option<MacBytes> {
        let mut known_by = MacBytes::EMPTY;
        for (at, item) in self.items().ok()?.enumerate() {
            let written = self.written(&item).ok()??;
            let feed = |take: &mut dyn FnMut(&[u8])| feed(self.scheme, self.json, &item, take);
            let (is_right, mac) = keyed.judge_one(self.scheme.encoding, written.as_bytes(), &feed);
            if !is_right {
                return None;
            }
            known_by = match at {
                _ if mac.as_bytes().is_empty() => mac,
                0 => mac,
                _ => MacBytes::of(&keyed.sign_one(&|take: &mut dyn FnMut(&[u8])| {
                    take(known_by.as_bytes());
                    take(mac.as_bytes());
                })),
            };
        }
        Some(known_by)
    }
}

fn repeated(_: Repeated) -> Refusal {
    Refusal::RepeatedSignature
}

fn pointer(piece: &Piece) -> Option<&str> {
    match piece {
        Piece::Json(pointer) => Some(pointer),
        _ => None,
    }
}

/// Gives what the signature of `item` is over to `take`.
fn feed(scheme: &Scheme, json: &str, item: &Range<usize>, take: &mut dyn FnMut(&[u8])) {
    for piece in &scheme.template {
        match piece {
            Piece::Literal(text) => take(text.as_bytes()),
            Piece::Json(pointer) => {
                let place = places::find(json, item.clone(), pointer).ok().flatten();
                let text = place.and_then(|place| places::scalar(json, place)).unwrap_or_default();
                take(text.as_bytes());
            }
            // `check` lets no other piece in.
            _ => {}
        }
    }
}

/// `body` with the signatures put where they belong, for the time `written`, where the scheme has one there, and the id where it
/// has none. Nothing where the body has no place for them.
pub(super) fn seal(
    scheme: &Scheme,
    in_body: &InBody,
    keyed: &Keyed,
    body: &[u8],
    time: &str,
    id: Option<&str>,
) -> Option<Vec<u8>> {
    let mut json = json::check(body).ok()?.to_string();
    let quoted = |text: &str| {
        let mut out = Vec::new();
        write_string(text, &mut out);
        String::from_utf8(out).ok()
    };
    if let Some(TimestampPlace::Json(pointer)) = scheme.timestamp.as_ref().map(|rule| &rule.place) {
        json = places::with(&json, places::whole(&json), pointer, &quoted(time)?)?;
    }
    if let (ReplayRule::Json(pointer), Some(id)) = (&scheme.replay_key, id) {
        json = places::with(&json, places::whole(&json), pointer, &quoted(id)?)?;
    }
    let count = items(&json, in_body.each.as_deref()).ok()?.count();
    for at in 0..count {
        let item = items(&json, in_body.each.as_deref()).ok()?.nth(at)?;
        let signature = {
            let feed: &Feed<'_> = &|take: &mut dyn FnMut(&[u8])| feed(scheme, &json, &item, take);
            encoded(scheme, &keyed.sign_one(feed))
        };
        json = places::with(&json, item, &in_body.signature, &quoted(&signature)?)?;
    }
    let body = json.into_bytes();
    Signed::read(scheme, in_body, &body).ok().map(drop)?;
    Some(body)
}

#[cfg(test)]
mod tests;
