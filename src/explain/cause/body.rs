//! What may have happened to a body.

use super::Words;

/// What may have happened to a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyCause {
    /// A newline was added at its end.
    NewlineAdded,
    /// A newline was taken from its end.
    NewlineRemoved,
    /// CRLF became LF.
    CrlfToLf,
    /// LF became CRLF.
    LfToCrlf,
    /// A byte order mark was put before it.
    BomAdded,
    /// The byte order mark was taken from it.
    BomRemoved,
    /// Several of these: newline at the end, line ends, byte order mark.
    Text,
    /// White space between the tokens of its JSON was taken out.
    JsonMinified,
    /// White space was put between the tokens of its JSON.
    JsonPrettyPrinted,
    /// The white space between the tokens of its JSON was exchanged.
    JsonRespaced,
    /// The keys of its JSON were sorted.
    JsonKeysSorted,
    /// The keys of its JSON were sorted where it was signed, and are not here.
    JsonKeysUnsorted,
    /// `/` became `\/`.
    JsonSlashesEscaped,
    /// `\/` became `/`.
    JsonSlashesUnescaped,
    /// Characters became `\u` escapes.
    JsonUnicodeEscaped,
    /// `\u` escapes became characters.
    JsonUnicodeUnescaped,
    /// Several of these: its JSON was read and written anew.
    JsonRewritten,
    /// The form was decoded.
    FormDecoded,
    /// The form was encoded where it had not been when it was signed.
    FormEncoded,
    /// The form was decoded and encoded again, with other escapes.
    FormReencoded,
    /// It is what one field of the form held.
    FormFieldTaken,
    /// It was compressed when it was signed, by what the head says, and is not now.
    ContentEncodingUndone,
    /// It was compressed after it was signed.
    ContentEncodingKept,
}

/// What nearly every change of a body asks for.
const AS_IT_CAME: &str = "verify the bytes as they came, before anything reads or writes them";

impl BodyCause {
    pub(super) fn words(self) -> Words {
        let (name, says) = match self {
            BodyCause::NewlineAdded => ("body-newline-added", "the body ends with a newline that was not signed"),
            BodyCause::NewlineRemoved => {
                ("body-newline-removed", "the body lacks the newline at its end that was signed")
            }
            BodyCause::CrlfToLf => ("body-crlf-to-lf", "the body's line ends are LF; CRLF was signed"),
            BodyCause::LfToCrlf => ("body-lf-to-crlf", "the body's line ends are CRLF; LF was signed"),
            BodyCause::BomAdded => ("body-bom-added", "the body begins with a byte order mark that was not signed"),
            BodyCause::BomRemoved => ("body-bom-removed", "the body lacks the byte order mark that was signed"),
            BodyCause::Text => (
                "body-as-text",
                "the body was handled as text: several of line ends, last newline and byte order mark differ",
            ),
            BodyCause::JsonMinified => {
                ("json-minified", "the body's JSON lost the white space between its tokens that was signed")
            }
            BodyCause::JsonPrettyPrinted => {
                ("json-pretty-printed", "the body's JSON has white space between its tokens that was not signed")
            }
            BodyCause::JsonRespaced => {
                ("json-respaced", "the body's JSON has other white space between its tokens than was signed")
            }
            BodyCause::JsonKeysSorted => ("json-keys-sorted", "the keys of the body's JSON were sorted"),
            BodyCause::JsonKeysUnsorted => {
                ("json-keys-unsorted", "the JSON was signed with its keys sorted, and the body's are not")
            }
            BodyCause::JsonSlashesEscaped => {
                (r"json-slashes-escaped", r"the body's JSON has \/ in its strings where / was signed")
            }
            BodyCause::JsonSlashesUnescaped => {
                (r"json-slashes-unescaped", r"the body's JSON has / in its strings where \/ was signed")
            }
            BodyCause::JsonUnicodeEscaped => {
                ("json-unicode-escaped", r"the body's JSON has \u escapes where the characters themselves were signed")
            }
            BodyCause::JsonUnicodeUnescaped => {
                ("json-unicode-unescaped", r"the body's JSON has characters themselves where \u escapes were signed")
            }
            BodyCause::JsonRewritten => (
                "json-rewritten",
                "the body's JSON was read and written anew: several of white space, escapes and order differ",
            ),
            BodyCause::FormDecoded => ("form-decoded", "the body is a form that was decoded; it was signed encoded"),
            BodyCause::FormEncoded => ("form-encoded", "the body is an encoded form; it was signed decoded"),
            BodyCause::FormReencoded => {
                ("form-reencoded", "the body is a form encoded with other escapes than was signed")
            }
            BodyCause::FormFieldTaken => {
                ("form-field-taken", "the body is what one field of the form held; the whole form was signed")
            }
            BodyCause::ContentEncodingUndone => (
                "content-encoding-undone",
                "the body is not encoded, though its Content-Encoding says so: it is not what was sent",
            ),
            BodyCause::ContentEncodingKept => {
                ("content-encoding-kept", "the body is still compressed; it was signed before that")
            }
        };
        let remedy = match self {
            BodyCause::JsonKeysUnsorted | BodyCause::FormEncoded => "let the sender sign the bytes that it sends",
            BodyCause::ContentEncodingKept => {
                "let the sender sign the bytes that it sends, or undo the encoding before"
            }
            BodyCause::ContentEncodingUndone => "let the proxy pass the body on as it came, or ask the sender for none",
            _ => AS_IT_CAME,
        };
        (name, says, remedy)
    }
}
