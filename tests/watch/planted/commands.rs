//! What commands say that are given secrets, right and wrong ones.

use super::seen::Seen;
use super::{IN_FILE, IN_OTHER_VARIABLE, IN_URL, OF_TOKENS, PASSWORD, SOURCES, TOKEN, server};
use crate::support::command::{finish, hookgate};
use crate::support::{SECRET, signer};
use std::fs;
use std::path::Path;

/// Runs hookgate in the receiver's folder, with all of its secrets in the environment.
pub(super) fn run(seen: &mut Seen, folder: &Path, arguments: &[&str], stdin: &[u8]) -> String {
    let mut command = hookgate();
    command.args(arguments).current_dir(folder);
    command
        .env("HOOKGATE_SECRET", SECRET)
        .env("HOOKGATE_OTHER", IN_OTHER_VARIABLE)
        .env("CREDENTIALS_DIRECTORY", "creds");
    let outcome = finish(command, stdin);
    seen.add(arguments.join(" "), [outcome.stdout.as_slice(), outcome.stderr.as_bytes()].concat());
    String::from_utf8_lossy(&outcome.stdout).into_owned()
}

/// What commands say that are given secrets, right and wrong ones.
pub(super) fn all(seen: &mut Seen, folder: &Path) {
    run(seen, folder, &["config", "check", "--config", "hookgate.toml", "--probe"], b"");
    for (_, scheme, _) in SOURCES {
        run(seen, folder, &["schemes", "show", scheme], b"");
    }
    let body = b"{}";
    let header = format!("X-Hub-Signature-256: {}", signer::signature(IN_FILE.as_bytes(), b"{}\n"));
    for arguments in [
        &["--scheme", "github", "--secret-file", "file", "--header", header.as_str()][..],
        &["--scheme", "github", "--secret-env", "HOOKGATE_OTHER", "--also-try", "file", "--header", header.as_str()],
        &["--scheme", "gitlab-token", "--secret-file", "token", "--header", &format!("X-Gitlab-Token: {TOKEN}0")],
        &["--scheme", "gitlab-token", "--secret-file", "file", "--header", &format!("X-Gitlab-Token: {TOKEN}")],
        &[
            "--scheme",
            "deepgram-basic",
            "--secret-file",
            "basic",
            "--header",
            &format!("Authorization: Basic {PASSWORD}"),
        ],
        &["--scheme", "netlify", "--secret-file", "jwt", "--header", &format!("X-Webhook-Signature: {OF_TOKENS}")],
    ] {
        run(seen, folder, &[&["verify", "--explain"], arguments].concat(), body);
    }
    run(seen, folder, &["sign", "--scheme", "github", "--secret-file", "file"], body);
    let (address, _told) = server();
    for scheme in [["github", "file"], ["gitlab-token", "token"], ["netlify", "jwt"]] {
        let url = format!("http://{address}/?token={IN_URL}");
        let [scheme, file] = scheme;
        run(seen, folder, &["send", &url, "--scheme", scheme, "--secret-file", file], body);
        run(
            seen,
            folder,
            &["send", &format!("http://127.0.0.1:1/?token={IN_URL}"), "--scheme", scheme, "--secret-file", file],
            body,
        );
    }
    // Files that hold a secret with a mistake in it, or are given in the place of another.
    fs::write(folder.join("mistaken"), format!("whsec_{IN_FILE}!")).unwrap();
    fs::write(folder.join("empty-lines"), format!("{IN_FILE}\n\n")).unwrap();
    for arguments in [
        &["sign", "--scheme", "standard-webhooks", "--secret-file", "mistaken"][..],
        &["sign", "--scheme", "github", "--secret-file", "empty-lines"],
        &["sign", "--scheme", "discord", "--secret-file", "file"],
        &["verify", "--scheme", "sendgrid", "--secret-file", "file", "--header", "a: b"],
        &["verify", "--scheme-file", "file", "--secret-file", "file"],
        &["serve", "--config", "file"],
        &["serve", "--config", "mistaken"],
        &["config", "check", "--config", "file"],
        &["config", "import", "file"],
        &["serve", "--listen", "127.0.0.1:0", "--scheme", "standard-webhooks", "--secret-file", "mistaken"],
        &["serve", "--listen", "127.0.0.1:0", "--scheme-file", "file", "--secret-file", "file"],
    ] {
        run(seen, folder, arguments, body);
    }
    #[cfg(feature = "tls")]
    run(seen, folder, &["serve", "--listen", "https://127.0.0.1:0", "--tls-cert", "file", "--tls-key", "file"], body);
}
