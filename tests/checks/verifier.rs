//! The verifier's verdict, against an independent HMAC.

use super::hmac_reference::hmac_sha256;
use super::{NOW, hex, signature_header};
use hookgate::verify::EmptySecret;
use hookgate::{Head, Header, Refusal, Request, Secret, Verifier, preset, sign};

/// Checks any bytes: the length of the secret (one byte), which bit to flip (two, the low one first), the secret, the body.
pub(crate) fn check(data: &[u8]) {
    let Some(([secret_bytes, low, high], rest)) = data.split_first_chunk::<3>() else { return };
    let (secret, body) = rest.split_at(rest.len().min(usize::from(*secret_bytes)));
    check_delivery(secret, body, usize::from(u16::from_le_bytes([*low, *high])));
}

/// Checks that `body` signed with `secret` verifies, that nothing else about it does, and that the reference agrees each
/// time. `bit`, modulo what there is to flip, says which bit to flip.
pub(crate) fn check_delivery(secret: &[u8], body: &[u8], bit: usize) {
    let Ok(key) = Secret::new(secret.to_vec()) else {
        assert!(secret.is_empty(), "a secret of {} bytes was refused", secret.len());
        assert_eq!(Secret::new(Vec::new()).map(drop), Err(EmptySecret));
        return;
    };
    assert!(!secret.is_empty(), "an empty secret was taken");
    let mac = hmac_sha256(secret, body);
    let signature = format!("sha256={}", hex(&mac));
    let scheme = preset("github").expect("a preset of this crate");
    assert_eq!(sign(&scheme, &key, body), [("X-Hub-Signature-256".to_string(), signature.clone())]);
    assert_eq!(verdict(secret, body, signature.as_bytes()), Ok("right"));

    let mismatch = Err(Refusal::SignatureMismatch);
    if !body.is_empty() {
        assert_eq!(verdict(secret, &flipped(body, bit), signature.as_bytes()), mismatch, "bit {bit} of the body");
    }
    assert_eq!(verdict(secret, &[body, b"\n"].concat(), signature.as_bytes()), mismatch, "a longer body");
    assert_eq!(verdict(&flipped(secret, bit), body, signature.as_bytes()), mismatch, "bit {bit} of the secret");
    let forged = format!("sha256={}", hex(&flipped(&mac, bit)));
    assert_eq!(verdict(secret, body, forged.as_bytes()), mismatch, "bit {bit} of the signature");

    // One bit of a header's text can turn a hex digit into the same digit of the other case, and nothing else that verifies.
    let text = flipped(signature.as_bytes(), bit);
    let expected = match signature_header::reference(&[&text]) {
        Ok(parsed) if parsed == mac => {
            assert!(
                text.eq_ignore_ascii_case(signature.as_bytes()),
                "{:?} means another signature",
                text.escape_ascii()
            );
            Ok("right")
        }
        Ok(_) => mismatch,
        Err(refusal) => Err(refusal),
    };
    assert_eq!(verdict(secret, body, &text), expected, "bit {bit} of the header's text");
}

/// The verdict on `body` with this signature: the label of the secret that matched, or the refusal. Beside `secret` stands
/// another one, whose own signatures verify under its own label.
fn verdict(secret: &[u8], body: &[u8], signature: &[u8]) -> Result<&'static str, Refusal> {
    let other = [secret, b"another"].concat();
    let secrets = [("other", &other[..]), ("right", secret), ("repeated", secret)];
    let secrets = secrets.map(|(label, bytes)| (label.to_string(), Secret::new(bytes.to_vec()).expect("some bytes")));
    let scheme = preset("github").expect("a preset of this crate");
    let verifier = Verifier::new(scheme, secrets).expect("GitHub's scheme covers the body");
    let label = |signature: &[u8]| {
        let headers = [Header { name: "X-Hub-Signature-256", value: signature }];
        let head = Head { method: "POST", target: "/", headers: &headers };
        verifier.verify(&Request { head, body }, NOW).map(|verified| {
            assert_eq!(verified.request().body, body);
            match verified.secret_label() {
                "other" => "other",
                "right" => "right",
                label => panic!("{label} matched before the first that does"),
            }
        })
    };
    assert_eq!(label(format!("sha256={}", hex(&hmac_sha256(&other, body))).as_bytes()), Ok("other"));
    label(signature)
}

/// `bytes`, which are some, with one bit changed.
pub(crate) fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let bit = bit % (bytes.len() * 8);
    bytes.iter().enumerate().map(|(at, byte)| if at == bit / 8 { byte ^ 1 << (bit % 8) } else { *byte }).collect()
}
