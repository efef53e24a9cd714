//! Other secrets, and other readings of those that are configured.

use super::cause::{Cause, SecretCause};
use super::tries::{Tries, is_usable};
use super::{Question, Reach};
use crate::base64;
use crate::verify::{Scheme, Secret, SecretForm, Verifier};

/// Prefixes that say what a secret is, the longer before what it begins or ends with: Standard Webhooks' `whsec_`, and
/// Supabase's, which puts the version of the signature before it.
const PREFIXES: [&[u8]; 3] = [b"v1,whsec_", b"whsec_", b"v1,"];

/// White space that comes with a secret which was read from a file or copied.
const WHITE_SPACE: [&[u8]; 3] = [b"\n", b"\r\n", b" "];

/// How API keys and tokens begin that are found beside a webhook's secret: Stripe's and those of its kind (Stripe Docs, "API
/// keys"), OpenAI's, Slack's ("Token types"), GitHub's ("About authentication to GitHub"), GitLab's, Shopify's and SendGrid's.
const API_KEYS: [&str; 22] = [
    "sk_test_",
    "sk_live_",
    "pk_test_",
    "pk_live_",
    "rk_test_",
    "rk_live_",
    "sk_",
    "pk_",
    "rk_",
    "sk-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "shpat_",
    "shpca_",
    "SG.",
    "lin_api_",
];

/// Schemes whose signatures are made with an API key: there it is no mistake.
const SIGNED_WITH_API_KEY: [&str; 1] = ["paystack"];

/// Whether one of the secrets that may be the right ones is it.
pub(super) fn others(tries: &mut Tries<'_>) -> Option<Cause> {
    let question = tries.question;
    question.also.iter().find_map(|(label, secret)| {
        let key = question.scheme.secret_form.key(secret).ok()?;
        tries.holds_with_key(&key).then(|| Cause::AnotherSecret { label: label.clone() })
    })
}

/// Whether a configured secret, taken otherwise, is the right one. Each reading of the first before those of the second.
pub(super) fn readings(tries: &mut Tries<'_>) -> Option<Cause> {
    let question = tries.question;
    question.secrets.iter().find_map(|(label, secret)| {
        let readings = Readings::of(&question.scheme.secret_form, secret.as_bytes());
        let (cause, _) = readings.0.into_iter().find(|(_, key)| tries.holds_with_key(key))?;
        Some(Cause::Secret { label: label.clone(), cause })
    })
}

/// Whether a configured secret is a public key that lost the prefix which says so.
pub(super) fn public_key(tries: &mut Tries<'_>) -> Option<Cause> {
    let question = tries.question;
    let rule = question.scheme.public_key.as_ref()?;
    question.secrets.iter().find_map(|(label, secret)| {
        let text = [rule.prefix.as_bytes(), secret.as_bytes().trim_ascii()].concat();
        let secret = (label.clone(), Secret::new(text).ok()?);
        let verifier = Verifier::at(tries.scheme.clone(), [secret], question.url).ok()?;
        let holds = tries.holds(&verifier, question.request);
        holds.then(|| Cause::Secret { label: label.clone(), cause: SecretCause::PrefixMissing })
    })
}

/// What a secret may be to the sender: a cause, and the key that it is then.
struct Readings(Vec<(SecretCause, Secret)>);

impl Readings {
    /// From the specific to the general: what is around the text, what stands before it, then how it is taken.
    fn of(form: &SecretForm, text: &[u8]) -> Self {
        let mut all = Readings(Vec::new());
        let bare = text.trim_ascii();
        if bare.len() < text.len() {
            all.push_text(SecretCause::WhiteSpace, form, bare);
        }
        for quote in [b"\"", b"'"] {
            if let Some(inside) = bare.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
                all.push_text(SecretCause::Quoted, form, inside);
            }
        }
        for space in WHITE_SPACE {
            all.push_text(SecretCause::WhiteSpaceMissing, form, &[text, space].concat());
            all.push_text(SecretCause::WhiteSpaceMissing, form, &[space, text].concat());
        }
        for prefix in PREFIXES {
            if let Some(rest) = bare.strip_prefix(prefix) {
                all.push_text(SecretCause::PrefixExtra, form, rest);
            }
            all.push_text(SecretCause::PrefixMissing, form, &[prefix, text].concat());
        }
        let folded = [text.to_ascii_lowercase(), text.to_ascii_uppercase()];
        for folded in folded.iter().filter(|folded| folded.as_slice() != text) {
            all.push_text(SecretCause::Case, form, folded);
        }
        all.push_decoded(form, bare);
        all
    }

    /// `text`, taken as the scheme takes a secret.
    fn push_text(&mut self, cause: SecretCause, form: &SecretForm, text: &[u8]) {
        let key = Secret::new(text.to_vec()).ok().and_then(|secret| form.key(&secret).ok());
        self.0.extend(key.map(|key| (cause, key)));
    }

    /// `text` as hex, as base64, and as what it is; without a prefix too.
    fn push_decoded(&mut self, form: &SecretForm, text: &[u8]) {
        let without = PREFIXES.iter().find_map(|prefix| text.strip_prefix(*prefix));
        for text in [Some(text), without].into_iter().flatten() {
            if *form != SecretForm::Hex {
                self.push(SecretCause::Hex, hex::decode(text).unwrap_or_default());
            }
            let standard: Vec<u8> = text.iter().map(|byte| standard_digit(*byte)).collect();
            if !matches!(form, SecretForm::Base64 { .. }) {
                self.push(SecretCause::Base64, base64::decode(&standard).unwrap_or_default());
            }
            if *form != SecretForm::Utf8 {
                self.push(SecretCause::Text, text.to_vec());
            }
        }
    }

    fn push(&mut self, cause: SecretCause, key: Vec<u8>) {
        self.0.extend(Secret::new(key).ok().map(|key| (cause, key)));
    }
}

/// A digit of the alphabet for URLs (RFC 4648 §5) as that of the standard one.
pub(super) fn standard_digit(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    }
}

/// Whether a secret begins as an API key does. By its look only: the last resort.
pub(super) fn api_key(question: &Question<'_>) -> Option<Cause> {
    if question.reach != Reach::Everything {
        return None;
    }
    let (label, prefix) = begins_as_api_key(question.scheme, question.secrets)?;
    Some(Cause::Secret { label: label.to_string(), cause: SecretCause::ApiKey { prefix } })
}

/// The label of a secret that begins as an API key does, and how that is, unless `scheme` is signed with one.
pub(crate) fn begins_as_api_key<'s>(
    scheme: &Scheme,
    secrets: &'s [(String, Secret)],
) -> Option<(&'s str, &'static str)> {
    if SIGNED_WITH_API_KEY.contains(&scheme.name.as_str()) {
        return None;
    }
    secrets.iter().find_map(|(label, secret)| {
        let text = secret.as_bytes().trim_ascii();
        let prefix = API_KEYS.into_iter().find(|prefix| text.starts_with(prefix.as_bytes()))?;
        Some((label.as_str(), prefix))
    })
}

/// A secret that the scheme cannot use, where there is one.
pub(super) fn unusable(question: &Question<'_>) -> Option<Cause> {
    question.secrets.iter().filter(|(_, secret)| !is_usable(question.scheme, secret)).find_map(|(label, secret)| {
        let why = question.scheme.key(secret).err()?;
        Some(Cause::Secret { label: label.clone(), cause: SecretCause::Unusable(why) })
    })
}
