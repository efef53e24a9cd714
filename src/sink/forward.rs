//! Events posted to a URL, with the body and the header fields that they came with, and signed anew where that is wanted.

mod answer;
mod fields;
mod retry_after;

use super::{Attempt, Each, Outcome, Stopping};
use crate::config::{self, ConfigError};
use crate::store::Event;
use crate::time::UnixTime;
use crate::verify::{Secret, Signer, preset};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};
use ureq::http::{Method, Request, Response, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error};

/// Most of an answer's body that is read, in bytes: what is kept of one attempt. Of a longer one the connection is not used again.
const ANSWER_LIMIT_BYTES: usize = super::OUTPUT_LIMIT_BYTES;

/// How often the thread that minds a stop looks whether its sink is still there.
const MIND_EVERY: Duration = Duration::from_secs(60);

/// Posts each event to one URL. Connections are kept and used again, redirects are not followed, no proxy is used.
pub struct Forward {
    agent: Agent,
    url: Uri,
    signer: Option<Signer>,
    timeout: Duration,
    /// Something was answered, so that there may be a connection which is kept.
    may_keep: AtomicBool,
    /// What the thread that minds a stop lives by, once there is one.
    minded: OnceLock<Arc<()>>,
}

impl Forward {
    /// The sink of these settings. `secret` is what `settings.sign_with` refers to, and `authorities` the certificates in PEM that
    /// `settings.ca` does: the only ones that are then trusted. Without them those of Mozilla's list are, which is built in.
    ///
    /// # Errors
    /// Where the secret cannot sign, the certificates are none, or the URL is none.
    pub fn new(
        settings: &config::Forward,
        secret: Option<&Secret>,
        authorities: Option<&[u8]>,
    ) -> Result<Self, ConfigError> {
        let url = settings.url.parse().map_err(|_| {
            ConfigError::new("its url cannot be posted to", "give a URL such as http://127.0.0.1:8080/events")
        })?;
        let signer = secret.map(signer).transpose()?;
        let roots = match authorities {
            Some(pem) => certificates(pem)?,
            None => RootCerts::WebPki,
        };
        let connections = usize::try_from(settings.concurrency).unwrap_or(usize::MAX);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            // What the event did not come with is not added.
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .timeout_global(Some(settings.timeout))
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            .tls_config(TlsConfig::builder().root_certs(roots).build());
        let (agent, minded) = (config.build().new_agent(), OnceLock::new());
        Ok(Forward { agent, url, signer, timeout: settings.timeout, may_keep: AtomicBool::new(false), minded })
    }

    /// Whether anything answers within `limit` where events are posted to; what it answers does not matter, and nothing is posted.
    ///
    /// # Errors
    /// Why nothing does.
    pub fn probe(&self, limit: Duration) -> Result<(), String> {
        let mut request = Request::new(());
        *request.method_mut() = Method::OPTIONS;
        *request.uri_mut() = self.url.clone();
        let request = self.agent.configure_request(request).timeout_global(Some(limit)).build();
        let host = self.url.authority().map_or("", |authority| authority.as_str());
        self.agent.run(request).map(drop).map_err(|error| format!("{host}: {}", answer::why(&error, limit)))
    }

    /// The request that posts `event` at `now`.
    fn request<'e>(&self, event: &'e Event, id: &str, number: u32, now: UnixTime) -> Result<Request<&'e [u8]>, String> {
        let signature = match &self.signer {
            Some(signer) => {
                let signed = signer.clone().with_id(id).sign(&event.body, now);
                signed.map_err(|error| format!("it cannot be signed: {error}"))?
            }
            None => Vec::new(),
        };
        let mut request = Request::new(event.body.as_slice());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        fields::write(&event.headers, (id, number), &signature, request.headers_mut());
        Ok(request)
    }

    /// Posts `request`. The other end may be closing a connection that was kept, which is no failure of it: then it is posted once
    /// more, over another.
    fn post(&self, request: Request<&[u8]>) -> Result<Response<Body>, Error> {
        let began = Instant::now();
        let mut answered = self.agent.run(request.clone());
        if matches!(&answered, Err(Error::Io(error)) if answer::is_cut_off(error))
            && self.may_keep.load(Ordering::Acquire)
        {
            let left = self.timeout.saturating_sub(began.elapsed());
            let request = self.agent.configure_request(request).timeout_global(Some(left)).build();
            answered = self.agent.run(request);
        }
        if answered.is_ok() {
            self.may_keep.store(true, Ordering::Release);
        }
        answered
    }

    /// Has what is under way end at the moment that `stop` names.
    fn mind(&self, stop: &Stopping) {
        self.minded.get_or_init(|| {
            let alive = Arc::new(());
            let (agent, stop, sink) = (self.agent.clone(), stop.clone(), Arc::downgrade(&alive));
            let minding = std::thread::Builder::new().name("forward stop".into());
            // Where no thread can be had, an attempt ends by its own time limit.
            drop(minding.spawn(move || end_at_stop(agent, &stop, &sink)));
            alive
        });
    }
}

impl Each for Forward {
    fn attempt(&self, event: &Event, id: &str, number: u32, stop: &Stopping) -> Attempt {
        self.mind(stop);
        let request = match self.request(event, id, number, UnixTime::now()) {
            Ok(request) => request,
            Err(why) => return Outcome::Dead { why }.into(),
        };
        match self.post(request) {
            Ok(mut response) => {
                let status = response.status().as_u16();
                let after = response.headers().get("Retry-After");
                let after = after.and_then(|value| retry_after::read(value.as_bytes(), UnixTime::now()));
                // What breaks off, or takes longer than there is time, does not undo what was answered.
                let mut output = Vec::new();
                let _ = response.body_mut().as_reader().take(ANSWER_LIMIT_BYTES as u64).read_to_end(&mut output);
                match answer::outcome(status, after) {
                    Outcome::Done => Outcome::Done.into(),
                    outcome => Attempt { outcome, output },
                }
            }
            Err(_) if stop.is_over() => {
                Outcome::Retry { why: "was cut off, since the receiver stops".into(), after: None }.into()
            }
            Err(error) => Outcome::Retry { why: answer::why(&error, self.timeout), after: None }.into(),
        }
    }
}

impl std::fmt::Debug for Forward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A URL may have a secret in its path or its query.
        f.debug_struct("Forward").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

fn end_at_stop(agent: Agent, stop: &Stopping, sink: &Weak<()>) {
    while !stop.wait(MIND_EVERY) {
        if sink.strong_count() == 0 {
            return;
        }
    }
    while sink.strong_count() > 0 && !stop.is_over() {
        std::thread::sleep(stop.at_most(Duration::from_millis(100)));
    }
    agent.shutdown();
}

/// What signs by the scheme of Standard Webhooks with `secret`.
fn signer(secret: &Secret) -> Result<Signer, ConfigError> {
    let unusable = |why: String| {
        let hint = "Standard Webhooks has secrets of 24 to 64 bytes in Base64, with whsec_ before them";
        ConfigError::new(format!("its secret cannot sign: {why}"), hint)
    };
    let scheme = preset("standard-webhooks").ok_or_else(|| unusable("there is no such scheme".into()))?;
    Signer::new(&scheme, secret).map_err(|error| unusable(error.to_string()))
}

/// The certificates in `pem`.
fn certificates(pem: &[u8]) -> Result<RootCerts, ConfigError> {
    let unusable =
        |what: &str| ConfigError::new(what, "give a PEM file with the certificates of who issues the server's");
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(unusable("its ca is no PEM that can be read")),
        }
    }
    // One that cannot be read would be left out silently, and then nobody be trusted.
    let mut roots = rustls::RootCertStore::empty();
    for certificate in &found {
        let der = rustls::pki_types::CertificateDer::from(certificate.der());
        roots.add(der).map_err(|_| unusable("its ca has a certificate that cannot be read"))?;
    }
    if found.is_empty() {
        return Err(unusable("its ca has no certificate in it"));
    }
    Ok(RootCerts::new_with_certs(&found))
}
