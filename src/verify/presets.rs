//! The schemes of known providers, by name. Each is a row of data; the tables stand in the files beside this one.

#[cfg(feature = "providers")]
mod asymmetric;
mod base64_of_body;
mod hex_of_body;
#[cfg(feature = "providers")]
mod in_body;
#[cfg(feature = "providers")]
mod jwt;
#[cfg(feature = "providers")]
mod of_form;
mod of_url;
mod owned;
mod standard_webhooks;
mod timed_header;
mod timed_list;
#[cfg(feature = "providers")]
mod token;

use super::scheme::{Algorithm, ContentType, Encoding, Scheme, Success, TimeUnit, Unprefixed};
use crate::answer::SUCCESS;
use std::borrow::Cow;

/// A preset as it stands in a table: [`Scheme`] without an allocation. What most presets have in common is [`BASE`].
struct Preset {
    name: &'static str,
    /// Other names for it: providers that sign the same way.
    aliases: &'static [&'static str],
    documentation: &'static str,
    headers: &'static [&'static str],
    /// The pointer of the signature in the body, behind that of the list whose items each have one.
    #[cfg(feature = "providers")]
    in_body: Option<(Option<&'static str>, &'static str)>,
    require: &'static [(&'static str, &'static str)],
    #[cfg(feature = "providers")]
    optional: &'static [(&'static str, &'static str)],
    #[cfg(feature = "providers")]
    other_names: &'static [(&'static str, &'static str)],
    grammar: Form,
    algorithm: Algorithm,
    encoding: Encoding,
    template: &'static str,
    secret: Key,
    /// Prefix and algorithm of the public key that the secret can be, and the keys of its signatures.
    #[cfg(feature = "providers")]
    public_key: Option<(&'static str, Algorithm, &'static [&'static str])>,
    timestamp: Option<Time>,
    signed_id: Option<&'static str>,
    payload: Body,
    /// Headers, or JSON pointers, which begin with `/`.
    event_type: &'static [&'static str],
    delivery_id: &'static [&'static str],
    replay_key: Replay,
    replay_reason: &'static str,
    methods: &'static [&'static str],
    success: Success,
    handshakes: &'static [Ask],
    bare_refusals: bool,
    #[cfg(feature = "providers")]
    body_hash_parameter: Option<&'static str>,
    #[cfg(feature = "providers")]
    jwt: Option<Token>,
}

/// [`Jwt`], borrowed.
#[cfg(feature = "providers")]
struct Token {
    other_algorithms: &'static [Algorithm],
    body_hash: &'static str,
    unhashed_if_empty: bool,
    url_hash: Option<&'static str>,
    issuer: Option<&'static str>,
    made_at: Option<&'static str>,
    past_s: Option<u64>,
    leeway_s: Option<u64>,
    expires: bool,
}

/// [`Handshake`], borrowed.
struct Ask {
    method: &'static str,
    signed: bool,
    when: &'static [(&'static str, &'static str)],
    agreed_token: Option<&'static str>,
    token: Option<&'static str>,
    reply: Say,
}

/// [`Reply`], borrowed.
#[derive(Clone, Copy)]
enum Say {
    Empty,
    Text,
    #[cfg(feature = "providers")]
    Sentence,
    Json(&'static str),
    /// The names of the token and of its MAC.
    Mac(&'static str, &'static str),
    Secret,
    #[cfg(feature = "providers")]
    NoContent,
    #[cfg(feature = "providers")]
    Fixed(&'static str),
}

/// A POST that is signed as a delivery is.
const ASK: Ask = Ask { method: "POST", signed: true, when: &[], agreed_token: None, token: None, reply: Say::Empty };

/// A HEAD, which is answered with 200.
#[cfg(feature = "providers")]
const ASK_BY_HEAD: Ask = Ask { method: "HEAD", signed: false, ..ASK };

/// [`Grammar`], borrowed.
enum Form {
    Bare,
    Prefix(&'static str),
    /// Item separator, key separator, signature keys.
    Pairs(char, char, &'static [&'static str]),
    /// The same, with a space behind the item separator where it is written.
    SpacedPairs(char, char, &'static [&'static str]),
    #[cfg(feature = "providers")]
    List(char),
}

/// [`SecretForm`], borrowed.
enum Key {
    Utf8,
    Hex,
    Base64(&'static str, Unprefixed),
}

/// [`Timestamp`], borrowed: where, what unit, how old, how far ahead.
struct Time(At, TimeUnit, Option<u64>, Option<u64>);

/// [`TimestampPlace`], borrowed.
enum At {
    Header(&'static str),
    Field(&'static str),
    /// A JSON pointer; such a timestamp may be missing.
    Json(&'static str),
    /// The same, that may not.
    #[cfg(feature = "providers")]
    SignedJson(&'static str),
}

/// [`PayloadRule`], borrowed.
enum Body {
    Json,
    JsonOrFormField(&'static str),
    JsonOrForm,
    #[cfg(feature = "providers")]
    Form,
    Any,
    #[cfg(feature = "providers")]
    JsonOrEmpty,
    #[cfg(feature = "providers")]
    MayBeEmpty,
}

/// [`ReplayRule`], borrowed.
enum Replay {
    SignedId,
    Json(&'static str),
    Mac,
    None,
    #[cfg(feature = "providers")]
    TokenId,
}

/// What most providers do: HMAC-SHA256 over the body, in hex, keyed by the secret as it is; JSON by POST.
const BASE: Preset = Preset {
    name: "",
    aliases: &[],
    documentation: "",
    headers: &[],
    #[cfg(feature = "providers")]
    in_body: None,
    require: &[],
    #[cfg(feature = "providers")]
    optional: &[],
    #[cfg(feature = "providers")]
    other_names: &[],
    grammar: Form::Bare,
    algorithm: Algorithm::HmacSha256,
    encoding: Encoding::Hex,
    template: "{body}",
    secret: Key::Utf8,
    #[cfg(feature = "providers")]
    public_key: None,
    timestamp: None,
    signed_id: None,
    payload: Body::Json,
    event_type: &[],
    delivery_id: &[],
    replay_key: Replay::Mac,
    replay_reason: SAME_BYTES,
    methods: &["POST"],
    success: Success { status: 200, content_type: ContentType::Json, body: Cow::Borrowed(SUCCESS) },
    handshakes: &[],
    bare_refusals: false,
    #[cfg(feature = "providers")]
    body_hash_parameter: None,
    #[cfg(feature = "providers")]
    jwt: None,
};

/// An answer of 200 without a word, for providers that want none.
const NO_WORD: Success = Success { status: 200, content_type: ContentType::Text, body: Cow::Borrowed("") };

const SAME_BYTES: &str = "a delivery that is sent again is the same bytes, and so has the same MAC";
const SIGNED_AGAIN: &str =
    "the same signed bytes are a replay; a retry is signed anew and has no id that is signed, so that it counts as new";
const ID_IN_BODY: &str = "the event's id stands in the signed body and stays when it is sent again";
const ID_SIGNED: &str = "the message's id is signed, and stays when it is sent again";

const TABLES: &[&[Preset]] = &[
    hex_of_body::PRESETS,
    base64_of_body::PRESETS,
    standard_webhooks::PRESETS,
    timed_list::PRESETS,
    timed_header::PRESETS,
    of_url::PRESETS,
    #[cfg(feature = "providers")]
    asymmetric::PRESETS,
    #[cfg(feature = "providers")]
    of_form::PRESETS,
    #[cfg(feature = "providers")]
    jwt::PRESETS,
    #[cfg(feature = "providers")]
    token::PRESETS,
    #[cfg(feature = "providers")]
    in_body::PRESETS,
];

fn presets() -> impl Iterator<Item = &'static Preset> {
    TABLES.iter().copied().flatten()
}

/// The scheme called `name`, exactly, be that its own name or another one that it goes by.
#[must_use]
pub fn preset(name: &str) -> Option<Scheme> {
    presets().find(|preset| preset.name == name || preset.aliases.contains(&name)).map(Preset::scheme)
}

/// The names of all presets, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<_> = presets().map(|preset| preset.name).collect();
    names.sort_unstable();
    names.into_iter()
}

/// The other names that the preset called `name` goes by.
#[must_use]
pub fn aliases(name: &str) -> &'static [&'static str] {
    presets().find(|preset| preset.name == name).map_or(&[], |preset| preset.aliases)
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_preset_can_work_and_cites_its_documentation_and_the_reason_for_its_replay_key() {
        for name in names() {
            let scheme = preset(name).unwrap();
            assert_eq!(check(&scheme), Ok(()), "{name}");
            assert_eq!(scheme.name, name);
            assert!(scheme.documentation.len() > 10, "{name}");
            assert!(scheme.replay_reason.len() > 20, "{name}");
        }
    }

    #[test]
    fn every_name_is_one_presets_and_of_lower_case_letters_digits_and_hyphens() {
        let mut seen = BTreeSet::new();
        for name in names().chain(names().flat_map(aliases).copied()) {
            assert!(seen.insert(name), "{name} twice");
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{name}"
            );
            assert!(preset(name).is_some(), "{name}");
        }
        assert_eq!(preset("Stripe"), None);
        assert_eq!(preset(""), None);
    }

    #[test]
    fn only_box_paddle_and_hubspot_bound_age_alone_and_sendgrid_nothing() {
        let bounds = |name: &str| preset(name).unwrap().timestamp.map(|rule| (rule.past_s, rule.future_s));
        let is_one_sided =
            |name: &&str| bounds(name).is_some_and(|(past_s, future_s)| past_s.is_none() != future_s.is_none());
        let is_unbound = |name: &&str| bounds(name) == Some((None, None));
        assert_eq!(
            names().filter(is_unbound).collect::<Vec<_>>(),
            if cfg!(feature = "providers") { &["sendgrid"][..] } else { &[] }
        );
        assert_eq!(names().filter(is_one_sided).collect::<Vec<_>>(), ["box", "hubspot-v3", "paddle"]);
    }

    #[test]
    fn an_alias_is_the_preset_it_stands_for() {
        for (alias, name) in [("clerk", "svix"), ("resend", "svix"), ("whatsapp", "meta"), ("forgejo", "gitea")] {
            assert_eq!(preset(alias), preset(name), "{alias}");
            assert!(aliases(name).contains(&alias));
        }
    }
}
