//! Every mistake, each as a sentence, the name that is right for it, and how it is made.

use super::delivery::{BODY, Delivery, NOW, QUERY, Sender, URL, base64, is_hex, secret_of};
use hookgate::verify::{Algorithm, Encoding, Grammar, SecretForm, TimeUnit, TimestampPlace, Unprefixed};
use hookgate::{Scheme, Secret, UnixTime};

/// A mistake, and what it makes of a delivery of `scheme`; nothing where it cannot happen there.
pub(crate) struct Mistake {
    pub(crate) what: &'static str,
    /// The name that is right.
    pub(crate) right: &'static str,
    pub(crate) make: fn(&Scheme) -> Option<Delivery>,
}

macro_rules! mistakes {
    ($($what:literal => $right:literal: $make:expr;)*) => {
        &[$(Mistake { what: $what, right: $right, make: $make }),*]
    };
}

/// In the order of docs/EXPLAIN.md.
pub(crate) const MISTAKES: &[Mistake] = mistakes! {
    "The secret has a newline at its end" => "secret-white-space": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [&given.secret[..], b"\n"].concat();
        Some(given.with_secret(secret))
    };
    "The secret has spaces around it" => "secret-white-space": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"  ", &given.secret[..], b"\t"].concat();
        Some(given.with_secret(secret))
    };
    "The sender's secret has a newline at its end (`echo`)" => "secret-white-space-missing": |scheme| {
        takes_text(scheme).then(|| Sender::of(scheme).with_secret(b"a text of some length\n").to(scheme).with_secret(*b"a text of some length"))
    };
    "The secret has quotes around it" => "secret-quoted": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"\"", &given.secret[..], b"\"\n"].concat();
        Some(given.with_secret(secret))
    };
    "The secret has `whsec_` before it, which the sender drops" => "secret-prefix-extra": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"whsec_", &given.secret[..]].concat();
        (!is_base64_secret(scheme)).then(|| given.with_secret(secret))
    };
    "The secret has `v1,` before it" => "secret-prefix-extra": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"v1,", &given.secret[..]].concat();
        Some(given.with_secret(secret))
    };
    "The secret has `v1,whsec_` before it, which the sender drops" => "secret-prefix-extra": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"v1,whsec_", &given.secret[..]].concat();
        (!is_base64_secret(scheme)).then(|| given.with_secret(secret))
    };
    "The secret lacks `whsec_`, which the sender keeps" => "secret-prefix-missing": |scheme| {
        let sender = Sender::of(scheme).with_secret(b"whsec_Zm9vYmFyYmF6cXV4");
        takes_text(scheme).then(|| sender.to(scheme).with_secret(*b"Zm9vYmFyYmF6cXV4"))
    };
    "The sender decodes the secret as hex" => "secret-is-hex": |scheme| {
        let secret = b"6a1f0c9e4b7d2853a0f1e2d3c4b5968778695a4b3c2d1e0f";
        let sender = Sender::of(scheme).with_form(SecretForm::Hex).with_secret(secret);
        (scheme.secret_form != SecretForm::Hex).then(|| sender.to(scheme))
    };
    "The sender decodes the secret as base64" => "secret-is-base64": |scheme| {
        let sender = Sender::of(scheme).with_form(base64_form("")).with_secret(base64(b"some bytes of a key, >?").as_bytes());
        (!is_base64_secret(scheme)).then(|| sender.to(scheme))
    };
    "The sender drops `whsec_` and decodes the rest as base64" => "secret-is-base64": |scheme| {
        let sender = Sender::of(scheme).with_form(base64_form("whsec_")).with_secret(b"whsec_Zm9vYmFyYmF6cXV4");
        (!is_base64_secret(scheme)).then(|| sender.to(scheme))
    };
    "The sender takes the secret as text, though it is hex or base64" => "secret-is-text": |scheme| {
        let sender = Sender::of(scheme).with_form(SecretForm::Utf8);
        (scheme.secret_form != SecretForm::Utf8).then(|| sender.to(scheme))
    };
    "The secret's letters were made upper case" => "secret-case": |scheme| {
        let sender = Sender::of(scheme).with_secret(b"abcdefgh23456701");
        takes_text(scheme).then(|| sender.to(scheme).with_secret(*b"ABCDEFGH23456701"))
    };
    "The secret's letters were made lower case" => "secret-case": |scheme| {
        let sender = Sender::of(scheme).with_secret(b"ABCDEFGH23456701");
        takes_text(scheme).then(|| sender.to(scheme).with_secret(*b"abcdefgh23456701"))
    };
    "An API key (`sk_test_…`) is given for the secret" => "secret-is-api-key": |scheme| {
        Some(Delivery::of(scheme).with_secret(*b"sk_test_51NqYdLkdIwHu7ixZ"))
    };
    "An API token (`xoxb-…`) is given for the secret" => "secret-is-api-key": |scheme| {
        Some(Delivery::of(scheme).with_secret(*b"xoxb-17653672481-19874698323"))
    };
    "Another secret is given; the right one is in `--also-try`" => "another-secret": |scheme| {
        let given = Delivery::of(scheme);
        let right = Secret::new(given.secret.clone()).unwrap();
        let wrong = Secret::new(other_secret(scheme, 1)).unwrap();
        let also = vec![("old".to_string(), wrong), ("new".to_string(), right)];
        Some(Delivery { also, ..given.with_secret(other_secret(scheme, 2)) })
    };
    "Another secret is given, of the right form" => "unknown": |scheme| {
        let also = vec![("old".to_string(), Secret::new(other_secret(scheme, 1)).unwrap())];
        Some(Delivery { also, ..Delivery::of(scheme).with_secret(other_secret(scheme, 2)) })
    };

    "The signature is written in hex, not base64" => "signature-in-hex": |scheme| {
        let sender = Sender { scheme: Scheme { encoding: Encoding::Hex, ..scheme.clone() }, ..Sender::of(scheme) };
        (!is_hex(scheme)).then(|| sender.to(scheme))
    };
    "The signature is written in base64, not hex" => "signature-in-base64": |scheme| {
        let sender = Sender { scheme: Scheme { encoding: Encoding::Base64, ..scheme.clone() }, ..Sender::of(scheme) };
        is_hex(scheme).then(|| sender.to(scheme))
    };
    "The signature is base64 of hex digits" => "signature-hex-in-base64": |scheme| {
        let sender = Sender { scheme: Scheme { encoding: Encoding::Hex, ..scheme.clone() }, ..Sender::of(scheme) };
        Some(sender.to(scheme).with_signature(|before, digits| format!("{before}{}", base64(digits.as_bytes()))))
    };
    "The signature's base64 is not padded" => "signature-base64-form": |scheme| {
        (!is_hex(scheme)).then(|| Delivery::of(scheme).with_signature(|before, text| format!("{before}{}", text.trim_end_matches('='))))
    };
    "The signature's base64 is of the alphabet for URLs" => "signature-base64-form": |scheme| {
        let for_urls = |text: &str| text.replace('+', "-").replace('/', "_");
        let numbered = (0..).map(|at| Sender::of(scheme).with_body(&format!("[{at}]")).to(scheme));
        let given = numbered.map(|right| (right.clone(), right.with_signature(|before, text| format!("{before}{}", for_urls(text)))));
        if is_hex(scheme) { None } else { given.filter(|(right, given)| right.fields != given.fields).map(|(_, given)| given).next() }
    };
    "The signature's base64 was made lower case" => "signature-case": |scheme| {
        (!is_hex(scheme)).then(|| Delivery::of(scheme).with_signature(|before, text| format!("{before}{}", text.to_lowercase())))
    };
    "The signature's prefix, or its list's keys, are missing" => "signature-prefix-missing": |scheme| {
        (scheme.grammar != Grammar::Bare).then(|| Delivery::of(scheme).with_signature(|_, text| text.to_string()))
    };
    "The signature's key is missing, the timestamp's is there" => "signature-prefix-missing": |scheme| {
        keyed_time(scheme).then(|| Delivery::of(scheme).with_signature(|before, text| {
            let time = &before[..=before.find([',', ';']).unwrap()];
            format!("{time}{text}")
        }))
    };
    "The signature has a prefix too many" => "signature-prefix-extra": |scheme| {
        let is_list = matches!(scheme.grammar, Grammar::Pairs { .. });
        (!is_list).then(|| Delivery::of(scheme).with_value(|value| format!("sha256={value}")))
    };
    "The signature has a word before it" => "signature-prefix-extra": |scheme| {
        let is_list = matches!(scheme.grammar, Grammar::Pairs { .. });
        (!is_list).then(|| Delivery::of(scheme).with_value(|value| format!("Signature {value}")))
    };
    "The signature has another prefix or key" => "signature-prefix-other": |scheme| {
        let other = |before: &str| match &scheme.grammar {
            Grammar::Pairs { signature_keys, .. } => before.replace(&signature_keys[0], "sig"),
            _ => "sig=".to_string(),
        };
        (scheme.grammar != Grammar::Bare).then(|| Delivery::of(scheme).with_signature(|before, text| format!("{}{text}", other(before))))
    };
    "The prefix, or the list's keys, were made upper case" => "signature-prefix-case": |scheme| {
        (scheme.grammar != Grammar::Bare).then(|| Delivery::of(scheme).with_signature(|before, text| format!("{}{text}", before.to_uppercase())))
    };
    "The signature is HMAC-SHA1's" => "algorithm": |scheme| with_algorithm(scheme, Algorithm::HmacSha1);
    "The signature is HMAC-SHA256's" => "algorithm": |scheme| with_algorithm(scheme, Algorithm::HmacSha256);
    "The signature is HMAC-SHA384's" => "algorithm": |scheme| with_algorithm(scheme, Algorithm::HmacSha384);
    "The signature is HMAC-SHA512's" => "algorithm": |scheme| with_algorithm(scheme, Algorithm::HmacSha512);
    "The signature's header is not given" => "signature-header-missing": |scheme| {
        Some(Delivery::of(scheme).without(&scheme.signature_headers[0]))
    };
    "The signature's header is given twice" => "signature-header-repeated": |scheme| {
        let mut given = Delivery::of(scheme);
        let signature = given.fields.last().unwrap().clone();
        given.fields.push(signature);
        Some(given)
    };
    "The timestamp's header is not given" => "timestamp-missing": |scheme| match &scheme.timestamp.as_ref()?.place {
        TimestampPlace::Header(name) => Some(Delivery::of(scheme).without(name)),
        _ => None,
    };
    "The signed id's header is not given" => "id-missing": |scheme| {
        Some(Delivery::of(scheme).without(scheme.signed_id.as_ref()?))
    };
    "The signature is not whole" => "signature-malformed": |scheme| {
        Some(Delivery::of(scheme).with_signature(|before, text| format!("{before}{}", &text[..text.len() - 5])))
    };
    "Every digit of the signature is another" => "unknown": |scheme| {
        let other = |text: &str| text.replace(|digit| digit != '=', "0").replace("0=", "A=");
        Some(Delivery::of(scheme).with_signature(|before, text| format!("{before}{}", other(text))))
    };

    "A newline was added at the body's end" => "body-newline-added": |scheme| changed(scheme, BODY, &format!("{BODY}\n"));
    "A CRLF was added at the body's end" => "body-newline-added": |scheme| changed(scheme, BODY, &format!("{BODY}\r\n"));
    "The newline at the body's end was taken" => "body-newline-removed": |scheme| changed(scheme, &format!("{BODY}\n"), BODY);
    "The CRLF at the body's end was taken" => "body-newline-removed": |scheme| changed(scheme, &format!("{BODY}\r\n"), BODY);
    "The body's CRLF became LF" => "body-crlf-to-lf": |scheme| changed(scheme, &LINES.replace('\n', "\r\n"), LINES);
    "The body's LF became CRLF" => "body-lf-to-crlf": |scheme| changed(scheme, LINES, &LINES.replace('\n', "\r\n"));
    "A byte order mark was put before the body" => "body-bom-added": |scheme| changed(scheme, BODY, &format!("\u{feff}{BODY}"));
    "The body's byte order mark was taken" => "body-bom-removed": |scheme| changed(scheme, &format!("\u{feff}{BODY}"), BODY);
    "The body was saved by an editor: byte order mark, CRLF" => "body-as-text": |scheme| {
        changed(scheme, LINES, &format!("\u{feff}{}", LINES.replace('\n', "\r\n")))
    };
    "The body was saved by an editor: CRLF, newline at the end" => "body-as-text": |scheme| {
        changed(scheme, LINES, &format!("{}\r\n", LINES.replace('\n', "\r\n")))
    };
    "One byte of the body is another" => "unknown": |scheme| changed(scheme, BODY, &BODY.replace("10.50", "90.50"));
    "The body's end is missing" => "unknown": |scheme| changed(scheme, BODY, &BODY[..BODY.len() - 2]);
    "The body is another" => "unknown": |scheme| changed(scheme, BODY, r#"{"type":"ping"}"#);
    "The body is empty" => "unknown": |scheme| changed(scheme, BODY, "");

    "Indented JSON was minified (2 spaces)" => "json-minified": |scheme| changed(scheme, &indented(BODY, "  "), BODY);
    "Indented JSON was minified (4 spaces)" => "json-minified": |scheme| changed(scheme, &indented(BODY, "    "), BODY);
    "Indented JSON was minified (tabs)" => "json-minified": |scheme| changed(scheme, &indented(BODY, "\t"), BODY);
    "Indented JSON was minified (2 spaces, newline at its end)" => "json-minified": |scheme| {
        changed(scheme, &format!("{}\n", indented(BODY, "  ")), BODY)
    };
    "JSON with a space behind commas and colons was minified" => "json-minified": |scheme| changed(scheme, &spaced(BODY), BODY);
    "JSON with spaces where no program puts them was minified" => "json-minified": |scheme| {
        changed(scheme, &BODY.replace("10.50,", "10.50  , "), BODY)
    };
    "JSON was pretty-printed" => "json-pretty-printed": |scheme| changed(scheme, BODY, &indented(BODY, "   "));
    "JSON was written with a space behind commas and colons" => "json-pretty-printed": |scheme| changed(scheme, BODY, &spaced(BODY));
    "JSON with a space behind commas and colons was pretty-printed" => "json-respaced": |scheme| {
        changed(scheme, &spaced(BODY), &indented(BODY, "  "))
    };
    "The keys of JSON were sorted: at most six of them" => "json-keys-sorted": |scheme| {
        changed(scheme, r#"{"type":"ping","id":1,"data":{"url":"u","at":[2]}}"#, r#"{"data":{"at":[2],"url":"u"},"id":1,"type":"ping"}"#)
    };
    "The keys of JSON were sorted: more of them" => "json-keys-sorted": |scheme| changed(scheme, BODY, SORTED);
    "JSON was sorted and given a space behind commas and colons" => "json-rewritten": |scheme| {
        changed(scheme, r#"{"type":"ping","id":1,"data":{"url":"u","at":[2]}}"#, r#"{"data": {"at": [2], "url": "u"}, "id": 1, "type": "ping"}"#)
    };
    "JSON was signed with its keys sorted, and sent otherwise" => "json-keys-unsorted": |scheme| changed(scheme, SORTED, BODY);
    r"JSON's `/` became `\/`" => "json-slashes-escaped": |scheme| changed(scheme, BODY, &slashed(BODY));
    r"JSON's `\/` became `/`" => "json-slashes-unescaped": |scheme| changed(scheme, &slashed(BODY), BODY);
    r"JSON's `ë` became `\u00eb`" => "json-unicode-escaped": |scheme| changed(scheme, BODY, &BODY.replace('ë', r"\u00eb"));
    r"JSON's `&` and `<` became `\u0026` and `\u003c`" => "json-unicode-escaped": |scheme| changed(scheme, BODY, &for_html(BODY));
    r"JSON's `\u00eb` became `ë`" => "json-unicode-unescaped": |scheme| changed(scheme, &BODY.replace('ë', r"\u00eb"), BODY);
    r"JSON's `\u00EB` became `ë`" => "json-unicode-unescaped": |scheme| changed(scheme, &BODY.replace('ë', r"\u00EB"), BODY);
    r"JSON's `\u0026` and `\u003c` became `&` and `<`" => "json-unicode-unescaped": |scheme| changed(scheme, &for_html(BODY), BODY);
    "JSON was written anew by PHP" => "json-rewritten": |scheme| {
        changed(scheme, BODY, &slashed(&BODY.replace('ë', r"\u00eb")))
    };
    "JSON that PHP wrote was written anew by JavaScript" => "json-rewritten": |scheme| {
        changed(scheme, &slashed(&BODY.replace('ë', r"\u00eb")), BODY)
    };
    "JSON was written anew by Python" => "json-rewritten": |scheme| {
        changed(scheme, BODY, &spaced(&BODY.replace('ë', r"\u00eb")))
    };
    "JSON that Python wrote was written anew by JavaScript" => "json-rewritten": |scheme| {
        changed(scheme, &spaced(&BODY.replace('ë', r"\u00eb")), BODY)
    };
    "A number in JSON was written anew (10.50 became 10.5)" => "json-rewritten": |scheme| {
        changed(scheme, BODY, &BODY.replace("10.50", "10.5"))
    };

    "A form was decoded" => "form-decoded": |scheme| changed(scheme, FORM, r#"payload={"a b":"ë~*"}&to=x y"#);
    "A form was decoded whose value holds an ampersand" => "form-decoded": |scheme| {
        changed(scheme, "payload=%7B%22a%22%3A%22b%26c%3Dd%22%7D", r#"payload={"a":"b&c=d"}"#)
    };
    "A form was written anew with `%20` for `+`" => "form-reencoded": |scheme| changed(scheme, FORM, &FORM.replace('+', "%20"));
    "A form was written anew with hex digits in lower case" => "form-reencoded": |scheme| {
        changed(scheme, FORM, &FORM.replace("%7B", "%7b").replace("%7D", "%7d").replace("%3A", "%3a").replace("%C3%AB", "%c3%ab").replace("%7E", "%7e"))
    };
    "A form was signed decoded" => "form-encoded": |scheme| changed(scheme, r#"payload={"a b":"ë~*"}&to=x y"#, FORM);
    "A form's field was taken out" => "form-field-taken": |scheme| {
        changed(scheme, "payload=%7B%22a+b%22%3A%22%C3%AB%22%7D", r#"{"a b":"ë"}"#)
    };
    "The body is gzip, and was signed before" => "content-encoding-kept": |scheme| {
        Some(Delivery::of(scheme).with_body(hex::decode(GZIP).unwrap()))
    };
    "The body is deflate, and was signed before" => "content-encoding-kept": |scheme| {
        Some(Delivery::of(scheme).with_body(hex::decode(ZLIB).unwrap()))
    };
    "Gzip was signed, and undone on the way" => "content-encoding-undone": |scheme| {
        let sender = Sender { body: hex::decode(GZIP).unwrap(), ..Sender::of(scheme) };
        let mut given = sender.to(scheme).with_body(BODY);
        given.fields.push(("Content-Encoding".to_string(), "gzip".to_string()));
        Some(given)
    };

    "It is an hour old" => "stale": |scheme| {
        let limit_s = i64::try_from(scheme.timestamp.as_ref()?.past_s?).unwrap();
        Some(at(scheme, UnixTime::from_s(NOW.as_ms() / 1000 - 3600 - limit_s)))
    };
    "This clock is an hour behind" => "from-the-future": |scheme| {
        let limit_s = i64::try_from(scheme.timestamp.as_ref()?.future_s?).unwrap();
        Some(at(scheme, UnixTime::from_s(NOW.as_ms() / 1000 + 3600 + limit_s)))
    };
    "The timestamp is in seconds, not milliseconds" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Milliseconds, TimeUnit::Seconds);
    "The timestamp is in milliseconds, not seconds" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Seconds, TimeUnit::Milliseconds);
    "The timestamp is a date, not seconds" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Seconds, TimeUnit::Rfc3339);
    "The timestamp is a date, not milliseconds" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Milliseconds, TimeUnit::Rfc3339);
    "The timestamp is in seconds, not a date" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Rfc3339, TimeUnit::Seconds);
    "The timestamp is in milliseconds, not a date" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Rfc3339, TimeUnit::Milliseconds);
    "The timestamp was signed in seconds, and is given in milliseconds or as a date" => "timestamp-signed-in-other-unit": |scheme| {
        signed_in(scheme, TimeUnit::Seconds)
    };
    "The timestamp was signed in milliseconds, and is given in seconds or as a date" => "timestamp-signed-in-other-unit": |scheme| {
        signed_in(scheme, TimeUnit::Milliseconds)
    };
    "The timestamp was signed as a date, and is given in seconds or milliseconds" => "timestamp-signed-in-other-unit": |scheme| {
        signed_in(scheme, TimeUnit::Rfc3339)
    };
    "The timestamp is another" => "unknown": |scheme| {
        let other = at(scheme, UnixTime::from_s(NOW.as_ms() / 1000 + 1));
        let right = Delivery::of(scheme);
        let text = std::cell::RefCell::new(String::new());
        other.with_time(|time| { text.replace(time.to_string()); time.to_string() })?;
        right.with_time(|_| text.borrow().clone())
    };
    "The signed id is another" => "unknown": |scheme| {
        let name = scheme.signed_id.clone()?;
        let mut given = Delivery::of(scheme);
        given.fields.iter_mut().find(|(field, _)| *field == name)?.1 = "msg_other".to_string();
        Some(given)
    };

    "The URL is http for https" => "url-scheme": |scheme| posted_to(scheme, "http://example.com:8443/hooks/in", URL);
    "The URL is https for http" => "url-scheme": |scheme| posted_to(scheme, URL, "http://example.com:8443/hooks/in");
    "The URL has a port that was not signed" => "url-port": |scheme| posted_to(scheme, URL, "https://example.com/hooks/in");
    "The URL lacks `:443`, which was signed" => "url-port": |scheme| {
        posted_to(scheme, "https://example.com/hooks/in", "https://example.com:443/hooks/in")
    };
    "The URL lacks another port, which was signed" => "url-port": |scheme| posted_to(scheme, "https://example.com/hooks/in", URL);
    "The URL has a slash at its end" => "url-trailing-slash": |scheme| posted_to(scheme, &format!("{URL}/"), URL);
    "The URL lacks the slash at its end" => "url-trailing-slash": |scheme| posted_to(scheme, URL, &format!("{URL}/"));
    "The query was not signed" => "url-query": |scheme| {
        let sender = Sender { url: URL.to_string(), ..Sender::of(scheme) };
        scheme.covers_url().then(|| sender.to(scheme))
    };
    "The query was lost on the way" => "url-query": |scheme| {
        scheme.covers_url().then(|| Delivery { target: "/hooks/in".to_string(), ..Delivery::of(scheme) })
    };
    "The URL is http for https, and has a port that was not signed" => "url": |scheme| {
        posted_to(scheme, "http://example.com:8080/hooks/in", "https://example.com/hooks/in")
    };
    "The URL is of another host" => "unknown": |scheme| posted_to(scheme, URL, "https://example.net:8443/hooks/in");
};

const LINES: &str = "{\n \"a\": 1,\n \"b\": 2\n}";
const FORM: &str = "payload=%7B%22a+b%22%3A%22%C3%AB%7E*%22%7D&to=x+y";
/// `BODY` with the keys of each object sorted.
const SORTED: &str = concat!(
    r#"{"data":{"amount":10.50,"empty":{},"name":"Zoë <z@x.example>","none":null,"tags":["a","b"],"#,
    r#""url":"https://example.com/a?b=1&c=2"},"id":"evt_1","type":"invoice.paid"}"#
);
/// `BODY` as Python's gzip and zlib compress it.
const GZIP: &str = "1f8b08000000000002032d4d5b0a824014dd4a9c8fbe8651837e862cd751445c7528615ee4553471452da38d75837e0e9cf7029e93854117c6d8355627ea5a280818d8916f8590969860160c4f27ea8339f526cbec443e39ab9be8333ad565b16dca9da403f9dfe0397ede9bc3ab9af43f78148f7c1c02c314b9dee70a4cf71ee60212abc655ba3148370cce29589f7896db755dbfba48eaf7a6000000";
const ZLIB: &str = "789c2d4d5b0a824014dd4a9c8fbe8651837e862cd751445c7528615ee4553471452da38d75837e0e9cf7029e93854117c6d8355627ea5a280818d8916f8590969860160c4f27ea8339f526cbec443e39ab9be8333ad565b16dca9da403f9dfe0397ede9bc3ab9af43f78148f7c1c02c314b9dee70a4cf71ee60212abc655ba3148370cce29589f7896db755dbf60b63528";

/// A body that was signed, and the one that is on hand.
fn changed(scheme: &Scheme, signed: &str, given: &str) -> Option<Delivery> {
    Some(Sender::of(scheme).with_body(signed).to(scheme).with_body(given))
}

/// Whether a secret can be text that looks like base64 and is taken as it is.
fn takes_text(scheme: &Scheme) -> bool {
    match &scheme.secret_form {
        SecretForm::Utf8 => true,
        SecretForm::Base64 { without_prefix, .. } => *without_prefix == Unprefixed::Utf8,
        SecretForm::Hex => false,
    }
}

fn is_base64_secret(scheme: &Scheme) -> bool {
    matches!(scheme.secret_form, SecretForm::Base64 { .. })
}

fn base64_form(prefix: &str) -> SecretForm {
    SecretForm::Base64 { prefix: prefix.to_string(), without_prefix: Unprefixed::Base64 }
}

/// A secret of the scheme's form that is not the right one.
fn other_secret(scheme: &Scheme, number: u8) -> Vec<u8> {
    let mut secret = secret_of(scheme);
    let at = secret.len() - 7;
    secret[at] = b'0' + number;
    secret
}

fn keyed_time(scheme: &Scheme) -> bool {
    matches!(scheme.timestamp.as_ref().map(|rule| &rule.place), Some(TimestampPlace::Field(_)))
}

/// Signed by another algorithm, whose name stands in the prefix where the scheme's does.
fn with_algorithm(scheme: &Scheme, algorithm: Algorithm) -> Option<Delivery> {
    let short = |algorithm: Algorithm| algorithm.name().trim_start_matches("hmac-").to_string();
    let mut signed = Scheme { algorithm, ..scheme.clone() };
    if let Grammar::Prefix(prefix) = &mut signed.grammar {
        *prefix = prefix.replace(&short(scheme.algorithm), &short(algorithm));
    }
    (algorithm != scheme.algorithm).then(|| Sender { scheme: signed, ..Sender::of(scheme) }.to(scheme))
}

fn at(scheme: &Scheme, at: UnixTime) -> Delivery {
    match body_time(scheme) {
        Some((key, unit)) => Sender::of(scheme).with_body(&format!("{{\"{key}\":{}}}", written(unit, at))).to(scheme),
        None => Sender { at, ..Sender::of(scheme) }.to(scheme),
    }
}

/// The key of a timestamp that stands in the body, and its unit.
fn body_time(scheme: &Scheme) -> Option<(String, TimeUnit)> {
    let rule = scheme.timestamp.as_ref()?;
    match &rule.place {
        TimestampPlace::Json(pointer) => Some((pointer.trim_start_matches('/').to_string(), rule.unit)),
        _ => None,
    }
}

fn written(unit: TimeUnit, at: UnixTime) -> String {
    match unit {
        TimeUnit::Seconds => (at.as_ms() / 1000).to_string(),
        TimeUnit::Milliseconds => at.as_ms().to_string(),
        TimeUnit::Rfc3339 => at.to_string(),
    }
}

/// Signed and sent in `other`, where the scheme's unit is `own` and it bounds the difference.
fn in_unit(scheme: &Scheme, own: TimeUnit, other: TimeUnit) -> Option<Delivery> {
    let rule = scheme.timestamp.clone().filter(|rule| rule.unit == own)?;
    // Milliseconds taken for seconds are of a far future, which is not always bounded.
    if own == TimeUnit::Seconds && other == TimeUnit::Milliseconds && rule.future_s.is_none() {
        return None;
    }
    if let Some((key, _)) = body_time(scheme) {
        let number = written(other, NOW).trim_end_matches('Z').to_string();
        let text = if other == TimeUnit::Rfc3339 { format!("\"{number}Z\"") } else { number };
        return Some(Sender::of(scheme).with_body(&format!("{{\"{key}\":{text}}}")).to(scheme));
    }
    let mut signed = scheme.clone();
    signed.timestamp.as_mut()?.unit = other;
    Some(Sender { scheme: signed, ..Sender::of(scheme) }.to(scheme))
}

/// Signed with its timestamp in `signed`, and sent with it as the scheme has it.
fn signed_in(scheme: &Scheme, signed: TimeUnit) -> Option<Delivery> {
    let own = scheme.timestamp.as_ref().map(|rule| rule.unit).filter(|own| *own != signed)?;
    if body_time(scheme).is_some() {
        return None;
    }
    let mut sender = Sender::of(scheme);
    sender.scheme.timestamp.as_mut()?.unit = signed;
    sender.to(scheme).with_time(|_| written(own, NOW))
}

/// Sent to a URL with its query, and judged by another.
fn posted_to(scheme: &Scheme, configured: &str, signed: &str) -> Option<Delivery> {
    let sender = Sender { url: format!("{signed}{QUERY}"), ..Sender::of(scheme) };
    scheme.covers_url().then(|| Delivery { url: configured.to_string(), ..sender.to(scheme) })
}

/// `json`, which has no white space between its tokens, with a space behind each comma and colon.
fn spaced(json: &str) -> String {
    outside_strings(json, |byte, _| match byte {
        ',' => ", ".to_string(),
        ':' => ": ".to_string(),
        byte => byte.to_string(),
    })
}

/// `json` with a line for each value, indented by this.
fn indented(json: &str, indent: &str) -> String {
    let mut depth = 0;
    outside_strings(json, |byte, next| {
        let line = |depth: usize| format!("\n{}", indent.repeat(depth));
        match byte {
            '{' | '[' if next == Some('}') || next == Some(']') => {
                depth += 1;
                byte.to_string()
            }
            '{' | '[' => {
                depth += 1;
                format!("{byte}{}", line(depth))
            }
            '}' | ']' => {
                depth -= 1;
                format!("{}{byte}", line(depth))
            }
            ',' => format!(",{}", line(depth)),
            ':' => ": ".to_string(),
            byte => byte.to_string(),
        }
    })
    .replace(&format!("{{\n{}}}", indent.repeat(2)), "{}")
}

/// `json`, which has no escaped quotes, with each character outside of strings made another text.
fn outside_strings(json: &str, mut write: impl FnMut(char, Option<char>) -> String) -> String {
    let (mut out, mut in_string) = (String::new(), false);
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        in_string ^= character == '"';
        if in_string || character == '"' {
            out.push(character);
        } else {
            out.push_str(&write(character, characters.peek().copied()));
        }
    }
    out
}

fn slashed(json: &str) -> String {
    json.replace('/', r"\/")
}

fn for_html(json: &str) -> String {
    json.replace('&', r"\u0026").replace('<', r"\u003c").replace('>', r"\u003e")
}
