//! `hookgate send`.

mod differing;
mod load;

use super::input::{header, read_body};
use super::sign::{Delivery, Signing};
use super::wrong;
use crate::minimal::Failure;
use clap::Args;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Longest wait for the whole exchange.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Longest answer printed, in bytes.
const ANSWER_LIMIT_BYTES: u64 = 1024 * 1024;

/// Signs a body, posts it and prints the answer: exit 0 if that is a 2xx, 1 if not. With --count, many that differ, and a summary.
#[derive(Args)]
#[command(
    before_help = "Example: hookgate send http://127.0.0.1:5000/webhook --secret-file ./secret --event push push.json"
)]
pub(super) struct Send {
    /// Where to post to
    url: String,
    #[command(flatten)]
    signing: Signing,
    /// URL to sign, where the scheme signs one and the receiver knows another (default: the one posted to)
    #[arg(long = "url", value_name = "URL")]
    signed_url: Option<String>,
    /// Header to send beside the signature's (repeatable); a Content-Type replaces the guessed one
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<OsString>,
    /// Deliveries to send. From 2 on no two are the same: each has an id of its own, as its delivery id and in its body, which has
    /// to be a JSON object, or to have {{delivery}} where the id is to stand
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Connections to send them over at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// File to write the ids to that were answered with a 2xx, one a line
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    /// The body; - is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
}

/// What posts deliveries: its connections are kept, redirects are not followed.
fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(TIMEOUT))
        .user_agent(concat!("hookgate/", env!("CARGO_PKG_VERSION")));
    config.build().new_agent()
}

impl Send {
    /// The URL to sign, where the scheme signs one.
    fn url_to_sign(&self) -> &str {
        self.signed_url.as_deref().unwrap_or(&self.url)
    }

    fn has_content_type(&self, headers: &[(String, Vec<u8>)]) -> bool {
        headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"))
    }

    fn cannot_post(&self, error: ureq::Error) -> Failure {
        let shown = without_credentials(&self.url);
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => wrong(
                // It may say again what the URL is.
                format!("cannot post to {shown:?}: {}", error.to_string().replace(&self.url, &shown)),
                "give a URL such as http://127.0.0.1:5000/webhook",
            ),
            error => Failure::Running(format!("cannot post to {shown}: {error}")),
        }
    }

    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let extra = self.header.iter().map(header).collect::<Result<Vec<_>, _>>()?;
        let body = read_body(&self.file)?;
        if self.count > 1 || self.ids.is_some() {
            if self.signing.has_id() {
                return Err(wrong("many deliveries cannot have one id", "leave out --id: each gets its own"));
            }
            return load::run(&self, &body, extra);
        }
        let agent = agent();
        let mut request = agent.post(&self.url);
        if !self.has_content_type(&extra) {
            request = request.header("Content-Type", self.signing.content_type(&body)?);
        }
        let Delivery { headers, body, .. } = self.signing.delivery(&body, Some(self.url_to_sign()))?;
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in extra {
            request = request.header(name, value.trim_ascii());
        }
        let mut response = request.send(&body).map_err(|error| self.cannot_post(error))?;
        let status = response.status();
        let answer = response
            .body_mut()
            .with_config()
            .limit(ANSWER_LIMIT_BYTES)
            .read_to_vec()
            .map_err(|error| Failure::Running(format!("the answer ({status}) broke off: {error}")))?;
        let mut out = format!("{status}\n").into_bytes();
        out.extend_from_slice(&answer);
        out.push(b'\n');
        io::stdout()
            .write_all(&out)
            .map_err(|error| Failure::Running(format!("cannot write to standard output: {error}")))?;
        Ok(if status.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// `url` as it can be shown: what stands before an @ of its authority is a secret, and a query is where people put tokens.
fn without_credentials(url: &str) -> String {
    let (url, query) = url.split_at(url.find('?').unwrap_or(url.len()));
    let query = if query.len() > 1 { "?***" } else { query };
    let (scheme, rest) = url.find("://").map_or(("", url), |at| url.split_at(at + "://".len()));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}{}{path}{query}", authority.rsplit('@').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_url_are_not_shown() {
        for (url, shown) in [
            ("https://user:pass@a.example:1/x@y", "https://a.example:1/x@y"),
            ("https://us@er:pass@a.example?@", "https://a.example?***"),
            ("https://a.example/x?token=t://u/@v", "https://a.example/x?***"),
            ("http://a.example/?", "http://a.example/?"),
            ("user:pass@a.example/x", "a.example/x"),
            ("http://a.example", "http://a.example"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
