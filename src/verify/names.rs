//! Header fields that go by two names, such as Svix's: its own, or those of whom it sends for.

use super::check::UnusableScheme;
use super::scheme::{Algorithm, Scheme, TimestampPlace};
use crate::request::Head;

impl Scheme {
    /// The same with the other names for the first ones, and no other ones; nothing where it has none.
    #[must_use]
    pub fn under_other_names(&self) -> Option<Scheme> {
        if self.other_names.is_empty() {
            return None;
        }
        let mut other = Scheme { other_names: Vec::new(), ..self.clone() };
        let renamed = |name: &mut String| {
            if let Some((_, other)) = self.other_names.iter().find(|(known, _)| known == name) {
                name.clone_from(other);
            }
        };
        other.signature_headers.iter_mut().for_each(renamed);
        other.signed_id.iter_mut().for_each(renamed);
        let required = other.require_headers.iter_mut().chain(&mut other.optional_headers);
        required.for_each(|(name, _)| renamed(name));
        if let Some(TimestampPlace::Header(name)) = other.timestamp.as_mut().map(|rule| &mut rule.place) {
            renamed(name);
        }
        Some(other)
    }

    /// Whether `head` has a signature under the scheme's first names.
    #[must_use]
    pub fn is_signed(&self, head: &Head<'_>) -> bool {
        self.signature_headers.iter().any(|name| head.value(name).is_some())
    }

    /// Whether `head` has a signature under any of its names.
    pub(super) fn can_be_signed(&self, head: &Head<'_>) -> bool {
        self.is_signed(head) || self.other_names.iter().any(|(_, other)| head.value(other).is_some())
    }
}

/// Whether the other names are those of header fields that the scheme has.
///
/// # Errors
/// Says why not.
pub(super) fn check(scheme: &Scheme) -> Result<(), UnusableScheme> {
    let wrong = |why: &str| Err(UnusableScheme::new("other_names", why));
    let required = scheme.require_headers.iter().chain(&scheme.optional_headers).map(|(name, _)| name);
    let place = scheme.timestamp.as_ref().and_then(|rule| match &rule.place {
        TimestampPlace::Header(name) => Some(name),
        _ => None,
    });
    let names: Vec<_> = scheme.signature_headers.iter().chain(&scheme.signed_id).chain(place).chain(required).collect();
    let is_once = |name: &String| scheme.other_names.iter().filter(|(known, _)| known == name).count() == 1;
    let has_signature = scheme.signature_headers.iter().all(&is_once);
    if scheme.other_names.is_empty() {
        Ok(())
    } else if scheme.algorithm == Algorithm::Token || scheme.signs_token() {
        wrong("a token has one name")
    } else if !scheme.other_names.iter().all(|(name, _)| names.contains(&name) && is_once(name)) {
        wrong("each is a list of a header that the scheme names, as it names it, and its other name")
    } else if !has_signature {
        wrong("the signature's headers have other names too: by them it is told which are meant")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Refusal, Secret, Signer, Verifier, check, preset};
    use super::*;
    use crate::request::{Header, Request};
    use crate::time::UnixTime;

    const NOW: UnixTime = UnixTime::from_s(1_700_000_000);

    /// The verdict on a delivery that Svix signs, with its headers renamed.
    fn verdict(rename: impl Fn(&str) -> Vec<String>) -> Result<(), Refusal> {
        let svix = preset("svix").unwrap();
        let secret = Secret::new(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_vec()).unwrap();
        let fields = Signer::new(&svix, &secret).unwrap().with_id("msg_1").sign(b"{}", NOW).unwrap();
        let fields: Vec<(String, String)> = fields
            .iter()
            .flat_map(|(name, value)| rename(name).into_iter().map(|name| (name, value.clone())))
            .collect();
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let request = Request { head: Head { method: "POST", target: "/", headers: &headers }, body: b"{}" };
        let verifier = Verifier::new(svix, [("one".to_string(), secret)]).unwrap();
        let verified = verifier.verify(&request, NOW)?;
        assert_eq!(verified.delivery_id(None).as_deref(), Some("msg_1"));
        assert_eq!(verified.replay_key(None).as_deref(), Some(&b"imsg_1"[..]));
        Ok(())
    }

    #[test]
    fn svix_signs_under_its_own_names_or_under_those_of_the_standard() {
        let other = |name: &str| name.replace("svix-", "webhook-");
        assert_eq!(verdict(|name| vec![name.to_string()]), Ok(()));
        assert_eq!(verdict(|name| vec![other(name)]), Ok(()));
        assert_eq!(verdict(|name| vec![other(name).to_uppercase()]), Ok(()));
        // Its own count where both are there, whatever the others say.
        assert_eq!(verdict(|name| vec![name.to_string(), other(name)]), Ok(()));
        assert_eq!(verdict(|name| vec![other(name), name.to_string()]), Ok(()));
    }

    #[test]
    fn the_names_of_two_kinds_are_not_mixed() {
        let other = |name: &str| name.replace("svix-", "webhook-");
        for (kept, refusal) in [
            ("svix-signature", Refusal::MissingId),
            ("svix-timestamp", Refusal::MissingTimestamp),
            ("svix-id", Refusal::MissingId),
        ] {
            let mixed = |name: &str| vec![if name == kept { name.to_string() } else { other(name) }];
            assert_eq!(verdict(mixed), Err(refusal), "{kept}");
        }
        assert_eq!(verdict(|name| vec![other(name), other(name)]), Err(Refusal::RepeatedSignature));
        let twice = |name: &str| vec![other(name); if name == "svix-id" { 2 } else { 1 }];
        assert_eq!(verdict(twice), Err(Refusal::MalformedId));
    }

    #[test]
    fn other_names_that_cannot_work_are_refused() {
        let svix = || preset("svix").unwrap();
        let pair = |name: &str, other: &str| (name.to_string(), other.to_string());
        let with =
            |names: Vec<(String, String)>| check(&Scheme { other_names: names, ..svix() }).map_err(|why| why.field);
        assert_eq!(with(svix().other_names), Ok(()));
        assert_eq!(with(vec![pair("svix-signature", "x")]), Ok(()), "the rest may have one name");
        for names in [
            vec![pair("svix-id", "x")],
            vec![pair("svix-signature", "x"), pair("x-id", "y")],
            vec![pair("svix-signature", "x"), pair("svix-signature", "y")],
            vec![pair("svix-signature", "svix-id")],
            vec![pair("svix-signature", "x"), pair("svix-id", "x")],
            vec![pair("svix-signature", "a b")],
            vec![pair("svix-signature", "")],
        ] {
            assert_eq!(with(names.clone()), Err("other_names".to_string()), "{names:?}");
        }
        let token = preset("gitlab-token").unwrap();
        let names = vec![pair(&token.signature_headers[0], "x")];
        assert_eq!(
            check(&Scheme { other_names: names, ..token }).map_err(|why| why.field),
            Err("other_names".to_string())
        );
    }
}
