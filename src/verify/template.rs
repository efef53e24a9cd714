//! What a signature is over, piece by piece, and how that is written: `{timestamp}.{body}`.

use std::fmt;

/// One piece of what the MAC is computed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This text.
    Literal(String),
    /// The raw body.
    Body,
    /// The timestamp, verbatim as received.
    Timestamp,
    /// The signed id, verbatim as received.
    Id,
    /// The URL that the provider posts to: scheme, authority and path as configured, the query as received.
    Url,
    /// The same with the escapes of `:/?@!$'()*,;` undone, as HubSpot signs it.
    UrlUnescaped,
    /// The method.
    Method,
    /// The secret, where it is hashed with the rest ([`Algorithm::Sha256`](super::Algorithm::Sha256)).
    #[cfg(feature = "providers")]
    Secret,
    /// The URL as [`Piece::Url`], with and without the port that is its scheme's own: either may have been signed.
    #[cfg(feature = "providers")]
    UrlAnyPort,
    /// The body's form: each name and its value, decoded, by name and then value, the same pair once. Nothing between them.
    #[cfg(feature = "providers")]
    FormSorted,
    /// The URL and the body's form as Plivo signs them: scheme, authority and path as configured; `?` and the query's fields,
    /// decoded and sorted, as `name=value` with `&` between them; `.` where both have fields; the form as
    /// [`Piece::FormSorted`], the same pair as often as it comes.
    #[cfg(feature = "providers")]
    UrlFormSorted,
    /// The string, number or boolean at this pointer of the JSON that the signature stands in; nothing where there is none.
    #[cfg(feature = "providers")]
    Json(String),
}

/// Each piece that is no literal, and its name.
const NAMES: &[(&str, Piece)] = &[
    ("body", Piece::Body),
    ("timestamp", Piece::Timestamp),
    ("id", Piece::Id),
    ("url", Piece::Url),
    ("url_unescaped", Piece::UrlUnescaped),
    ("method", Piece::Method),
    #[cfg(feature = "providers")]
    ("secret", Piece::Secret),
    #[cfg(feature = "providers")]
    ("url_any_port", Piece::UrlAnyPort),
    #[cfg(feature = "providers")]
    ("form_sorted", Piece::FormSorted),
    #[cfg(feature = "providers")]
    ("url_form_sorted", Piece::UrlFormSorted),
];

#[cfg(feature = "providers")]
const MORE_NAMES: &str = " {json:/pointer}";
#[cfg(not(feature = "providers"))]
const MORE_NAMES: &str = "";

/// The piece called `name`.
fn named(name: &str) -> Option<Piece> {
    #[cfg(feature = "providers")]
    if let Some(pointer) = name.strip_prefix("json:") {
        return Some(Piece::Json(pointer.to_string()));
    }
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, piece)| piece.clone())
}

/// The pieces of a template's `text`: names in braces, the rest literal. `{{` and `}}` are braces themselves.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            literal.push_str(from.get(..1).unwrap_or_default());
            rest = after;
            continue;
        }
        let Some((name, after)) = from.strip_prefix('{').and_then(|from| from.split_once('}')) else {
            return Err("a brace without its counterpart; a brace itself is written {{ or }}".to_string());
        };
        let Some(piece) = named(name) else {
            let known = NAMES.iter().map(|(name, _)| format!("{{{name}}}")).collect::<Vec<_>>().join(" ");
            return Err(format!("unknown piece {{{name}}}; there are {known}{MORE_NAMES}"));
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(piece);
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// The text that [`parse`] makes `template` of.
#[must_use]
pub fn text(template: &[Piece]) -> String {
    template.iter().map(ToString::to_string).collect()
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::Literal(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            #[cfg(feature = "providers")]
            Piece::Json(pointer) => write!(f, "{{json:{pointer}}}"),
            piece => {
                let name = NAMES.iter().find(|(_, known)| known == piece).map_or("", |(name, _)| name);
                write!(f, "{{{name}}}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_string())
    }

    #[test]
    fn a_template_is_its_pieces_in_order_and_reads_back_as_itself() {
        for (text, pieces) in [
            ("{body}", vec![Piece::Body]),
            ("v0:{timestamp}:{body}", vec![literal("v0:"), Piece::Timestamp, literal(":"), Piece::Body]),
            ("{method}{url}{id}", vec![Piece::Method, Piece::Url, Piece::Id]),
            ("{{{body}}}", vec![literal("{"), Piece::Body, literal("}")]),
            ("", vec![]),
            #[cfg(feature = "providers")]
            ("{url_any_port}{form_sorted}", vec![Piece::UrlAnyPort, Piece::FormSorted]),
            #[cfg(feature = "providers")]
            ("{url_form_sorted}.{id}", vec![Piece::UrlFormSorted, literal("."), Piece::Id]),
            #[cfg(feature = "providers")]
            ("{json:/a}:{json:/b/c~1d}", vec![Piece::Json("/a".into()), literal(":"), Piece::Json("/b/c~1d".into())]),
        ] {
            assert_eq!(parse(text), Ok(pieces.clone()), "{text}");
            assert_eq!(super::text(&pieces), text);
        }
    }

    #[test]
    fn what_is_no_template_is_refused_with_what_is_wrong() {
        let unpaired = "a brace without its counterpart; a brace itself is written {{ or }}";
        for text in ["{", "}", "{body", "body}", "{body}}", "{body}{"] {
            assert_eq!(parse(text), Err(unpaired.to_string()), "{text}");
        }
        assert!(parse("{Body}").is_err_and(|why| why.starts_with("unknown piece {Body}; there are {body} ")));
        assert!(parse("{}").is_err_and(|why| why.starts_with("unknown piece {};")));
    }
}
