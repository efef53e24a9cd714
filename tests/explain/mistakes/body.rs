//! With bodies.

use super::Mistake;
use crate::explain::delivery::{BODY, Delivery, PARAMETERS, Sender, URL};
use hookgate::Scheme;
use sha2::{Digest, Sha256};

/// In the order of docs/EXPLAIN.md.
pub(crate) const BODIES: &[Mistake] = mistakes! {
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
        (!scheme.signs_form()).then(|| Delivery::of(scheme).with_body(hex::decode(GZIP).unwrap()))
    };
    "The body is deflate, and was signed before" => "content-encoding-kept": |scheme| {
        (!scheme.signs_form()).then(|| Delivery::of(scheme).with_body(hex::decode(ZLIB).unwrap()))
    };
    "Gzip was signed, and undone on the way" => "content-encoding-undone": |scheme| {
        if scheme.signs_form() {
            return None;
        }
        let sender = Sender { body: hex::decode(GZIP).unwrap(), ..Sender::of(scheme) };
        let mut given = sender.to(scheme).with_body(BODY);
        given.fields.push(("Content-Encoding".to_string(), "gzip".to_string()));
        Some(given)
    };

    "A newline was added at the end of a form whose parameters are signed" => "body-newline-added": |scheme| {
        parameters(scheme, PARAMETERS, &format!("{PARAMETERS}\n"))
    };
    "The parameters that are signed were decoded" => "form-decoded": |scheme| {
        parameters(scheme, "From=%2B14158675309&Body=a+b", "From=+14158675309&Body=a b")
    };
    "The parameters that are signed were decoded, a percent sign among them" => "form-decoded": |scheme| {
        parameters(scheme, "From=%2B14158675309&Body=100%25", "From=+14158675309&Body=100%")
    };
    "The parameters that are signed were encoded twice" => "form-encoded": |scheme| {
        parameters(scheme, "From=%2B14158675309&Body=a%20b", "From=%252B14158675309&Body=a%2520b")
    };
    "One of the parameters that are signed is another" => "unknown": |scheme| {
        parameters(scheme, PARAMETERS, &PARAMETERS.replace("SM1", "SM2"))
    };
    "One of the parameters that are signed was taken out" => "unknown": |scheme| {
        parameters(scheme, PARAMETERS, &PARAMETERS.replace("&MessageSid=SM1", ""))
    };
    "The form has another Content-Type" => "body-not-covered": |scheme| {
        let mut given = parameters(scheme, PARAMETERS, PARAMETERS)?;
        given.fields.push(("Content-Type".to_string(), "application/json".to_string()));
        Some(given)
    };
    "The form was cut in the middle of an escape" => "parameters-malformed": |scheme| {
        parameters(scheme, "Body=caf%C3%A9", "Body=caf%C3%A")
    };
    "JSON without its hash in the query" => "body-not-covered": |scheme| {
        let mut given = Delivery { target: "/hooks/in".to_string(), ..hashed(scheme, BODY, BODY)? };
        given.fields.push(("Content-Type".to_string(), "application/json".to_string()));
        Some(given)
    };
    "A newline was added to JSON that is hashed in the query" => "body-newline-added": |scheme| hashed(scheme, BODY, &format!("{BODY}\n"));
    "JSON that is hashed in the query was pretty-printed" => "json-pretty-printed": |scheme| hashed(scheme, BODY, &indented(BODY, "   "));
    "JSON that is hashed in the query is another" => "unknown": |scheme| hashed(scheme, BODY, r#"{"type":"ping"}"#);
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
    (!scheme.signs_form()).then(|| Sender::of(scheme).with_body(signed).to(scheme).with_body(given))
}

/// Parameters that were signed, and those that are on hand.
fn parameters(scheme: &Scheme, signed: &str, given: &str) -> Option<Delivery> {
    scheme.signs_form().then(|| Sender::of(scheme).with_body(signed).to(scheme).with_body(given))
}

/// A body whose hash stands in the signed query, and the one that is on hand.
fn hashed(scheme: &Scheme, signed: &str, given: &str) -> Option<Delivery> {
    let query = format!("?{}={}", scheme.body_hash_parameter.as_ref()?, hex::encode(Sha256::digest(signed)));
    let sender = Sender { url: format!("{URL}{query}"), ..Sender::of(scheme) };
    let sent = sender.with_body(signed).to(scheme).with_body(given);
    Some(Delivery { target: format!("/hooks/in{query}"), ..sent })
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
