//! `hookgate verify`.

use super::input::{SchemeOption, SecretOptions, header, read_body, secret_file, uncovered, verifier};
use crate::explain::{Cause, Question, Reach, explain};
use crate::json;
use crate::minimal::{Failure, warn};
use crate::request::{Head, Header, Request};
use crate::time::UnixTime;
use clap::Args;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Says whether a request's signature is valid: exit 0 if it is, 1 if not, 2 if that cannot be judged.
///
/// It judges the signature only, whatever the body is.
#[derive(Args)]
#[command(
    before_help = "Example: hookgate verify --secret-file ./secret --header 'X-Hub-Signature-256: sha256=…' push.json"
)]
pub(super) struct Verify {
    #[command(flatten)]
    scheme: SchemeOption,
    #[command(flatten)]
    secrets: SecretOptions,
    /// A header of the request (repeatable)
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<OsString>,
    /// Method of the request
    #[arg(long, default_value = "POST")]
    method: String,
    /// URL that it was sent to, query included
    #[arg(long, default_value = "/")]
    url: String,
    /// The time to hold timestamps against, in seconds since 1970 (default: now)
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    now: Option<i64>,
    /// How far from that a timestamp may be, instead of the scheme's own bound
    #[arg(long, value_name = "SECONDS", conflicts_with = "ignore_timestamp")]
    tolerance: Option<u64>,
    /// Judge the signature alone, of whatever time
    #[arg(long)]
    ignore_timestamp: bool,
    /// Where it is refused: name the cause, by trying what goes wrong with secrets, bodies and headers
    #[arg(long)]
    explain: bool,
    /// File that holds a secret which may be the right one (repeatable)
    #[arg(long, value_name = "[LABEL=]FILE", requires = "explain")]
    also_try: Vec<PathBuf>,
    /// The body; - is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
}

impl Verify {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut scheme = self.scheme.scheme()?;
        if let Some(s) = self.tolerance {
            scheme = scheme.with_tolerance_s(s);
        }
        let ages = (scheme.timestamp.is_some() || scheme.signs_token()) && self.ignore_timestamp;
        if self.ignore_timestamp {
            scheme = scheme.ignoring_age();
        }
        // The query comes from the request, which here is the same URL.
        let base = self.url.split_once('?').map_or(self.url.as_str(), |(base, _)| base);
        let url = if scheme.covers_url() && self.url != "/" { Some(base) } else { None };
        let secrets = self.secrets.secrets()?;
        let also = self.also_try.iter().map(|file| secret_file(file)).collect::<Result<Vec<_>, _>>()?;
        // What is wrong with a secret can be explained, where there is a request to try it on.
        let is_unusable = secrets.iter().any(|(_, secret)| scheme.for_secret(secret).key(secret).is_err());
        let verifier = match verifier(scheme.clone(), secrets.clone(), url, true) {
            Err(failure) if !(self.explain && is_unusable) => return Err(failure),
            verifier => verifier,
        };
        warn(&uncovered(&scheme));
        let fields = self.header.iter().map(header).collect::<Result<Vec<_>, _>>()?;
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value }).collect();
        let body = read_body(&self.file)?;
        let head = Head { method: &self.method, target: &self.url, headers: &headers };
        let now = self.now.map_or_else(UnixTime::now, UnixTime::from_s);
        let request = Request { head, body: &body };
        let explanation = || {
            let (scheme, request, reach) = (&scheme, &request, Reach::Everything);
            explain(&Question { scheme, secrets: &secrets, also: &also, url, request, reach }, now)
        };
        let verifier = match verifier {
            Ok(verifier) => verifier,
            Err(failure) => {
                say(&explanation().map_or_else(String::new, |cause| lines(&cause)))?;
                return Err(failure);
            }
        };
        let verdict = verifier.verify(&request, now).and_then(|verified| {
            verified.judge_body_timestamp(json::check(&body).ok(), now)?;
            Ok(verified)
        });
        match verdict {
            Ok(verified) => {
                let (scheme, label) = (&verified.scheme().name, verified.secret_label());
                let age = if ages { "; its age was not judged" } else { "" };
                say(&format!("valid: signed for {scheme} with the secret {label}{age}\n"))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(refusal) => {
                let cause = if self.explain { explanation() } else { None };
                let lines = cause.map_or_else(String::new, |cause| lines(&cause));
                say(&format!("refused: {}: {refusal}\n{lines}", refusal.answer().1))?;
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

/// A line of cause, and one of remedy.
fn lines(cause: &Cause) -> String {
    format!("cause: {}: {cause}\nremedy: {}\n", cause.name(), cause.remedy())
}

fn say(text: &str) -> Result<(), Failure> {
    let failed = |error| Failure::Running(format!("cannot write to standard output: {error}"));
    io::stdout().write_all(text.as_bytes()).map_err(failed)
}
