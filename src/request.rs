//! One HTTP request as plain borrowed data: what the verifier, the receiver and both fronts share.

use std::fmt;

/// One header field as it arrived. The name is matched without regard to case (RFC 9110 §5.1); the value is bytes,
/// since HTTP promises no text (§5.5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Field name, without the colon.
    pub name: &'a str,
    /// Field value as received, white space around it included or not.
    pub value: &'a [u8],
}

impl<'a> Header<'a> {
    /// Whether it is called `name`, in whatever case.
    #[inline]
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        // Names of one length mostly differ in their last letter, and one that doesn't mostly comes as it is documented: the letters
        // are gone through for the rest. Where they are the same, so is what is left without the bit that tells their case.
        let last = |name: &str| name.as_bytes().last().map(|byte| byte | 0x20);
        self.name.len() == name.len()
            && last(self.name) == last(name)
            && (self.name == name || self.name.eq_ignore_ascii_case(name))
    }

    /// The value without the optional white space around it (space and tab: RFC 9110 §5.6.3).
    #[must_use]
    pub fn trimmed(&self) -> &'a [u8] {
        without_optional_white_space(self.value)
    }
}

/// All of a request but its body.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// Method, case-sensitive (RFC 9110 §9.1).
    pub method: &'a str,
    /// Request target as received: origin form (`/webhook?x=1`) or absolute form (`http://host/webhook`).
    pub target: &'a str,
    /// Header fields in the order received, repeated ones included.
    pub headers: &'a [Header<'a>],
}

/// A whole request: its head and its body, byte for byte as received (after chunked decoding, before any other).
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Method, target and header fields.
    pub head: Head<'a>,
    /// The raw body: what signatures are computed over.
    pub body: &'a [u8],
}

impl<'a> Head<'a> {
    /// The path of the target, without its query, not decoded. An absolute-form target gives the part after its
    /// authority (RFC 9112 §3.2.2), `*` gives itself.
    #[must_use]
    pub fn path(&self) -> &'a str {
        let target = match self.absolute() {
            Some((_, rest)) => rest,
            None => self.target,
        };
        // Paths are short: a search that has to be set up takes longer than a look at each byte.
        let end = target.bytes().position(|byte| byte == b'?').unwrap_or(target.len());
        match target.get(..end) {
            None | Some("") => "/",
            Some(path) => path,
        }
    }

    /// The query of the target, without its question mark, not decoded; nothing where there is no question mark.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Whether the target is of the absolute form: `http://` or `https://` and an authority.
    #[must_use]
    pub fn has_absolute_target(&self) -> bool {
        self.absolute().is_some()
    }

    /// The authority of an absolute-form target, which need not be a valid one, or nothing where the target is of another form.
    #[must_use]
    pub fn authority(&self) -> Option<&'a str> {
        self.absolute().map(|(authority, _)| authority)
    }

    /// The authority of an absolute-form target and what follows it, or nothing where the target is of another form.
    fn absolute(&self) -> Option<(&'a str, &'a str)> {
        // Most targets are a path.
        if self.target.starts_with('/') {
            return None;
        }
        let (scheme, rest) = self.target.split_once("://")?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        rest.split_at_checked(end)
    }

    /// The values of every field called `name`, in order, without the optional white space around them
    /// (space and tab: RFC 9110 §5.6.3). Nothing else is stripped.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let headers = self.headers;
        headers.iter().filter(move |header| header.is_named(name)).map(Header::trimmed)
    }

    /// The first value of the field called `name`, as [`Head::values`] gives it.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.values(name).next()
    }
}

/// `value` without the optional white space around it (space and tab: RFC 9110 §5.6.3).
pub(crate) fn without_optional_white_space(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

// A request's bytes are a stranger's or, once verified, somebody's business: `Debug` shows their shape.

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ({} bytes)", self.name, self.value.len())
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("method", &self.method).field("headers", &self.headers).finish_non_exhaustive()
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("head", &self.head).field("body_bytes", &self.body.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(target: &str) -> &str {
        Head { method: "POST", target, headers: &[] }.path()
    }

    #[test]
    fn a_header_is_named_what_the_standard_library_says_in_whatever_case() {
        let names: Vec<String> = (0..128).map(|byte| format!("x{}", char::from(byte))).collect();
        for name in &names {
            for wanted in names.iter().flat_map(|wanted| [wanted.clone(), wanted.to_ascii_uppercase()]) {
                let header = Header { name, value: b"" };
                assert_eq!(header.is_named(&wanted), name.eq_ignore_ascii_case(&wanted), "{name:?} {wanted:?}");
            }
            let header = Header { name, value: b"" };
            assert!(!header.is_named("") && !header.is_named("x") && !header.is_named(&format!("x{name}")), "{name:?}");
        }
        assert!(Header { name: "", value: b"" }.is_named(""));
    }

    #[test]
    fn the_path_is_the_target_without_its_query() {
        assert_eq!(path("/webhook"), "/webhook");
        assert_eq!(path("/webhook?a=/b?c"), "/webhook");
        assert_eq!(path("/a%2Fb"), "/a%2Fb");
        assert_eq!(path("?x"), "/");
        assert_eq!(path("*"), "*");
    }

    #[test]
    fn an_absolute_target_gives_the_part_after_its_authority() {
        assert_eq!(path("http://example.org/webhook?x=1"), "/webhook");
        assert_eq!(path("HTTPS://user@[::1]:80/a"), "/a");
        assert_eq!(path("http://example.org"), "/");
        assert_eq!(path("http://example.org?x"), "/");
        assert_eq!(path("ftp://example.org/a"), "ftp://example.org/a");
        assert_eq!(path("/redirect?to=http://example.org/webhook"), "/redirect");
    }

    #[test]
    fn the_query_is_all_behind_the_first_question_mark() {
        let query = |target| Head { method: "POST", target, headers: &[] }.query();
        assert_eq!(query("/webhook?a=/b?c"), Some("a=/b?c"));
        assert_eq!(query("http://example.org?x"), Some("x"));
        assert_eq!(query("/webhook?"), Some(""));
        assert_eq!(query("/webhook"), None);
    }

    #[test]
    fn white_space_around_a_value_is_stripped_and_nothing_else() {
        for (raw, value) in
            [(" \tx y\t ", "x y"), ("x", "x"), ("", ""), (" ", ""), ("\x0bx\x0c", "\x0bx\x0c"), ("\rx\n", "\rx\n")]
        {
            let headers = [Header { name: "X-Name", value: raw.as_bytes() }];
            let head = Head { method: "POST", target: "/", headers: &headers };
            assert_eq!(head.value("x-nAME"), Some(value.as_bytes()), "{raw:?}");
        }
    }

    #[test]
    fn debug_shows_no_value_and_no_body() {
        let headers = [Header { name: "Authorization", value: b"Bearer hunter2" }];
        let request =
            Request { head: Head { method: "POST", target: "/?token=hunter2", headers: &headers }, body: b"hunter2" };
        assert!(!format!("{request:?}").contains("hunter2"));
    }
}
