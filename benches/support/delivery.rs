//! Deliveries as GitHub makes them, for all benches.

use hookgate::{Head, Header, Request, Secret, preset, sign};

/// GitHub Docs, "Validating webhook deliveries", testing values.
pub(crate) const SECRET: &[u8] = b"It's a Secret to Everybody";

/// The fields that GitHub sends (GitHub Docs, "Webhook events and payloads", example delivery), and those of any client of
/// HTTP. The signature comes last, so that whoever looks for it passes all others.
pub(crate) const FIELDS: [(&str, &[u8]); 11] = [
    ("Host", b"hooks.example.org"),
    ("User-Agent", b"GitHub-Hookshot/044aadd"),
    ("Content-Length", b"7321"),
    ("Accept", b"*/*"),
    ("Content-Type", b"application/json"),
    ("X-GitHub-Delivery", b"72d3162e-cc78-11e3-81ab-4c9367dc0958"),
    ("X-GitHub-Event", b"push"),
    ("X-GitHub-Hook-ID", b"292430182"),
    ("X-GitHub-Hook-Installation-Target-ID", b"79929171"),
    ("X-GitHub-Hook-Installation-Target-Type", b"repository"),
    ("X-Hub-Signature", b"sha1=7d38cdd689735b008b3c702edd92eea23791c5f6"),
];

/// A body and what signs it.
pub(crate) struct Delivery {
    pub(crate) body: Vec<u8>,
    pub(crate) signature: String,
}

impl Delivery {
    /// `body`, rightly signed.
    pub(crate) fn signed(body: Vec<u8>) -> Delivery {
        let secret = Secret::new(SECRET.to_vec()).expect("it is not empty");
        let fields = sign(&preset("github").expect("a preset"), &secret, &body);
        let signature = fields.into_iter().map(|(_, value)| value).collect();
        Delivery { body, signature }
    }

    /// Eight of `bytes` each, or one where eight are more than 512 KiB. Each has a body and so a signature of its own, since a
    /// branch predictor would learn the digits of one that comes again and again; and they are few, so that they lie where a
    /// request lies that was just read: in the nearest cache.
    pub(crate) fn several(bytes: usize) -> Vec<Delivery> {
        let how_many = if bytes > 64 * 1024 { 1 } else { 8 };
        (0..how_many).map(|which| Delivery::signed(vec![which; bytes])).collect()
    }

    /// The signature's bytes, decoded without a care for speed.
    pub(crate) fn tag(&self) -> [u8; 32] {
        let digits = self.signature.strip_prefix("sha256=").expect("sign writes it");
        let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("sign writes hex digits");
        std::array::from_fn(byte)
    }

    /// All header fields of the delivery.
    pub(crate) fn headers(&self) -> Vec<Header<'_>> {
        let signature = ("X-Hub-Signature-256", self.signature.as_bytes());
        FIELDS.into_iter().chain([signature]).map(|(name, value)| Header { name, value }).collect()
    }

    /// The request that it comes as, with these `headers`.
    pub(crate) fn request<'a>(&'a self, headers: &'a [Header<'a>]) -> Request<'a> {
        Request { head: Head { method: "POST", target: "/webhook", headers }, body: &self.body }
    }
}
