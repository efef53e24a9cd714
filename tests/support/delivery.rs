//! Deliveries of which every byte follows from their name, so that any process can make them again.

use super::dice::Dice;
use super::request::{Post, signed};

/// A name that nobody else gives: `place` tells who gives it, `number` which of his it is. `fill_bytes` is how much its body
/// holds beside the name.
pub(crate) fn name(place: &str, number: usize, fill_bytes: usize) -> String {
    format!("{place}-{number}-{fill_bytes}")
}

/// The body of the delivery called `name`.
pub(crate) fn body(name: &str) -> Vec<u8> {
    let (_, fill_bytes) = name.rsplit_once('-').expect("a name ends with the size");
    let fill_bytes: usize = fill_bytes.parse().expect("the size is a number");
    let mut dice = Dice::of(0, name);
    let mut body = format!(r#"{{"delivery":"{name}","fill":""#).into_bytes();
    let end = body.len() + fill_bytes;
    while body.len() < end {
        // Twelve letters a throw, of 32 that a string takes as they are.
        let throw = dice.throw();
        body.extend((0..12).map(|letter| b'@' + u8::try_from((throw >> (5 * letter)) & 31).expect("five bits")));
        // A backslash would escape what follows it.
        for byte in body.iter_mut().rev().take(12).filter(|byte| **byte == b'\\') {
            *byte = b'`';
        }
    }
    body.truncate(end);
    body.extend_from_slice(b"\"}");
    body
}

/// The delivery called `name`, signed.
pub(crate) fn post(name: &str) -> Post {
    signed(body(name)).header("X-GitHub-Event", "crash").header("X-GitHub-Delivery", name)
}

/// Sizes as they come: most small, some of a few pages, a few of many.
pub(crate) fn usual_bytes(dice: &mut Dice) -> usize {
    match dice.below(40) {
        0 => dice.below(200_000),
        1..=5 => dice.below(20_000),
        _ => dice.below(1_000),
    }
}

#[test]
fn a_delivery_is_json_and_made_the_same_again() {
    for fill_bytes in [0, 1, 11, 12, 13, 5000] {
        let name = name("here", 7, fill_bytes);
        let made = body(&name);
        let value: serde_json::Value = serde_json::from_slice(&made).unwrap();
        assert_eq!(value["delivery"], name.as_str());
        assert_eq!(value["fill"].as_str().map(str::len), Some(fill_bytes));
        assert_eq!(body(&name), made);
    }
}
