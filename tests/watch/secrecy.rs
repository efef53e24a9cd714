//! Whatever is a secret is in nothing that can be watched.

use crate::support::client::Client;
use crate::support::receiver::setup;
use crate::support::request::{signed, unsigned};
use crate::support::{SECRET, contains, signer};
use crate::{admin_of, get};

/// A secret in a file, a token that is one, one in the URL, one in a header that nobody asks for, and one in a body.
const IN_FILE: &str = "s3cret-0f-a-file-1234";
const TOKEN: &str = "t0ken-0f-gitlab-1234";
const IN_URL: &str = "t0ken-in-a-query-1234";
const IN_HEADER: &str = "t0ken-in-a-header-1234";
const IN_BODY: &str = "w0rds-0f-a-body-1234";

#[test]
fn no_secret_signature_token_query_header_or_body_is_in_a_log_a_number_or_an_answer() {
    let text = "listen = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n\
                [[source]]\nname = \"env\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n\
                [[source]]\nname = \"file\"\npath = \"/file\"\nscheme = \"github\"\nsecrets = [\"file:secret\"]\n\
                [[source]]\nname = \"token\"\npath = \"/token\"\nscheme = \"gitlab-token\"\nsecrets = [\"file:token\"]\n\
                accept_uncovered_body = true\n";
    for front in ["evented", "tiny_http"] {
        let text = format!("front = \"{front}\"\n{text}");
        let receiver = setup().file("secret", IN_FILE.as_bytes()).file("token", TOKEN.as_bytes()).config(&text).start();
        let body = format!("{{\"a\":\"{IN_BODY}\"}}");
        let own = signed(&body);
        let of_file = signer::signature(IN_FILE.as_bytes(), body.as_bytes());
        let spoilt = format!("{}0", &of_file[..of_file.len() - 1]);
        let query = |path: &str| format!("{path}?token={IN_URL}&secret={IN_URL}");
        let mut answers = Vec::new();
        for post in [
            own.clone(),
            own.clone().to(&query("/webhook")),
            own.clone().to(&query("/elsewhere")),
            own.clone().to(&format!("/elsewhere/{IN_URL}")),
            unsigned(&body).to("/file").header("X-Hub-Signature-256", &of_file),
            unsigned(&body).to("/file").header("X-Hub-Signature-256", &of_file),
            unsigned(&body).to("/file").header("X-Hub-Signature-256", &spoilt),
            unsigned(&body).to("/token").header("X-Gitlab-Token", TOKEN),
            unsigned(&body).to("/token").header("X-Gitlab-Token", IN_HEADER),
            unsigned(format!("{body}{IN_BODY}")).header("X-Hub-Signature-256", IN_HEADER),
            own.clone().by("PUT"),
            own.clone().header("Content-Encoding", IN_HEADER),
        ] {
            let post = post.header("Authorization", IN_HEADER).header("X-GitHub-Delivery", IN_HEADER);
            let mut client = Client::connect(receiver.address);
            client.write(&post.bytes());
            answers.push(client.answer().raw);
        }
        receiver.expect_talk("\"method_not_allowed\"");
        receiver.expect_talk("\"unsupported_content_encoding\"");
        for path in ["/healthz", "/readyz", "/metrics", &query("/metrics"), &query("/nowhere")] {
            answers.push(get(&receiver, path).raw);
        }
        let mut admin = Client::connect(admin_of(&receiver));
        admin.write(format!("GET /{IN_URL} HTTP/1.1\r\nHost: a\r\nAuthorization: {IN_HEADER}\r\n\r\n").as_bytes());
        answers.push(admin.answer().raw);
        answers.push(receiver.talk().into_bytes());
        let digits = of_file.trim_start_matches("sha256=").to_string();
        let of_env = signer::digits(SECRET.as_bytes(), body.as_bytes());
        let tail = digits[..digits.len() - 1].to_string();
        for seen in &answers {
            for kept in [SECRET, IN_FILE, TOKEN, IN_URL, IN_HEADER, IN_BODY, &of_env, &tail] {
                assert!(!contains(seen, kept.as_bytes()), "{kept} in {}", String::from_utf8_lossy(seen));
            }
        }
    }
}
