//! What hyper's server reads in the same bytes: a reader that many run, and that shares nothing with ours but `httparse`.

use super::checks::{run, without_continue};
use super::http1_reference::Message;
use hookgate::http1::{Limits, Want};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// More fields than any trailers here have, which hyper counts and we do not: ours have a bound of bytes.
const FIELDS_MOST: usize = 10_000;

/// Holds what the connection makes of `bytes` against what hyper does. What holds for all bytes:
///
/// 1. The first request that we see is the first that hyper sees, and so on: the same method, target and body. (The target of
///    the absolute form is compared as a URI, since hyper writes the path `/` where there is none.)
/// 2. We see no more requests than hyper does. So where it sees one, we never see two.
/// 3. Where we see fewer, we have answered that something is wrong, or have closed the connection as its request asked: we
///    never wait for the rest of a request that hyper takes for whole.
///
/// Left out are streams that hyper leaves earlier than HTTP asks for: see [`left_by_hyper_alone`].
pub(crate) fn check(bytes: &[u8]) {
    // In pieces smaller than the limit of a body: none is there whole when it is refused for its length.
    let ours = without_continue(run(bytes.chunks(500), &Limits::default()));
    let theirs = read(bytes);
    for (ours, theirs) in ours.seen.iter().zip(&theirs) {
        assert_eq!((&ours.method, uri(&ours.target), &ours.body), (&theirs.method, uri(&theirs.target), &theirs.body));
    }
    if let Some(more) = ours.seen.get(theirs.len()) {
        let last = theirs.len().checked_sub(1).and_then(|last| ours.seen.get(last));
        assert!(left_by_hyper_alone(last, more), "hyper sees {} requests, and not {more:?}", theirs.len());
    }
    if ours.seen.len() < theirs.len() {
        assert_ne!(ours.want, Want::Read, "hyper sees {:?} too", theirs.get(ours.seen.len()));
    }
}

/// Whether hyper has a reason of its own to read no further than `last`: `next` has a target that it takes for no URI; or
/// `last` has a Connection with bytes over 127, of which it reads nothing, so that it sees no `keep-alive` of HTTP/1.0.
fn left_by_hyper_alone(last: Option<&Message>, next: &Message) -> bool {
    let unread = |(name, value): &(String, Vec<u8>)| name.eq_ignore_ascii_case("Connection") && !value.is_ascii();
    uri(&next.target).is_none() || last.is_some_and(|last| last.headers.iter().any(unread))
}

fn uri(target: &str) -> Option<Uri> {
    target.parse().ok()
}

/// The whole requests that hyper sees in `bytes`, without their fields.
fn read(bytes: &[u8]) -> Vec<Message> {
    let seen = Arc::<Mutex<Vec<Message>>>::default();
    let service = service_fn({
        let seen = Arc::clone(&seen);
        move |request| answer(request, Arc::clone(&seen))
    });
    let memory = Memory { rest: bytes.to_vec() };
    // The client ends its side behind its last byte, and still reads the answers.
    let connection = Builder::new().half_close(true).max_headers(FIELDS_MOST).serve_connection(memory, service);
    let mut connection = pin!(connection);
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&woken));
    // All that it waits for is in memory, so that it ends, or wakes itself.
    while woken.0.swap(false, Ordering::SeqCst) {
        if connection.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            break;
        }
    }
    let noted = seen.lock().expect("nobody panics with it");
    noted.clone()
}

/// Notes `request` where its body comes whole, and refuses it, so that no upgrade and no tunnel comes of it.
async fn answer(request: Request<Incoming>, seen: Arc<Mutex<Vec<Message>>>) -> Result<Response<Nothing>, hyper::Error> {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut incoming).poll_frame(context)).await {
        if let Ok(data) = frame?.into_data() {
            body.extend_from_slice(&data);
        }
    }
    let message = Message { method: head.method.to_string(), target: head.uri.to_string(), headers: Vec::new(), body };
    seen.lock().expect("nobody panics with it").push(message);
    let mut response = Response::new(Nothing);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    Ok(response)
}

/// A connection whose client has sent all it will.
struct Memory {
    rest: Vec<u8>,
}

impl Read for Memory {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, mut buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let count = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl Write for Memory {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A body of no bytes.
struct Nothing;

impl Body for Nothing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}
