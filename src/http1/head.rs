//! Reading a request's head, stricter than the parser underneath.

use super::framing::{Framing, Values, of_values};
use super::limits::Limits;
use crate::request::{Head, Header};
use crate::verify::Refusal;
use memchr::memmem::Finder;
use std::mem::MaybeUninit;
use std::sync::LazyLock;

/// What a head says of its message and connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) framing: Framing,
    /// HTTP/1.0 rather than 1.1.
    pub(super) http_1_0: bool,
    /// The client wants the connection kept.
    pub(super) keep: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
}

/// How a head that begins at the start of the input ends.
pub(super) enum End {
    /// With the byte before this one.
    At(usize),
    /// It does not, up to here.
    NotBefore(usize),
    /// It does not: the byte before this one is a line end other than CRLF, which need not be waited out.
    MalformedAt(usize),
}

/// The end of a line and the empty line behind it. The CR before it is for [`first_bare_lf`] to see: no two bytes of this stand
/// at the end of every line, so that the search stops nowhere else.
static EMPTY_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n\r\n"));

/// Looks for the end of a head in `bytes`, of which the first `from` were looked through before.
pub(super) fn find_end(bytes: &[u8], from: usize) -> End {
    // It may have begun in what was looked through.
    let begin = from.saturating_sub(2);
    let end = EMPTY_LINE.find(bytes.get(begin..).unwrap_or_default()).map(|at| begin + at + 3);
    let head = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    let bare_lf = match end {
        Some(_) if !has_bare_lf(head) => None,
        // Without an end it may be long, and few lines.
        _ => first_bare_lf(head, from),
    };
    match (bare_lf, end) {
        (Some(at), _) => End::MalformedAt(at + 1),
        (None, Some(end)) => End::At(end),
        (None, None) => End::NotBefore(bytes.len()),
    }
}

/// Whether `head` has an LF without a CR before it: all of it at once, since line by line a whole head takes longer.
fn has_bare_lf(head: &[u8]) -> bool {
    let pairs = head.iter().zip(head.get(1..).unwrap_or_default());
    head.starts_with(b"\n") | pairs.fold(false, |any, (before, byte)| any | ((*byte == b'\n') & (*before != b'\r')))
}

/// Where the first such LF is, of those from `from` on, line by line.
fn first_bare_lf(head: &[u8], from: usize) -> Option<usize> {
    let mut line_ends = memchr::memchr_iter(b'\n', head.get(from..).unwrap_or_default()).map(|at| from + at);
    line_ends.find(|at| !head.get(..*at).unwrap_or_default().ends_with(b"\r"))
}

/// Where `bytes`, the beginning of a head of which the first `from` were looked through before, show a CR that is not of a line
/// end: behind the byte after it. What is malformed by it need not be waited out.
pub(super) fn find_bare_cr(bytes: &[u8], from: usize) -> Option<usize> {
    // What was looked through may end with a CR.
    let from = from.saturating_sub(1);
    let mut behind = memchr::memchr_iter(b'\r', bytes.get(from..).unwrap_or_default()).map(|at| from + at + 1);
    behind.find(|at| bytes.get(*at).is_some_and(|byte| *byte != b'\n')).map(|at| at + 1)
}

/// Parses `bytes`, one whole head with its last empty line, and gives it to `with`.
pub(super) fn parse<R>(bytes: &[u8], limits: &Limits, with: impl FnOnce(&Head<'_>, Facts) -> R) -> Result<R, Refusal> {
    let mut slots = [MaybeUninit::uninit(); Limits::FIELDS_MOST];
    let fields = slots.get_mut(..limits.fields).ok_or(Refusal::HeadTooLong)?;
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, fields) {
        Ok(httparse::Status::Complete(end)) if end == bytes.len() => {}
        Ok(_) => return Err(Refusal::MalformedHead),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLong),
        Err(httparse::Error::Version) => return Err(of_another_version(bytes)),
        Err(_) => return Err(Refusal::MalformedHead),
    }
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version) else {
        return Err(Refusal::MalformedHead);
    };
    if target.len() > limits.target_bytes {
        return Err(Refusal::TargetTooLong);
    }
    // Most heads have few fields: those need not pay for the most.
    const FEW: usize = 24;
    let mut few = [EMPTY; FEW];
    let mut many;
    let headers = match few.get_mut(..request.headers.len()) {
        Some(headers) => headers,
        None => {
            many = [EMPTY; Limits::FIELDS_MOST];
            many.get_mut(..request.headers.len()).ok_or(Refusal::HeadTooLong)?
        }
    };
    for (header, parsed) in headers.iter_mut().zip(request.headers.iter()) {
        *header = Header { name: parsed.name, value: parsed.value };
    }
    let head = Head { method, target, headers };
    let facts = facts(&head, minor == 0)?;
    Ok(with(&head, facts))
}

const EMPTY: Header<'static> = Header { name: "", value: &[] };

fn facts(head: &Head<'_>, http_1_0: bool) -> Result<Facts, Refusal> {
    // One pass over the fields: with a search for each of these names, this was the dearest part of a head.
    let (mut hosts, mut lengths, mut encodings) = (Values::default(), Values::default(), Values::default());
    let (mut keeps, mut closes) = (false, false);
    let (mut expects_continue, mut expects_other) = (false, false);
    for header in head.headers {
        let is = |name: &str| header.is_named(name);
        match header.name.len() {
            4 if is("Host") => hosts.add(header),
            6 if is("Expect") => {
                let known = header.trimmed().eq_ignore_ascii_case(b"100-continue");
                expects_continue |= known;
                expects_other |= !known;
            }
            10 if is("Connection") => {
                for token in header.value.split(|byte| *byte == b',') {
                    closes |= token.trim_ascii().eq_ignore_ascii_case(b"close");
                    keeps |= token.trim_ascii().eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if is("Content-Length") => lengths.add(header),
            17 if is("Transfer-Encoding") => encodings.add(header),
            _ => {}
        }
    }
    check_target(head)?;
    check_host(hosts, http_1_0)?;
    let framing = of_values(lengths, encodings, http_1_0)?;
    if expects_other {
        return Err(Refusal::UnknownExpectation);
    }
    Ok(Facts {
        framing,
        http_1_0,
        keep: (keeps || !http_1_0) && !closes,
        // RFC 9110 §10.1.1: from HTTP/1.0 it is ignored.
        expects_continue: expects_continue && !http_1_0,
    })
}

/// The forms of RFC 9112 §3.2, each for the methods that may have it.
fn check_target(head: &Head<'_>) -> Result<(), Refusal> {
    let Head { method, target, .. } = *head;
    let visible = target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let of_a_form = match target.as_bytes() {
        b"*" => method == "OPTIONS",
        [b'/', ..] => method != "CONNECT",
        _ if method == "CONNECT" => !target.contains('/') && is_authority(target),
        _ => head.authority().is_some_and(is_authority),
    };
    if visible && of_a_form { Ok(()) } else { Err(Refusal::MalformedHead) }
}

/// RFC 9110 §4.2.1: an authority has a host, unlike a Host; §4.2.4: and tells of no user.
fn is_authority(authority: &str) -> bool {
    !authority.is_empty() && !authority.starts_with(':') && valid_host(authority.as_bytes())
}

/// RFC 9112 §3.2: exactly one valid Host in HTTP/1.1, and never two.
fn check_host(hosts: Values<'_>, http_1_0: bool) -> Result<(), Refusal> {
    match hosts {
        Values::None if http_1_0 => Ok(()),
        Values::One(host) if valid_host(host) => Ok(()),
        _ => Err(Refusal::MalformedHead),
    }
}

/// `uri-host [ ":" port ]` of RFC 9110 §7.2, the host possibly empty.
fn valid_host(value: &[u8]) -> bool {
    let place = |wanted: u8| value.iter().position(|byte| *byte == wanted);
    let (host, port) = match value {
        [b'[', ..] => match place(b']') {
            Some(end) => value.split_at(end + 1),
            None => return false,
        },
        _ => value.split_at(place(b':').unwrap_or(value.len())),
    };
    let valid_port = match port {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let valid_host = match host {
        [b'[', address @ .., b']'] => {
            let address = std::str::from_utf8(address).unwrap_or_default();
            address.parse::<std::net::Ipv6Addr>().is_ok() || is_future_address(address)
        }
        name => is_registered_name(name),
    };
    valid_host && valid_port
}

/// IPvFuture of RFC 3986 §3.2.2.
fn is_future_address(address: &str) -> bool {
    let Some((version, rest)) = address.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    let hex = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex && !rest.is_empty() && rest.bytes().all(|byte| is_name_byte(byte) || byte == b':')
}

/// reg-name of RFC 3986 §3.2.2, which IPv4 addresses are too.
fn is_registered_name(name: &[u8]) -> bool {
    let mut rest = name.iter();
    while let Some(byte) = rest.find(|byte| !is_name_byte(**byte)) {
        let escaped = *byte == b'%' && rest.by_ref().take(2).filter(|digit| digit.is_ascii_hexdigit()).count() == 2;
        if !escaped {
            return false;
        }
    }
    true
}

/// unreserved and sub-delims of RFC 3986 §2.
fn is_name_byte(byte: u8) -> bool {
    // Written out as a pattern, which compiles to a test of bits: it is asked for every byte of every Host.
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9'
        | b'-' | b'.' | b'_' | b'~'
        | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

/// The refusal of a request line whose version the parser does not know: 505 for another version of HTTP, 400 for what is
/// none, and for the preface of HTTP/2, which is no request.
fn of_another_version(head: &[u8]) -> Refusal {
    // The whole line, whatever bare CR stands in it.
    let line = head.split(|byte| *byte == b'\n').next().and_then(|line| line.strip_suffix(b"\r")).unwrap_or_default();
    let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = parts.as_slice() else { return Refusal::MalformedHead };
    match *version {
        _ if method.is_empty() || target.is_empty() => Refusal::MalformedHead,
        _ if line == b"PRI * HTTP/2.0" => Refusal::MalformedHead,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Refusal::UnsupportedVersion
        }
        _ => Refusal::MalformedHead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As [`find_end`] says it, byte by byte.
    fn find_end_slowly(bytes: &[u8]) -> (char, usize) {
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            if !bytes[..at].ends_with(b"\r") {
                return ('m', at + 1);
            }
            if bytes[..=at].ends_with(b"\r\n\r\n") {
                return ('a', at + 1);
            }
        }
        ('n', bytes.len())
    }

    fn shown(end: End) -> (char, usize) {
        match end {
            End::MalformedAt(end) => ('m', end),
            End::At(end) => ('a', end),
            End::NotBefore(end) => ('n', end),
        }
    }

    #[test]
    fn a_head_ends_at_the_same_byte_however_it_comes() {
        // Every text of seven bytes out of these, behind as many plain ones as move it over the blocks that are looked at at once.
        for plain in [0, 1, 30, 31, 61] {
            for number in 0..3_usize.pow(7) {
                let mut text = vec![b'a'; plain];
                text.extend((0..7).map(|place| b"a\r\n"[number / 3_usize.pow(place) % 3]));
                let expected = find_end_slowly(&text);
                assert_eq!(shown(find_end(&text, 0)), expected, "{text:?}");
                // What was looked through without finding an end.
                let (found, end) = expected;
                let undecided = if found == 'n' { text.len() } else { end - 1 };
                for looked in plain..=undecided {
                    assert_eq!(shown(find_end(&text, looked)), expected, "{text:?} from {looked}");
                }
            }
        }
    }
}
