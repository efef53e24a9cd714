//! What is signed of one request, piece by piece: fed to a MAC as it lies there.

#[cfg(feature = "providers")]
use super::form::Form;
use super::template::Piece;
use crate::request::Request;

/// What a template's pieces stand for in one request.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) timestamp: &'a [u8],
    pub(super) id: &'a [u8],
    pub(super) url: &'a Url,
    /// The key, where it is hashed as a part of the text; nothing elsewhere.
    #[cfg(feature = "providers")]
    pub(super) secret: &'a [u8],
    /// The request's form, where the scheme signs its parameters.
    #[cfg(feature = "providers")]
    pub(super) form: Option<&'a Form<'a>>,
}

/// Scheme, authority and path of the URL that the provider posts to.
pub(super) struct Url {
    as_received: String,
    /// The same as HubSpot signs it: done once.
    unescaped: Vec<u8>,
}

impl Url {
    pub(super) fn new(url: &str) -> Self {
        let mut unescaped = Vec::new();
        unescape(url.as_bytes(), &mut |bytes| unescaped.extend_from_slice(bytes));
        Url { as_received: url.to_string(), unescaped }
    }

    #[cfg(feature = "providers")]
    pub(super) fn as_str(&self) -> &str {
        &self.as_received
    }
}

impl<'a> Text<'a> {
    /// That of `request`, with its timestamp and id.
    #[inline(always)]
    pub(super) fn new(request: &'a Request<'a>, (timestamp, id): (&'a [u8], &'a [u8]), url: &'a Url) -> Self {
        Text {
            request,
            timestamp,
            id,
            url,
            #[cfg(feature = "providers")]
            secret: &[],
            #[cfg(feature = "providers")]
            form: None,
        }
    }

    /// Gives the bytes of `template` to `take`: the body as it lies there, uncopied; what is short gathered before it, since
    /// a hash takes one piece faster than five.
    #[inline(always)]
    pub(super) fn feed(&self, template: &[Piece], mut take: impl FnMut(&[u8])) {
        match template {
            [Piece::Body] => take(self.request.body),
            _ => self.feed_pieces(template, take),
        }
    }

    // Not inlined: most schemes sign the body alone, and what that takes stays small.
    #[inline(never)]
    fn feed_pieces(&self, template: &[Piece], mut take: impl FnMut(&[u8])) {
        let mut gathered = Gathered { bytes: [0; GATHERED_BYTES], len: 0 };
        for piece in template {
            match piece {
                Piece::Literal(text) => gathered.put(text.as_bytes(), &mut take),
                Piece::Timestamp => gathered.put(self.timestamp, &mut take),
                Piece::Id => gathered.put(self.id, &mut take),
                // It is fed elsewhere: see `in_body`.
                #[cfg(feature = "providers")]
                Piece::Json(_) => {}
                #[cfg(feature = "providers")]
                // Kept nowhere else: the hash wipes what it copies.
                Piece::Secret => {
                    gathered.give(&mut take);
                    take(self.secret);
                }
                Piece::Method => gathered.put(self.request.head.method.as_bytes(), &mut take),
                Piece::Body => {
                    let rest = gathered.fill_block(self.request.body);
                    gathered.give(&mut take);
                    take(rest);
                }
                #[cfg(feature = "providers")]
                Piece::FormSorted | Piece::UrlFormSorted => {
                    gathered.give(&mut take);
                    self.feed_form(piece, &mut take);
                }
                #[cfg(feature = "providers")]
                Piece::UrlAnyPort => self.put_url(&mut gathered, &mut take),
                Piece::Url => self.put_url(&mut gathered, &mut take),
                Piece::UrlUnescaped => {
                    gathered.put(&self.url.unescaped, &mut take);
                    if let Some(query) = self.request.head.query() {
                        gathered.put(b"?", &mut take);
                        unescape(query.as_bytes(), &mut |bytes| gathered.put(bytes, &mut take));
                    }
                }
            }
        }
        gathered.give(&mut take);
    }

    #[inline(always)]
    fn put_url(&self, gathered: &mut Gathered, take: &mut impl FnMut(&[u8])) {
        gathered.put(self.url.as_received.as_bytes(), take);
        if let Some(query) = self.request.head.query() {
            gathered.put(b"?", take);
            gathered.put(query.as_bytes(), take);
        }
    }

    #[cfg(feature = "providers")]
    #[cold]
    fn feed_form(&self, piece: &Piece, take: &mut impl FnMut(&[u8])) {
        match (self.form, piece) {
            (Some(form), Piece::UrlFormSorted) => form.feed_with_url(self.url.as_received.as_bytes(), take),
            (Some(form), _) => form.feed(take),
            (None, _) => {}
        }
    }
}

/// Room for what is short: an id, a timestamp and what stands between them.
const GATHERED_BYTES: usize = 128;

/// Length of a block of SHA-1 and SHA-256, in bytes (FIPS 180-4 §1).
const BLOCK_BYTES: usize = 64;

/// Bytes that wait to be fed together.
struct Gathered {
    bytes: [u8; GATHERED_BYTES],
    len: usize,
}

impl Gathered {
    /// Keeps `piece` for later, or gives it to `take`, behind what is kept, where there is no room for it.
    #[inline(always)]
    fn put(&mut self, piece: &[u8], take: &mut impl FnMut(&[u8])) {
        if let ([byte], Some(room)) = (piece, self.bytes.get_mut(self.len)) {
            // What parts two pieces is mostly one byte, and no call is worth that.
            *room = *byte;
            self.len += 1;
        } else if let Some(room) = self.bytes.get_mut(self.len..self.len + piece.len()) {
            room.copy_from_slice(piece);
            self.len += piece.len();
        } else {
            self.give(take);
            take(piece);
        }
    }

    /// Fills up the last block of what is kept, if there is anything, from the start of `body`, and gives back the rest of that.
    /// A hash takes whole blocks from where they lie, and has to copy what is less.
    #[inline(always)]
    fn fill_block<'b>(&mut self, body: &'b [u8]) -> &'b [u8] {
        let missing = self.len.wrapping_neg() % BLOCK_BYTES;
        match (body.split_at_checked(missing), self.bytes.get_mut(self.len..self.len + missing)) {
            (Some((start, rest)), Some(room)) => {
                room.copy_from_slice(start);
                self.len += missing;
                rest
            }
            _ => body,
        }
    }

    #[inline(always)]
    fn give(&mut self, take: &mut impl FnMut(&[u8])) {
        if self.len > 0 {
            take(self.bytes.split_at(self.len).0);
            self.len = 0;
        }
    }
}

/// The characters whose escapes HubSpot undoes (HubSpot's developer documentation, "Validate requests", v3).
const UNESCAPED: &[u8] = b":/?@!$'()*,;";

/// Gives `text` to `take` with the escapes of [`UNESCAPED`] undone.
fn unescape(mut text: &[u8], take: &mut impl FnMut(&[u8])) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.iter().position(|byte| *byte == b'%')) {
        let at = from + at;
        let digits = text.get(at + 1..at + 3).unwrap_or_default();
        let mut byte = [0];
        if hex::decode_to_slice(digits, &mut byte).is_ok() && UNESCAPED.contains(&byte[0]) {
            take(text.get(..at).unwrap_or_default());
            take(&byte);
            text = text.get(at + 3..).unwrap_or_default();
            from = 0;
        } else {
            from = at + 1;
        }
    }
    take(text);
}

/// Whether `url` is one that requests are posted to, up to where a query would begin.
pub(super) fn is_base_url(url: &str) -> bool {
    let authority = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    authority.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && url.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_escapes_that_hubspot_undoes_are_undone_and_no_others() {
        for (text, expected) in [
            ("/a?b=c", "/a?b=c"),
            ("%3A%2f%3F%40%21%24%27%28%29%2A%2c%3B", ":/?@!$'()*,;"),
            ("%20%41%25%3d", "%20%41%25%3d"),
            ("%%3A%3", "%:%3"),
            ("%", "%"),
            ("%253A", "%253A"),
        ] {
            let mut out = Vec::new();
            unescape(text.as_bytes(), &mut |bytes| out.extend_from_slice(bytes));
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
        }
    }
}
