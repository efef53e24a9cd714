//! A delivery as a provider sends it, and as it stands after a mistake: what is signed and what is on hand are kept apart.

pub(crate) use crate::keys::base64;
use crate::keys::keys;
use hookgate::explain::{Cause, Question, Reach, explain};
use hookgate::verify::{Encoding, Grammar, SecretForm, Signer, TimestampPlace};
use hookgate::{Head, Header, Request, Scheme, Secret, UnixTime, Verifier};

pub(crate) const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
/// Where it is posted to, and with which query.
pub(crate) const URL: &str = "https://example.com:8443/hooks/in";
pub(crate) const QUERY: &str = "?source=a";

/// JSON as most programs write it, with something in it for every way in which they differ.
pub(crate) const BODY: &str = concat!(
    r#"{"type":"invoice.paid","id":"evt_1","data":{"url":"https://example.com/a?b=1&c=2","#,
    r#""name":"Zoë <z@x.example>","amount":10.50,"tags":["a","b"],"none":null,"empty":{}}}"#
);

/// A form, for the schemes that sign one.
pub(crate) const PARAMETERS: &str = "From=%2B14158675309&Body=caf%C3%A9+1%26&Empty=&MessageSid=SM1";

/// 32 bytes of a key.
const KEY: [u8; 32] =
    *b"\x8d\x01\xf3'\xc4Z\x99\x10mR\xeb\x07\xaa\xbb\xcd\xef\x01#Eg\x89\xab\xcd\xef\xfe\xdc\xba\x98vT2\x10";

/// What the verifier is given.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) scheme: Scheme,
    pub(crate) secret: Vec<u8>,
    pub(crate) also: Vec<(String, Secret)>,
    pub(crate) url: String,
    pub(crate) target: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) now: UnixTime,
}

/// What a sender signs, and how.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) scheme: Scheme,
    pub(crate) secret: Vec<u8>,
    pub(crate) url: String,
    pub(crate) body: Vec<u8>,
    pub(crate) at: UnixTime,
}

/// What signs, and what verifies, with keys that `number` tells apart: of schemes that have a public key.
pub(crate) fn pair_of(scheme: &Scheme, number: u8) -> Option<(Vec<u8>, Vec<u8>)> {
    let (private, public) = keys(scheme, &[&KEY[..], &[number]].concat()[1..]);
    scheme.algorithm.has_public_key().then(|| (private.as_bytes().to_vec(), public.as_bytes().to_vec()))
}

/// A secret of the form that `scheme` wants, as its provider shows it.
pub(crate) fn secret_of(scheme: &Scheme) -> Vec<u8> {
    if let Some((_, public)) = pair_of(scheme, 0) {
        return public;
    }
    match &scheme.secret_form {
        SecretForm::Utf8 => b"Zq8-fY2.kLw0 Ab7~1nRt".to_vec(),
        SecretForm::Hex => hex::encode(KEY).into_bytes(),
        SecretForm::Base64 { prefix, .. } => format!("{prefix}{}", base64(&KEY)).into_bytes(),
    }
}

/// What [`base64`] made `text` of.
pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let place = |digit: char| alphabet.iter().position(|known| *known == digit).unwrap();
    let six = |value: usize| (0..6).rev().map(move |bit| value >> bit & 1 == 1);
    let bits: Vec<bool> = text.trim_end_matches('=').chars().map(place).flat_map(six).collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(digits: &[u8]) -> Vec<u8> {
    let digits = std::str::from_utf8(digits).unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

impl Sender {
    /// One that makes no mistake.
    pub(crate) fn of(scheme: &Scheme) -> Self {
        let each = scheme.signature_in_body.as_ref().and_then(|in_body| in_body.each.as_ref());
        let body = match each {
            Some(each) => format!("{{\"{}\":[{BODY},{BODY}]}}", each.trim_start_matches('/')),
            None if scheme.signs_form() => PARAMETERS.to_string(),
            None => BODY.to_string(),
        };
        let (url, body) = (format!("{URL}{QUERY}"), body.into_bytes());
        let secret = pair_of(scheme, 0).map_or_else(|| secret_of(scheme), |(private, _)| private);
        Sender { scheme: scheme.clone(), secret, url, body, at: NOW }
    }

    pub(crate) fn with_body(self, body: &str) -> Self {
        Sender { body: body.as_bytes().to_vec(), ..self }
    }

    pub(crate) fn with_secret(self, secret: &[u8]) -> Self {
        Sender { secret: secret.to_vec(), ..self }
    }

    pub(crate) fn with_form(mut self, form: SecretForm) -> Self {
        self.scheme.secret_form = form;
        self.scheme.public_key = None;
        self
    }

    /// What `scheme`'s receiver is sent: the sender's own scheme may be another.
    pub(crate) fn to(&self, scheme: &Scheme) -> Delivery {
        let secret = Secret::new(self.secret.clone()).unwrap();
        let signer = Signer::new(&self.scheme, &secret).unwrap().with_id("msg_2KWP").with_url(&self.url);
        let (fields, body) = signer.deliver(&self.body, self.at).unwrap();
        Delivery {
            scheme: scheme.clone(),
            secret: if pair_of(scheme, 0).is_some() { secret_of(scheme) } else { self.secret.clone() },
            also: Vec::new(),
            url: URL.to_string(),
            target: format!("/hooks/in{QUERY}"),
            fields,
            body,
            now: NOW,
        }
    }
}

impl Delivery {
    /// A right one.
    pub(crate) fn of(scheme: &Scheme) -> Self {
        Sender::of(scheme).to(scheme)
    }

    pub(crate) fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Delivery { body: body.into(), ..self }
    }

    pub(crate) fn with_secret(self, secret: impl Into<Vec<u8>>) -> Self {
        Delivery { secret: secret.into(), ..self }
    }

    /// The same with the value of its signature header made another.
    pub(crate) fn with_value(mut self, change: impl FnOnce(&str) -> String) -> Self {
        let name = &self.scheme.signature_headers[0];
        let field = self.fields.iter_mut().find(|(field, _)| field == name).expect("it is signed");
        field.1 = change(&field.1);
        self
    }

    /// The same with what stands before the signature, and the signature, made another.
    pub(crate) fn with_signature(self, change: impl FnOnce(&str, &str) -> String) -> Self {
        let scheme = self.scheme.clone();
        self.with_value(|value| {
            let at = match &scheme.grammar {
                Grammar::Bare | Grammar::List(_) => 0,
                Grammar::Prefix(prefix) => prefix.len(),
                Grammar::Pairs { key_separator, signature_keys, .. } => {
                    let key = format!("{}{key_separator}", signature_keys[0]);
                    value.rfind(&key).expect("its key is there") + key.len()
                }
            };
            change(&value[..at], &value[at..])
        })
    }

    /// The same without the header of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }

    /// The same with its timestamp's text made another, in the header where it stands. Nothing where it stands in none.
    pub(crate) fn with_time(mut self, change: impl Fn(&str) -> String) -> Option<Self> {
        match self.scheme.timestamp.as_ref().map(|rule| rule.place.clone())? {
            TimestampPlace::Header(name) => {
                let field = self.fields.iter_mut().find(|(field, _)| *field == name)?;
                field.1 = change(&field.1);
                Some(self)
            }
            TimestampPlace::Field(key) => Some(self.with_value(|value| {
                let (time, rest) = value.split_once([',', ';']).expect("the time is the first item");
                let text = time.strip_prefix(&format!("{key}=")).expect("under its key");
                format!("{key}={}{}{rest}", change(text), &value[time.len()..=time.len()])
            })),
            TimestampPlace::Json(_) => None,
        }
    }

    /// Whether it verifies.
    pub(crate) fn is_valid(&self) -> bool {
        self.asked(Reach::Everything, |question| {
            let secrets = question.secrets.iter().cloned();
            let scheme = question.scheme.clone();
            Verifier::accepting_uncovered_body(scheme, secrets, question.url).is_ok_and(|verifier| {
                let verified = verifier.verify(question.request, self.now);
                let json = hookgate::json::check(&self.body).ok();
                verified.is_ok_and(|verified| verified.judge_body_timestamp(json, self.now).is_ok())
            })
        })
    }

    /// Why it does not.
    pub(crate) fn cause(&self, reach: Reach) -> Option<Cause> {
        self.asked(reach, |question| explain(&question, self.now))
    }

    fn asked<T>(&self, reach: Reach, ask: impl FnOnce(Question<'_>) -> T) -> T {
        let headers: Vec<Header<'_>> =
            self.fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let head = Head { method: &self.scheme.methods[0], target: &self.target, headers: &headers };
        let request = Request { head, body: &self.body };
        let secrets = [("main".to_string(), Secret::new(self.secret.clone()).unwrap())];
        let url = self.scheme.covers_url().then_some(self.url.as_str());
        ask(Question { scheme: &self.scheme, secrets: &secrets, also: &self.also, url, request: &request, reach })
    }
}

/// Whether `scheme` has secrets that both sides share.
pub(crate) fn is_shared(scheme: &Scheme) -> bool {
    !scheme.algorithm.has_public_key()
}

/// Whether signatures of `scheme` are hex.
pub(crate) fn is_hex(scheme: &Scheme) -> bool {
    scheme.encoding == Encoding::Hex
}
