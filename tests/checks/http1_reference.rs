//! A reader of HTTP/1.1 by the sentences of RFC 9110 and 9112, over all bytes at once: slow, plain, and sharing no code with
//! hookgate. What those leave open is decided as hookgate documents it: whatever is in doubt is refused.
#![allow(clippy::indexing_slicing, reason = "a reference is to be plain, and panics where it is wrong")]

use hookgate::http1::Limits;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// What comes after the last request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// More is to come: what is there is no whole request.
    Waits,
    /// The last request was the last of its connection.
    Closes,
    /// What stands there is refused with this status, and ends the connection.
    Refuses(u16),
}

/// All requests in `bytes`, whose bodies have `body_limit_bytes` at most.
pub(crate) fn read(bytes: &[u8], limits: &Limits, body_limit_bytes: usize) -> (Vec<Message>, Ending) {
    let mut reader = Reader { rest: bytes, limits, body_limit_bytes };
    let mut messages = Vec::new();
    loop {
        match reader.message() {
            Ok((message, true)) => messages.push(message),
            Ok((message, false)) => {
                messages.push(message);
                return (messages, Ending::Closes);
            }
            Err(ending) => return (messages, ending),
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    limits: &'a Limits,
    body_limit_bytes: usize,
}

/// A head as far as the end of the message depends on it.
struct Read {
    message: Message,
    minor: u8,
}

const MALFORMED: Ending = Ending::Refuses(400);

impl Reader<'_> {
    /// The next message, and whether another may follow it.
    fn message(&mut self) -> Result<(Message, bool), Ending> {
        while let Some(rest) = self.rest.strip_prefix(b"\r\n") {
            self.rest = rest;
        }
        let lines = self.head_lines()?;
        let Read { mut message, minor } = read_head(&lines, self.limits)?;
        check_head(&message, minor)?;
        let framing = framing(&message, minor)?;
        check_expectations(&message)?;
        message.body = match framing {
            None => self.chunks()?,
            Some(length) if length > self.body_limit_bytes as u128 => return Err(Ending::Refuses(413)),
            Some(length) => self.take(length as usize)?,
        };
        let keeps = keeps(&message, minor);
        Ok((message, keeps))
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, Ending> {
        if self.rest.len() < count {
            return Err(Ending::Waits);
        }
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(taken.to_vec())
    }

    /// The lines of a head without their ends, without the empty one that ends it.
    fn head_lines(&mut self) -> Result<Vec<Vec<u8>>, Ending> {
        let mut lines = Vec::new();
        let mut line: Vec<u8> = Vec::new();
        let mut length = 0;
        let outcome = loop {
            let Some(&byte) = self.rest.get(length) else { break Err(Ending::Waits) };
            length += 1;
            if byte != b'\n' {
                if line.last() == Some(&b'\r') {
                    break Err(MALFORMED);
                }
                line.push(byte);
                continue;
            }
            // RFC 9112 §2.2: a bare LF may be taken for a line end; two readers differ on it.
            if line.pop() != Some(b'\r') {
                break Err(MALFORMED);
            }
            if line.is_empty() {
                break Ok(());
            }
            lines.push(std::mem::take(&mut line));
        };
        // Too long is too long, malformed or not, whole or not.
        let first_line = self.rest.iter().position(|byte| *byte == b'\n').map_or(length, |at| at + 1).min(length);
        if first_line > self.limits.target_bytes + 64 {
            return Err(Ending::Refuses(414));
        }
        if length > self.limits.head_bytes {
            return Err(Ending::Refuses(431));
        }
        outcome?;
        self.rest = &self.rest[length..];
        Ok(lines)
    }

    /// RFC 9112 §7.1, byte by byte: what cannot become a chunk is refused before its line ends.
    fn chunks(&mut self) -> Result<Vec<u8>, Ending> {
        let mut body = Vec::new();
        loop {
            let size = self.chunk_size()?;
            if size == 0 {
                self.trailers()?;
                return Ok(body);
            }
            if body.len() as u128 + size > self.body_limit_bytes as u128 {
                return Err(Ending::Refuses(413));
            }
            body.extend(self.take(size as usize)?);
            self.expect(b"\r\n")?;
        }
    }

    /// chunk-size [ chunk-ext ] CRLF
    fn chunk_size(&mut self) -> Result<u128, Ending> {
        let mut size: u128 = 0;
        let mut read = 0;
        loop {
            let byte = self.byte_of_line(&mut read)?;
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                _ if read == 1 => return Err(MALFORMED),
                b'\r' => break,
                b';' => {
                    while !matches!(self.text_or_cr(&mut read)?, b'\r') {}
                    break;
                }
                _ => return Err(MALFORMED),
            };
            size = size * 16 + u128::from(digit);
            if size > u128::from(u64::MAX) {
                return Err(MALFORMED);
            }
        }
        if self.byte_of_line(&mut read)? == b'\n' { Ok(size) } else { Err(MALFORMED) }
    }

    /// The next byte of a chunk-size line of which `read` were read.
    fn byte_of_line(&mut self, read: &mut usize) -> Result<u8, Ending> {
        let byte = self.take(1)?[0];
        *read += 1;
        if *read > self.limits.chunk_line_bytes { Err(MALFORMED) } else { Ok(byte) }
    }

    fn text_or_cr(&mut self, read: &mut usize) -> Result<u8, Ending> {
        let byte = self.byte_of_line(read)?;
        if byte == b'\r' || is_text(byte) { Ok(byte) } else { Err(MALFORMED) }
    }

    /// *( field-line CRLF ) CRLF
    fn trailers(&mut self) -> Result<(), Ending> {
        let mut length = 0;
        let mut next = |reader: &mut Self| {
            let byte = reader.take(1)?[0];
            length += 1;
            if length > reader.limits.trailer_bytes { Err(MALFORMED) } else { Ok(byte) }
        };
        loop {
            let mut byte = next(self)?;
            if byte == b'\r' {
                return if next(self)? == b'\n' { Ok(()) } else { Err(MALFORMED) };
            }
            let mut name = 0;
            while byte != b':' {
                if !is_token_byte(byte) {
                    return Err(MALFORMED);
                }
                name += 1;
                byte = next(self)?;
            }
            if name == 0 {
                return Err(MALFORMED);
            }
            loop {
                byte = next(self)?;
                if byte == b'\r' {
                    break;
                }
                if !is_text(byte) {
                    return Err(MALFORMED);
                }
            }
            if next(self)? != b'\n' {
                return Err(MALFORMED);
            }
        }
    }

    fn expect(&mut self, expected: &[u8]) -> Result<(), Ending> {
        for byte in expected {
            if self.take(1)? != [*byte] {
                return Err(MALFORMED);
            }
        }
        Ok(())
    }
}

/// The request line and the fields (RFC 9112 §3, §5), the first fault first.
fn read_head(lines: &[Vec<u8>], limits: &Limits) -> Result<Read, Ending> {
    let (first, fields) = lines.split_first().ok_or(MALFORMED)?;
    let words: Vec<&[u8]> = first.split(|byte| *byte == b' ').collect();
    let [method, target, version] = words[..] else { return Err(MALFORMED) };
    let method = text(method).filter(|method| is_token(method.as_bytes())).ok_or(MALFORMED)?;
    let target = text(target).filter(|target| !target.is_empty()).ok_or(MALFORMED)?;
    if target.bytes().any(|byte| byte < b'!' || byte == 0x7f) {
        return Err(MALFORMED);
    }
    let minor = match version {
        b"HTTP/1.1" => 1,
        b"HTTP/1.0" => 0,
        // RFC 9113 §3.4: the preface of HTTP/2 is no request.
        b"HTTP/2.0" if method == "PRI" && target == "*" => return Err(MALFORMED),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => return Err(Ending::Refuses(505)),
        _ => return Err(MALFORMED),
    };
    let mut headers = Vec::new();
    for line in fields {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(MALFORMED)?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if !is_token(name) || !value.iter().all(|byte| is_text(*byte)) {
            return Err(MALFORMED);
        }
        if headers.len() == limits.fields {
            return Err(Ending::Refuses(431));
        }
        headers.push((String::from_utf8_lossy(name).into_owned(), without_white_space(value)));
    }
    if target.len() > limits.target_bytes {
        return Err(Ending::Refuses(414));
    }
    let message = Message { method, target, headers, body: Vec::new() };
    Ok(Read { message, minor })
}

/// RFC 9112 §3.2: the target is of the form that goes with the method, and there is one Host.
fn check_head(message: &Message, minor: u8) -> Result<(), Ending> {
    let Message { method, target, .. } = message;
    if target.bytes().any(|byte| byte == b'#' || byte > 0x7e) {
        return Err(MALFORMED);
    }
    let folded = target.to_ascii_lowercase();
    let behind_scheme = ["http://", "https://"].iter().find_map(|scheme| folded.strip_prefix(scheme));
    let authority = behind_scheme.and_then(|rest| rest.split(['/', '?']).next());
    // RFC 9110 §4.2.1: not without a host.
    let names_a_host = |authority: &str| !authority.is_empty() && !authority.starts_with(':') && is_host(authority);
    let fits = if method == "CONNECT" {
        target != "*" && !target.contains('/') && names_a_host(target)
    } else {
        target.starts_with('/') || authority.is_some_and(names_a_host) || (target == "*" && method == "OPTIONS")
    };
    let hosts = values(message, "host");
    let has_host = match &hosts[..] {
        [] => minor == 0,
        [host] => text(host).is_some_and(|host| is_host(&host)),
        _ => false,
    };
    if fits && has_host { Ok(()) } else { Err(MALFORMED) }
}

/// uri-host [ ":" port ] (RFC 9110 §7.2, RFC 3986 §3.2.2).
fn is_host(text: &str) -> bool {
    let (host, port) = if text.starts_with('[') {
        match text.split_once(']') {
            Some((address, "")) => (format!("{address}]"), ""),
            Some((address, rest)) => match rest.strip_prefix(':') {
                Some(port) => (format!("{address}]"), port),
                None => return false,
            },
            None => return false,
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host.to_string(), port),
            None => (text.to_string(), ""),
        }
    };
    if !port.chars().all(|character| character.is_ascii_digit()) {
        return false;
    }
    let unreserved = |character: char| character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=".contains(character);
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        if let Some((version, rest)) = address.strip_prefix(['v', 'V']).and_then(|future| future.split_once('.')) {
            let hex = !version.is_empty() && version.chars().all(|character| character.is_ascii_hexdigit());
            return hex && !rest.is_empty() && rest.chars().all(|character| unreserved(character) || character == ':');
        }
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let mut characters = host.chars();
    while let Some(character) = characters.next() {
        let escape = || characters.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        let fits =
            if character == '%' { std::iter::repeat_with(escape).take(2).all(|is| is) } else { unreserved(character) };
        if !fits {
            return false;
        }
    }
    true
}

/// RFC 9112 §6.3, where in doubt refused: the length of the body, or that it is chunked.
fn framing(message: &Message, minor: u8) -> Result<Option<u128>, Ending> {
    let (lengths, codings) = (values(message, "content-length"), values(message, "transfer-encoding"));
    if !lengths.is_empty() && !codings.is_empty() || lengths.len() > 1 || minor == 0 && !codings.is_empty() {
        return Err(MALFORMED);
    }
    if let [length] = &lengths[..] {
        if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
            return Err(MALFORMED);
        }
        let mut number: u128 = 0;
        for digit in length {
            number = number * 10 + u128::from(digit - b'0');
            if number > u128::from(u64::MAX) {
                return Err(MALFORMED);
            }
        }
        return Ok(Some(number));
    }
    match &codings[..] {
        [] => Ok(Some(0)),
        [coding] if coding.eq_ignore_ascii_case(b"chunked") => Ok(None),
        _ => Err(Ending::Refuses(501)),
    }
}

/// RFC 9110 §10.1.1.
fn check_expectations(message: &Message) -> Result<(), Ending> {
    let known = |value: &Vec<u8>| value.eq_ignore_ascii_case(b"100-continue");
    if values(message, "expect").iter().all(known) { Ok(()) } else { Err(Ending::Refuses(417)) }
}

/// Whether another request may follow (RFC 9112 §9.3).
fn keeps(message: &Message, minor: u8) -> bool {
    let joined = values(message, "connection").join(&b',').to_ascii_lowercase();
    let has = |option: &[u8]| joined.split(|byte| *byte == b',').any(|element| without_white_space(element) == option);
    !has(b"close") && (minor == 1 || has(b"keep-alive"))
}

fn values(message: &Message, name: &str) -> Vec<Vec<u8>> {
    let same = |known: &str| known.eq_ignore_ascii_case(name);
    message.headers.iter().filter(|(known, _)| same(known)).map(|(_, value)| value.clone()).collect()
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// OWS of RFC 9110 §5.6.3 is cut off.
pub(crate) fn without_white_space(value: &[u8]) -> Vec<u8> {
    let kept = |byte: &u8| *byte != b' ' && *byte != b'\t';
    match (value.iter().position(kept), value.iter().rposition(kept)) {
        (Some(first), Some(last)) => value[first..=last].to_vec(),
        _ => Vec::new(),
    }
}

fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte))
}

fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z') || "!#$%&'*+-.^_`|~".as_bytes().contains(&byte)
}

/// VCHAR, obs-text, space and tab.
fn is_text(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f || byte == b'\t'
}
