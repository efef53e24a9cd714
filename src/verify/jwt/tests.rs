//! Tokens that are made as an attacker would make them.

use super::super::{Algorithm, Refusal, Scheme, Secret, Signer, Verified, Verifier, preset};
use super::TOKEN_LIMIT_BYTES;
use crate::base64;
use crate::request::{Head, Header, Request};
use crate::time::UnixTime;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};

const KEY: &[u8] = b"a secret of the tests";
const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const URL: &str = "https://example.com/webhook";
const BODY: &[u8] = b"{}";
const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn base64_url(bytes: &[u8]) -> String {
    base64::text(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// The header and the claims as a token's text, which is signed.
fn signed(header: &str, claims: &str) -> String {
    format!("{}.{}", base64_url(header.as_bytes()), base64_url(claims.as_bytes()))
}

/// The same with the HMAC-SHA256 that `key` makes of it.
fn token(header: &str, claims: &str, key: &[u8]) -> String {
    let signed = signed(header, claims);
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(&signed).finalize();
    format!("{signed}.{}", base64_url(mac.as_bytes()))
}

/// Claims with the right hash under `name`.
fn hashed(name: &str, claims: &str) -> String {
    format!(r#"{{{claims}"{name}":"{}"}}"#, hex::encode(Sha256::digest(BODY)))
}

fn verdict<T>(scheme: &Scheme, value: &str, judge: impl Fn(Verified<'_>) -> T) -> Result<T, Refusal> {
    let secret = Secret::new(KEY.to_vec()).unwrap();
    let verifier = Verifier::at(scheme.clone(), [("one".to_string(), secret)], Some(URL)).unwrap();
    let headers = [Header { name: &scheme.signature_headers[0], value: value.as_bytes() }];
    let head = Head { method: "POST", target: "/webhook", headers: &headers };
    let verified = verifier.verify(&Request { head, body: BODY }, NOW)?;
    assert_eq!(verifier.check_head(&head), Ok(()));
    Ok(judge(verified))
}

/// The verdict on a token for Netlify.
fn netlify(token: &str) -> Result<(), Refusal> {
    verdict(&preset("netlify").unwrap(), token, |_| ())
}

fn right() -> String {
    hashed("sha256", r#""iss":"netlify","#)
}

#[test]
fn the_algorithm_is_the_schemes_and_never_the_tokens() {
    assert_eq!(netlify(&token(HS256, &right(), KEY)), Ok(()));
    // None at all, with and without a signature that the secret made.
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"None"}"#, r#"{"alg":"nOnE"}"#, r#"{"alg":""}"#, r#"{"alg":"hs256"}"#]
    {
        assert_eq!(netlify(&token(header, &right(), KEY)), Err(Refusal::UnsupportedAlgorithm), "{header}");
        assert_eq!(netlify(&format!("{}.", signed(header, &right()))), Err(Refusal::UnsupportedAlgorithm), "{header}");
    }
    // Those of public keys, which are known: a MAC with one would be anybody's.
    for algorithm in ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "HS384", "HS512"] {
        let header = format!(r#"{{"alg":"{algorithm}"}}"#);
        assert_eq!(netlify(&token(&header, &right(), KEY)), Err(Refusal::UnsupportedAlgorithm), "{algorithm}");
    }
    // An HS512 MAC under a header of HS256 is too long, and half of one too short.
    let text = signed(HS256, &right());
    let mac = Hmac::<Sha512>::new_from_slice(KEY).unwrap().chain_update(&text).finalize();
    assert_eq!(netlify(&format!("{text}.{}", base64_url(mac.as_bytes()))), Err(Refusal::MalformedSignature));
    let whole = token(HS256, &right(), KEY);
    assert_eq!(netlify(&whole[..whole.len() - 21]), Err(Refusal::MalformedSignature));
}

#[test]
fn a_key_that_the_header_holds_or_names_is_not_looked_at() {
    let evil = b"the attacker's key";
    let jwk = format!(r#"{{"kty":"oct","k":"{}"}}"#, base64_url(evil));
    for field in [
        r#""kid":"../../../../dev/null""#.to_string(),
        r#""kid":"' OR 1=1 --""#.to_string(),
        r#""jku":"https://evil.example/keys""#.to_string(),
        r#""x5u":"https://evil.example/cert""#.to_string(),
        r#""x5c":["AAAA"]"#.to_string(),
        format!(r#""jwk":{jwk}"#),
    ] {
        let header = format!(r#"{{"alg":"HS256",{field}}}"#);
        for key in [&evil[..], b"", b"\0"] {
            assert_eq!(netlify(&token(&header, &right(), key)), Err(Refusal::SignatureMismatch), "{header}");
        }
        assert_eq!(netlify(&token(&header, &right(), KEY)), Ok(()), "{header}");
    }
}

#[test]
fn what_is_critical_or_not_encoded_is_refused() {
    for header in [
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","b64":false}"#,
        r#"{"alg":"HS256","b64":true}"#,
    ] {
        assert_eq!(netlify(&token(header, &right(), KEY)), Err(Refusal::MalformedSignature), "{header}");
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    let right = token(HS256, &right(), KEY);
    let parts: Vec<&str> = right.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    for text in [
        String::new(),
        ".".to_string(),
        "..".to_string(),
        "...".to_string(),
        format!("{header}.{claims}"),
        format!("{right}."),
        format!("{right}.{signature}"),
        format!(".{claims}.{signature}"),
        format!("{header}.{claims}."),
        format!("{header}..{claims}.{signature}"),
        format!("{right}="),
        format!("\u{b}{right}"),
        format!("Bearer {right}"),
        right.replace('.', "\0"),
        format!("{header}==.{claims}.{signature}"),
        format!("{}.{claims}.{signature}", base64_url(b"[]")),
        format!("{}.{claims}.{signature}", base64_url(b"{\"alg\":\"HS256\"")),
        "a".repeat(TOKEN_LIMIT_BYTES + 1),
    ] {
        let verdict = netlify(&text);
        assert!(
            matches!(verdict, Err(Refusal::MalformedSignature | Refusal::UnsupportedAlgorithm)),
            "{text:?}: {verdict:?}"
        );
    }
}

#[test]
fn a_tokens_length_has_a_limit() {
    let of = |spaces: usize| {
        let claims = hashed("sha256", &format!(r#""iss":"netlify",{}"#, " ".repeat(spaces)));
        token(HS256, &claims, KEY)
    };
    // Three bytes of a claim are four of the token.
    let spaces = (TOKEN_LIMIT_BYTES - of(0).len()) / 4 * 3;
    assert!(of(spaces).len() <= TOKEN_LIMIT_BYTES && of(spaces + 6).len() > TOKEN_LIMIT_BYTES);
    assert_eq!(netlify(&of(spaces)), Ok(()));
    assert_eq!(netlify(&of(spaces + 6)), Err(Refusal::MalformedSignature));
}

#[test]
fn a_claim_twice_is_refused_whichever_is_right() {
    let hash = hex::encode(Sha256::digest(BODY));
    let wrong = hex::encode(Sha256::digest(b"another"));
    for claims in [
        format!(r#"{{"iss":"netlify","sha256":"{hash}","sha256":"{wrong}"}}"#),
        format!(r#"{{"iss":"netlify","sha256":"{wrong}","sha256":"{hash}"}}"#),
        format!(r#"{{"iss":"netlify","sha256":"{hash}","sh\u0061256":"{hash}"}}"#),
        format!(r#"{{"iss":"netlify","iss":"netlify","sha256":"{hash}"}}"#),
        "[]".to_string(),
        "null".to_string(),
        String::new(),
        format!(r#"{{"iss":"netlify","sha256":"{hash}"}} {{}}"#),
        format!(r#"{{"iss":"netlify","sha256":"{hash}","deep":{}{}}}"#, "[".repeat(500), "]".repeat(500)),
    ] {
        assert_eq!(netlify(&token(HS256, &claims, KEY)), Err(Refusal::MalformedSignature), "{claims}");
        assert_eq!(netlify(&token(HS256, &claims, b"x")), Err(Refusal::SignatureMismatch), "read once it is proven");
    }
}

#[test]
fn the_hash_and_the_issuer_are_the_bodys_and_the_schemes() {
    let hash = hex::encode(Sha256::digest(BODY));
    for claims in [
        r#"{"iss":"netlify"}"#.to_string(),
        format!(r#"{{"sha256":"{hash}"}}"#),
        format!(r#"{{"iss":"Netlify","sha256":"{hash}"}}"#),
        format!(r#"{{"iss":["netlify"],"sha256":"{hash}"}}"#),
        format!(r#"{{"iss":"netlify","SHA256":"{hash}"}}"#),
        format!(r#"{{"iss":"netlify","sha256":"{}"}}"#, &hash[..62]),
        format!(r#"{{"iss":"netlify","sha256":"{hash} "}}"#),
        format!(r#"{{"iss":"netlify","sha256":["{hash}"]}}"#),
        format!(r#"{{"iss":"netlify","sha256":"{}"}}"#, base64::text(&Sha256::digest(BODY))),
        r#"{"iss":"netlify","sha256":""}"#.to_string(),
        r#"{"iss":"netlify","sha256":null}"#.to_string(),
    ] {
        assert_eq!(netlify(&token(HS256, &claims, KEY)), Err(Refusal::SignatureMismatch), "{claims}");
    }
}

#[test]
fn times_hold_wherever_a_token_has_them() {
    let now = NOW.as_ms() / 1000;
    let stale = |age_s, limit_s| Err(Refusal::Stale { age_s, limit_s });
    let far = Err(Refusal::FromTheFuture { ahead_s: u64::try_from(i64::MAX - now).unwrap(), limit_s: 60 });
    for (claims, expected) in [
        (format!(r#""exp":{},"#, now + 60), Ok(())),
        (format!(r#""exp":{},"#, now - 59), Ok(())),
        (format!(r#""exp":{},"#, now - 60), stale(60, 59)),
        (format!(r#""nbf":{},"exp":{},"#, now - 100, now - 60), stale(100, 99)),
        (format!(r#""nbf":{},"#, now + 60), Ok(())),
        (format!(r#""nbf":{},"#, now + 61), Err(Refusal::FromTheFuture { ahead_s: 61, limit_s: 60 })),
        (format!(r#""iat":{},"#, now + 6100), Ok(())),
        (format!(r#""exp":{now}.999,"#), Ok(())),
        (format!(r#""exp":"{}","#, now + 60), Err(Refusal::MalformedTimestamp)),
        (r#""exp":null,"#.to_string(), Err(Refusal::MalformedTimestamp)),
        (r#""exp":-1,"#.to_string(), Err(Refusal::MalformedTimestamp)),
        (r#""exp":1e300,"#.to_string(), Err(Refusal::MalformedTimestamp)),
        (r#""exp":9223372036854775807,"#.to_string(), Ok(())),
        (r#""nbf":9223372036854775807,"#.to_string(), far),
        (r#""exp":18446744073709551615,"#.to_string(), Err(Refusal::MalformedTimestamp)),
    ] {
        let claims = hashed("sha256", &format!(r#""iss":"netlify",{claims}"#));
        assert_eq!(netlify(&token(HS256, &claims, KEY)), expected, "{claims}");
    }
    // Vonage's have to say when they were made.
    let vonage = |claims: &str| {
        let token = token(HS256, &hashed("payload_hash", claims), KEY);
        verdict(&preset("vonage").unwrap(), &format!("Bearer {token}"), |_| ())
    };
    assert_eq!(vonage(""), Err(Refusal::MissingTimestamp));
    assert_eq!(vonage(&format!(r#""iat":{},"#, now - 300)), Ok(()));
    assert_eq!(vonage(&format!(r#""iat":{},"#, now - 301)), stale(301, 300));
    assert_eq!(vonage(&format!(r#""iat":{},"#, now + 300)), Ok(()));
    let early = Err(Refusal::FromTheFuture { ahead_s: 301, limit_s: 300 });
    assert_eq!(vonage(&format!(r#""iat":{},"#, now + 301)), early);
    let old = token(HS256, &hashed("payload_hash", r#""iat":1,"exp":2,"#), KEY);
    let ignoring = preset("vonage").unwrap().ignoring_age();
    assert_eq!(verdict(&ignoring, &format!("Bearer {old}"), |_| ()), Ok(()));
    assert_eq!(
        verdict(&preset("vonage").unwrap(), &old, |_| ()),
        Err(Refusal::MalformedSignature),
        "without its prefix"
    );
}

#[test]
fn a_token_that_comes_again_is_known_by_its_id_or_else_by_what_is_signed() {
    let key = |claims: &str| {
        let token = token(HS256, &hashed("payload_hash", &format!(r#""iat":1700000000{claims},"#)), KEY);
        let vonage = preset("vonage").unwrap();
        verdict(&vonage, &format!("Bearer {token}"), |it| it.replay_key(Some("{}"))).unwrap().unwrap()
    };
    assert_eq!(key(r#","jti":"a1""#), b"ta1");
    for without in ["", r#","jti":"""#, r#","jti":1"#] {
        let key = key(without);
        assert_eq!((key[0], key.len()), (b'm', 33), "what lacks an id is no way around");
    }
    assert_ne!(key(""), key(r#","x":1"#));
}

#[test]
fn a_token_of_any_of_the_schemes_algorithms_is_taken() {
    let messagebird = preset("messagebird").unwrap();
    for algorithm in [Algorithm::HmacSha256, Algorithm::HmacSha384, Algorithm::HmacSha512] {
        let mut own = messagebird.clone();
        own.algorithm = algorithm;
        own.jwt.as_mut().unwrap().other_algorithms.clear();
        let signer = Signer::new(&own, &Secret::new(KEY.to_vec()).unwrap()).unwrap().with_id("a1").with_url(URL);
        let token = signer.sign(BODY, NOW).unwrap().remove(0).1;
        assert_eq!(verdict(&messagebird, &token, |_| ()), Ok(()), "{algorithm:?}");
        assert_eq!(verdict(&own, &token, |_| ()), Ok(()), "{algorithm:?}");
        own.algorithm = if algorithm == Algorithm::HmacSha256 { Algorithm::HmacSha512 } else { Algorithm::HmacSha256 };
        assert_eq!(verdict(&own, &token, |_| ()), Err(Refusal::UnsupportedAlgorithm), "{algorithm:?}");
    }
}
