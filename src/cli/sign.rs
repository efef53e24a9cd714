//! `hookgate sign`.

use super::input::{SchemeOption, SecretOptions, read_body};
use super::wrong;
use crate::json;
use crate::minimal::Failure;
use crate::payload;
use crate::request::{Head, Header};
use crate::sink::EventIds;
use crate::time::UnixTime;
use crate::verify::{CannotSign, Place, Refusal, Scheme, Secret, Signer};
use clap::Args;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Prints the headers that sign a body, one a line; or the body, where the signature stands in it.
#[derive(Args)]
#[command(before_help = "Example: hookgate sign --secret-file ./secret --curl http://127.0.0.1:5000/webhook push.json")]
pub(super) struct Sign {
    #[command(flatten)]
    signing: Signing,
    /// Print a curl command that posts it to this URL
    #[arg(long, value_name = "URL")]
    curl: Option<String>,
    /// URL that it is posted to, where the scheme signs that (default: that of --curl)
    #[arg(long)]
    url: Option<String>,
    /// The body; - is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
}

/// What is sent.
pub(super) struct Delivery {
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether the signature stands in the body.
    is_sealed: bool,
}

/// What makes a signed delivery out of a body.
#[derive(Args)]
pub(super) struct Signing {
    #[command(flatten)]
    scheme: SchemeOption,
    #[command(flatten)]
    secrets: SecretOptions,
    /// Event type to name in the headers
    #[arg(long, value_name = "TYPE")]
    event: Option<String>,
    /// Delivery id to name in the headers, and to sign where the scheme does; made up where it is signed and not given
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The time to sign for, in seconds since 1970 (default: now)
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    now: Option<i64>,
    #[arg(skip)]
    known: OnceLock<Known>,
}

/// What is signed by, read once for all deliveries.
struct Known {
    scheme: Scheme,
    secrets: Vec<(String, Secret)>,
}

impl Signing {
    fn known(&self) -> Result<&Known, Failure> {
        match self.known.get() {
            Some(known) => Ok(known),
            None => {
                let known = Known { scheme: self.scheme.scheme()?, secrets: self.secrets.secrets()? };
                Ok(self.known.get_or_init(|| known))
            }
        }
    }

    /// The scheme that is signed by.
    pub(super) fn scheme(&self) -> Result<&Scheme, Failure> {
        self.known().map(|known| &known.scheme)
    }

    /// Whether an id was given.
    pub(super) fn has_id(&self) -> bool {
        self.id.is_some()
    }

    /// The header fields and the body of a delivery of `body` to `url`, signed with the first secret.
    pub(super) fn delivery(&self, body: &[u8], url: Option<&str>) -> Result<Delivery, Failure> {
        self.delivery_of(body, url, self.id.as_deref())
    }

    /// The same for a delivery of this id. Where the scheme has no header for that, its body has to say it.
    pub(super) fn delivery_with_id(&self, body: &[u8], url: Option<&str>, id: &str) -> Result<Delivery, Failure> {
        let scheme = self.scheme()?;
        let has_header = scheme.delivery_id.iter().any(|place| matches!(place, Place::Header(_)));
        self.delivery_of(body, url, (scheme.signs_id() || has_header).then_some(id))
    }

    fn delivery_of(&self, body: &[u8], url: Option<&str>, id: Option<&str>) -> Result<Delivery, Failure> {
        let Known { scheme, secrets } = self.known()?;
        let Some((label, secret)) = secrets.first() else {
            return Err(wrong("there is no secret", "give --secret-file FILE"));
        };
        let cannot = |error: CannotSign| {
            let hint = match &error {
                CannotSign::Secret(_) => format!("give the secret as the provider shows it for {}", scheme.name),
                CannotSign::PublicKey => {
                    "sign with a private key of your own, and let the receiver verify with its public one".to_string()
                }
                CannotSign::NoUrl | CannotSign::InvalidUrl => "give --url https://example.com/webhook".to_string(),
                CannotSign::NoId | CannotSign::InvalidId => "give --id ID, of letters and digits".to_string(),
                CannotSign::Refused(Refusal::UncoveredBody) => match &scheme.body_hash_parameter {
                    Some(name) => {
                        let hash = hex::encode(Sha256::digest(body));
                        format!("sign a form, or give --url with {name}={hash} in its query")
                    }
                    None => format!("{} signs forms: give one", scheme.name),
                },
                CannotSign::Refused(_) => "give a form whose every % has two hex digits behind it".to_string(),
                CannotSign::Scheme(_) => "mend the scheme's file".to_string(),
                CannotSign::InBody | CannotSign::NoPlace => {
                    "give a body as the provider sends it: JSON, with the lists and objects that the signature stands in"
                        .to_string()
                }
            };
            wrong(format!("cannot sign for {} with the secret {label}: {error}", scheme.name), hint)
        };
        let mut signer = Signer::new(scheme, secret).map_err(cannot)?;
        let now = self.now.map_or_else(UnixTime::now, UnixTime::from_s);
        let mut headers = named(scheme, &scheme.event_type, self.event.as_deref(), "--event")?;
        match (scheme.signs_id(), id) {
            (true, Some(id)) => signer = signer.with_id(id),
            // As providers do: an id of its own for each.
            (true, None) => signer = signer.with_id(&EventIds::starting(now).next_id()),
            (false, id) => headers.extend(named(scheme, &scheme.delivery_id, id, "--id")?),
        }
        if let Some(url) = url {
            signer = signer.with_url(url);
        }
        let (signed, body) = signer.deliver(body, now).map_err(cannot)?;
        headers.extend(signed);
        Ok(Delivery { headers, body, is_sealed: scheme.signature_in_body.is_some() })
    }

    /// The Content-Type that makes a receiver read `body` as what it is.
    pub(super) fn content_type(&self, body: &[u8]) -> Result<&'static str, Failure> {
        const JSON: &str = "application/json";
        const FORM: &str = "application/x-www-form-urlencoded";
        let scheme = self.scheme()?;
        let is_taken = |content_type: &str| {
            let headers = [Header { name: "Content-Type", value: content_type.as_bytes() }];
            payload::read(&scheme.payload, &Head { method: "POST", target: "/", headers: &headers }, body).is_ok()
        };
        let is_json = json::check(body).is_ok() && is_taken(JSON);
        Ok(if !is_json && is_taken(FORM) { FORM } else { JSON })
    }
}

/// The field that holds `value` in the first header of `places`, where both are given.
fn named(scheme: &Scheme, places: &[Place], value: Option<&str>, flag: &str) -> Result<Vec<(String, String)>, Failure> {
    let Some(value) = value else { return Ok(Vec::new()) };
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(wrong(format!("{flag} cannot stand in a header"), "give text without control characters"));
    }
    let header = places.iter().find_map(|place| match place {
        Place::Header(name) => Some((name.clone(), value.to_string())),
        Place::Json(_) => None,
    });
    match header {
        Some(header) => Ok(vec![header]),
        None => Err(wrong(format!("the scheme {} has no header for {flag}", scheme.name), "put it in the body")),
    }
}

impl Sign {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let body = read_body(&self.file)?;
        let url = self.url.as_deref().or(self.curl.as_deref());
        let Delivery { headers, body, is_sealed } = self.signing.delivery(&body, url)?;
        let mut out = Vec::new();
        match &self.curl {
            None if is_sealed => out.extend_from_slice(&body),
            None => {
                for (name, value) in &headers {
                    out.extend_from_slice(format!("{name}: {value}\n").as_bytes());
                }
            }
            Some(url) => {
                let content_type = ("Content-Type".to_string(), self.signing.content_type(&body)?.to_string());
                let headers: Vec<_> = std::iter::once(content_type).chain(headers).collect();
                // A body with its signature in it stands in no file.
                let file = if is_sealed { Path::new("-") } else { &self.file };
                out.extend_from_slice(curl(url, &headers, file, &body).as_bytes());
                out.push(b'\n');
            }
        }
        match io::stdout().write_all(&out) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(Failure::Running(format!("cannot write to standard output: {error}"))),
        }
    }
}

/// A command for a POSIX shell that posts `body`: from its file where it has one, else from the command itself.
fn curl(url: &str, headers: &[(String, String)], file: &Path, body: &[u8]) -> String {
    let fields: String =
        headers.iter().map(|(name, value)| format!(" -H {}", quoted(&format!("{name}: {value}")))).collect();
    let command = format!("curl -sS -i -X POST{fields}");
    let url = quoted(url);
    match (file.to_str().filter(|path| *path != "-"), std::str::from_utf8(body)) {
        (Some(path), _) => format!("{command} --data-binary {} {url}", quoted(&format!("@{path}"))),
        // --data-raw takes a leading @ for what it is.
        (None, Ok(text)) if !text.contains('\0') => format!("{command} --data-raw {} {url}", quoted(text)),
        (None, _) => {
            let octal: String = body.iter().map(|byte| format!("\\{byte:03o}")).collect();
            format!("printf {} | {command} --data-binary @- {url}", quoted(&octal))
        }
    }
}

/// `text` as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
