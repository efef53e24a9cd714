//! Deliveries whose forms are signed.

use super::*;

/// What `judge` makes of a form that is signed for `name` as `signed`, to `url`, and comes as `given`.
fn of_form<T>(
    (name, url): (&str, &str),
    signed: &str,
    given: &str,
    judge: impl Fn(Verified<'_>) -> T,
) -> Result<T, Refusal> {
    let (scheme, secret) = (preset(name).unwrap(), Secret::new(SECRET.to_vec()).unwrap());
    let signer = Signer::new(&scheme, &secret).unwrap().with_id("05429567804466091622").with_url(url);
    let fields = signer.sign(signed.as_bytes(), NOW).unwrap();
    let verifier = Verifier::at(scheme, [("one".to_string(), secret)], Some("https://a.example/x")).unwrap();
    let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
    let head = Head { method: "POST", target: "/x", headers: &headers };
    verifier.verify(&Request { head, body: given.as_bytes() }, NOW).map(judge)
}

#[test]
fn the_same_parameters_are_the_same_delivery_in_whatever_order_and_to_whichever_port() {
    let at = "https://a.example/x";
    for name in ["twilio", "twilio-sha256", "mandrill", "plivo"] {
        let key = |given: &str| of_form((name, at), "b=1+2&a=%26", given, |it| it.replay_key(None).unwrap());
        let right = key("b=1+2&a=%26").unwrap();
        assert_eq!(right[0], b'm');
        assert_eq!(key("a=%26&b=1%202"), Ok(right.clone()), "{name}: another order, other escapes");
        // Nothing parts a name from its value: the design of those who sign so.
        assert_eq!(key("a=%26&b1=%202"), Ok(right), "{name}");
        for given in ["a=%26", "a=%26&b=1+2&c", "", "b=1+2&a=%27", "a=%26&B=1+2", "a=%26&b%3D=1%202"] {
            assert_eq!(key(given), Err(Refusal::SignatureMismatch), "{name}: {given}");
        }
    }
    let key = |url: &str| of_form(("twilio", url), "a=1", "a=1", |it| it.replay_key(None).unwrap());
    assert!(key("https://a.example:443/x").is_ok());
    assert_eq!(key("https://a.example:443/x"), key("https://a.example/x"));
    let mismatch = Err(Refusal::SignatureMismatch);
    for url in ["https://a.example:80/x", "http://a.example/x", "https://a.example:8443/x", "https://u@a.example/x"] {
        assert_eq!(key(url).map(drop), mismatch, "{url}");
    }
    let of_mandrill = of_form(("mandrill", "https://a.example:443/x"), "a=1", "a=1", |_| ());
    assert_eq!(of_mandrill, mismatch, "only Twilio takes either");
}

#[test]
fn a_nonce_takes_nothing_of_the_form_before_it() {
    // `a=1.2` and the nonce `3` are signed as `a=1` and the nonce `2.3` would be.
    let (scheme, secret) = (preset("plivo").unwrap(), Secret::new(SECRET.to_vec()).unwrap());
    let url = "https://a.example/x";
    let verifier = Verifier::at(scheme.clone(), [("one".to_string(), secret.clone())], Some(url)).unwrap();
    let signer = Signer::new(&scheme, &secret).unwrap().with_id("3").with_url(url);
    let signature = signer.sign(b"a=1.2", NOW).unwrap().pop().unwrap().1;
    let verdict = |nonce: &str, body: &[u8], signature: &str| {
        let headers = [("X-Plivo-Signature-V3", signature), ("X-Plivo-Signature-V3-Nonce", nonce)];
        let headers = headers.map(|(name, value)| Header { name, value: value.as_bytes() });
        let head = Head { method: "POST", target: "/x", headers: &headers };
        verifier.verify(&Request { head, body }, NOW).map(drop)
    };
    assert_eq!(verdict("3", b"a=1.2", &signature), Ok(()));
    assert_eq!(verdict("2.3", b"a=1", &signature), Err(Refusal::MalformedId));
    let of_two = format!("{}, {signature}", "A".repeat(43) + "=");
    assert_eq!(verdict("3", b"a=1.2", &of_two), Ok(()), "of one account or the other");
    assert_eq!(verdict("3", b"a=1.2", &"A,".repeat(17)), Err(Refusal::TooManySignatures { limit: SIGNATURES_LIMIT }));
}

#[test]
fn json_is_signed_by_its_hash_in_the_query_and_by_nothing_else() {
    let (scheme, secret) = (preset("twilio").unwrap(), Secret::new(SECRET.to_vec()).unwrap());
    let signer = |url: &str| Signer::new(&scheme, &secret).unwrap().with_url(url);
    let refused = |url: &str| signer(url).sign(b"{}", NOW).map(drop);
    let hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(refused("https://a.example/x"), Err(CannotSign::Refused(Refusal::UncoveredBody)));
    assert_eq!(
        refused("https://a.example/x?bodySHA256=00"),
        Err(CannotSign::Refused(Refusal::SignatureMismatch)),
        "of another body"
    );
    let target = format!("/x?bodySHA256={hash}");
    let signature = signer(&format!("https://a.example{target}")).sign(b"{}", NOW).unwrap().remove(0).1;
    let verifier = Verifier::at(scheme, [("one".to_string(), secret)], Some("https://a.example/x")).unwrap();
    let verdict = |target: &str, content_type: &str, body: &[u8]| {
        let headers = [("X-Twilio-Signature", signature.as_str()), ("Content-Type", content_type)];
        let headers = headers.map(|(name, value)| Header { name, value: value.as_bytes() });
        verifier.verify(&Request { head: Head { method: "POST", target, headers: &headers }, body }, NOW).map(drop)
    };
    assert_eq!(verdict(&target, "application/json", b"{}"), Ok(()));
    for content_type in ["application/json", "application/x-www-form-urlencoded"] {
        assert_eq!(verdict(&target, content_type, b"{ }"), Err(Refusal::SignatureMismatch));
        assert_eq!(verdict(&target, content_type, b""), Err(Refusal::SignatureMismatch));
    }
    assert_eq!(verdict("/x", "application/json", b"{}"), Err(Refusal::UncoveredBody));
    assert_eq!(verdict("/x?bodySHA256", "application/json", b"{}"), Err(Refusal::SignatureMismatch));
    // A form that has the same text as the query has with the hash: the hash is looked for first, and is of this form.
    let form = format!("?bodySHA256={hash}");
    assert_eq!(verdict("/x", "application/x-www-form-urlencoded", form.as_bytes()), Err(Refusal::SignatureMismatch));
}
