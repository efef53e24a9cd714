//! From the tables' values to those that everybody uses.

#[cfg(feature = "providers")]
use super::Token;
use super::{Ask, At, Body, Form, Key, Preset, Replay, Say, Time};
use crate::verify::handshake::{Handshake, Reply, Spot};
#[cfg(feature = "providers")]
use crate::verify::in_body::InBody;
#[cfg(feature = "providers")]
use crate::verify::jwt::Jwt;
#[cfg(feature = "providers")]
use crate::verify::scheme::PublicKeyRule;
use crate::verify::scheme::{Grammar, PayloadRule, Place, ReplayRule, Scheme, SecretForm, Timestamp, TimestampPlace};
use crate::verify::template;

impl Preset {
    pub(super) fn scheme(&self) -> Scheme {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let pairs = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<Vec<_>>()
        };
        let places = |texts: &[&str]| texts.iter().map(|text| Place::from(*text)).collect();
        Scheme {
            name: self.name.to_string(),
            documentation: self.documentation.to_string(),
            signature_headers: owned(self.headers),
            #[cfg(feature = "providers")]
            signature_in_body: self
                .in_body
                .map(|(each, signature)| InBody { each: each.map(str::to_string), signature: signature.to_string() }),
            require_headers: pairs(self.require),
            #[cfg(feature = "providers")]
            optional_headers: pairs(self.optional),
            #[cfg(feature = "providers")]
            other_names: pairs(self.other_names),
            grammar: match self.grammar {
                Form::Bare => Grammar::Bare,
                #[cfg(feature = "providers")]
                Form::List(separator) => Grammar::List(separator),
                Form::Prefix(prefix) => Grammar::Prefix(prefix.to_string()),
                Form::Pairs(item_separator, key_separator, keys)
                | Form::SpacedPairs(item_separator, key_separator, keys) => Grammar::Pairs {
                    item_separator,
                    is_spaced: matches!(self.grammar, Form::SpacedPairs(..)),
                    key_separator,
                    signature_keys: owned(keys),
                },
            },
            algorithm: self.algorithm,
            encoding: self.encoding,
            template: template::parse(self.template).expect("a test parses each preset's"),
            secret_form: match self.secret {
                Key::Utf8 => SecretForm::Utf8,
                Key::Hex => SecretForm::Hex,
                Key::Base64(prefix, without_prefix) => {
                    SecretForm::Base64 { prefix: prefix.to_string(), without_prefix }
                }
            },
            #[cfg(feature = "providers")]
            public_key: self.public_key.map(|(prefix, algorithm, keys)| PublicKeyRule {
                prefix: prefix.to_string(),
                algorithm,
                signature_keys: owned(keys),
            }),
            timestamp: self.timestamp.as_ref().map(|Time(at, unit, past_s, future_s)| Timestamp {
                place: match at {
                    At::Header(name) => TimestampPlace::Header(name.to_string()),
                    At::Field(key) => TimestampPlace::Field(key.to_string()),
                    #[cfg(feature = "providers")]
                    At::SignedJson(pointer) => TimestampPlace::Json(pointer.to_string()),
                    At::Json(pointer) => TimestampPlace::Json(pointer.to_string()),
                },
                unit: *unit,
                past_s: *past_s,
                future_s: *future_s,
                accept_missing_timestamp: matches!(at, At::Json(_)),
            }),
            signed_id: self.signed_id.map(str::to_string),
            payload: match self.payload {
                Body::Json => PayloadRule::Json,
                Body::JsonOrFormField(field) => PayloadRule::JsonOrFormField(field.to_string()),
                Body::JsonOrForm => PayloadRule::JsonOrForm,
                Body::Any => PayloadRule::Any,
                #[cfg(feature = "providers")]
                Body::Form => PayloadRule::Form,
                #[cfg(feature = "providers")]
                Body::JsonOrEmpty => PayloadRule::JsonOrEmpty,
                #[cfg(feature = "providers")]
                Body::MayBeEmpty => PayloadRule::MayBeEmpty,
            },
            event_type: places(self.event_type),
            delivery_id: places(self.delivery_id),
            replay_key: match self.replay_key {
                Replay::SignedId => ReplayRule::SignedId,
                Replay::Json(pointer) => ReplayRule::Json(pointer.to_string()),
                Replay::Mac => ReplayRule::Mac,
                Replay::None => ReplayRule::None,
                #[cfg(feature = "providers")]
                Replay::TokenId => ReplayRule::TokenId,
            },
            replay_reason: self.replay_reason.to_string(),
            methods: owned(self.methods),
            success: self.success.clone(),
            handshakes: self.handshakes.iter().map(Ask::handshake).collect(),
            bare_refusals: self.bare_refusals,
            #[cfg(feature = "providers")]
            body_hash_parameter: self.body_hash_parameter.map(str::to_string),
            #[cfg(feature = "providers")]
            jwt: self.jwt.as_ref().map(Token::jwt),
        }
    }
}

#[cfg(feature = "providers")]
impl Token {
    pub(super) fn jwt(&self) -> Jwt {
        Jwt {
            other_algorithms: self.other_algorithms.to_vec(),
            body_hash: self.body_hash.to_string(),
            unhashed_if_empty: self.unhashed_if_empty,
            url_hash: self.url_hash.map(str::to_string),
            issuer: self.issuer.map(str::to_string),
            made_at: self.made_at.map(str::to_string),
            past_s: self.past_s,
            leeway_s: self.leeway_s,
            expires: self.expires,
        }
    }
}

impl Ask {
    pub(super) fn handshake(&self) -> Handshake {
        Handshake {
            method: self.method.to_string(),
            signed: self.signed,
            when: self.when.iter().map(|(spot, value)| (Spot::from(*spot), value.to_string())).collect(),
            agreed_token: self.agreed_token.map(Spot::from),
            token: self.token.map(Spot::from),
            reply: match self.reply {
                Say::Empty => Reply::Empty,
                Say::Text => Reply::Text,
                #[cfg(feature = "providers")]
                Say::Sentence => Reply::Sentence,
                Say::Json(name) => Reply::Json(name.to_string()),
                Say::Mac(token, mac) => Reply::Mac { token: token.to_string(), mac: mac.to_string() },
                Say::Secret => Reply::Secret,
                #[cfg(feature = "providers")]
                Say::NoContent => Reply::NoContent,
                #[cfg(feature = "providers")]
                Say::Fixed(json) => Reply::Fixed(json.to_string()),
            },
        }
    }
}
