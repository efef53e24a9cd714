//! The verifier in a plain function: no server, no clock, nothing but bytes in and a verdict out.
//!
//!     cargo run --example plain_function
#![expect(clippy::print_stdout, reason = "a program that prints its verdict")]

use hookgate::{Head, Header, Refusal, Request, Secret, UnixTime, Verifier, preset};

/// Whether `body` was signed by who knows the verifier's secret. `signature` is the value of X-Hub-Signature-256.
fn judge(verifier: &Verifier, signature: &str, body: &[u8], now: UnixTime) -> Result<(), Refusal> {
    let headers = [Header { name: "X-Hub-Signature-256", value: signature.as_bytes() }];
    let head = Head { method: "POST", target: "/", headers: &headers };
    verifier.verify(&Request { head, body }, now)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scheme = preset("github").ok_or("no such preset")?;
    let secret = Secret::new(b"It's a Secret to Everybody".to_vec())?;
    let verifier = Verifier::new(scheme, [("main".to_string(), secret)])?;

    // The testing values of GitHub Docs, "Validating webhook deliveries".
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let now = UnixTime::now();
    assert_eq!(judge(&verifier, signature, b"Hello, World!", now), Ok(()));
    assert_eq!(judge(&verifier, signature, b"Hello, World?", now), Err(Refusal::SignatureMismatch));
    assert_eq!(judge(&verifier, "", b"Hello, World!", now), Err(Refusal::MalformedSignature));
    println!("the signed body was accepted, the forged ones were refused");
    Ok(())
}
