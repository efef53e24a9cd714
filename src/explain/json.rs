//! JSON that was read and written anew: other white space, another order, other escapes.

mod escapes;
mod tree;

use super::cause::{BodyCause, Cause};
use super::tries::Tries;
use crate::json;
use crate::verify::Verifier;
use escapes::{Slashes, Unicode, rewritten};
use std::collections::HashSet;
use tree::{Node, Spacing};

/// Most orders of keys that are tried. Two objects of four keys have 576.
const ORDERS_LIMIT: usize = 1000;

/// Longest body for which orders of keys are tried, in bytes.
const ORDERED_LIMIT_BYTES: usize = 64 * 1024;

/// What was done to JSON, if the request is right with this undone.
#[derive(Clone, Copy)]
struct Changes {
    spacing: Option<BodyCause>,
    keys: Option<BodyCause>,
    slashes: Slashes,
    unicode: Unicode,
}

impl Changes {
    fn causes(&self) -> Vec<BodyCause> {
        [self.spacing, self.keys, self.slashes.cause(), self.unicode.cause()].into_iter().flatten().collect()
    }

    fn count(&self) -> usize {
        self.causes().len()
    }
}

/// Whether the request is right with its body's JSON written otherwise: one thing changed, then several.
pub(super) fn variants(tries: &mut Tries<'_>) -> Option<Cause> {
    let text = json::check(tries.question.request.body).ok()?;
    let verifier = tries.verifier()?;
    let tree = Node::read(text)?;
    // What spacing the body has, by which its keys can be put in order and nothing else changed.
    let own = Spacing::ALL.into_iter().find(|spacing| tree.text(*spacing) == text);
    let sorted = tree.sorted();
    let is_sorted = sorted == tree;
    let mut texts: Vec<(Changes, String)> = vec![(Changes::NONE, text.to_string())];
    if let Some(own) = own.filter(|_| !is_sorted) {
        texts.push((Changes { keys: Some(BodyCause::JsonKeysUnsorted), ..Changes::NONE }, sorted.text(own)));
    }
    for spacing in Spacing::ALL.into_iter().filter(|spacing| Some(*spacing) != own) {
        let change = Some(spacing_cause(text, &tree, spacing));
        let mut written = vec![(None, tree.text(spacing))];
        if !is_sorted {
            written.push((Some(BodyCause::JsonKeysUnsorted), sorted.text(spacing)));
        }
        for (keys, text) in written {
            let ended = format!("{text}\n");
            for text in [text, ended] {
                texts.push((Changes { spacing: change, keys, ..Changes::NONE }, text));
            }
        }
    }
    let mut ranked = Vec::new();
    for (changes, text) in &texts {
        for slashes in Slashes::ALL {
            for unicode in Unicode::ALL {
                ranked.push((Changes { slashes, unicode, ..*changes }, text));
            }
        }
    }
    ranked.sort_by_key(|(changes, _)| changes.count());
    for (changes, text) in ranked {
        let Some(variant) = rewritten(text, changes.slashes, changes.unicode) else { continue };
        if changes.count() > 0 && tries.holds_with_body(&verifier, variant.as_bytes()) {
            return Some(Cause::Body(one_or_several(&changes.causes())));
        }
    }
    let is_short = text.len() <= ORDERED_LIMIT_BYTES;
    if is_sorted && is_short { orders(tries, &verifier, &tree, own) } else { None }
}

/// Whether the request is right with the keys of its body, which are sorted, in another order.
fn orders(tries: &mut Tries<'_>, verifier: &Verifier, tree: &Node<'_>, own: Option<Spacing>) -> Option<Cause> {
    let orders = tree.orders(ORDERS_LIMIT)?;
    // What sorts keys mostly writes its own spacing; what is signed mostly has none.
    let spacings: HashSet<Spacing> = own.into_iter().chain([Spacing::None, Spacing::Python]).collect();
    let mut spacings: Vec<Spacing> = spacings.into_iter().collect();
    spacings.sort_by_key(|spacing| (Some(*spacing) != own, *spacing != Spacing::None));
    for spacing in spacings {
        for order in &orders {
            if tries.holds_with_body(verifier, order.text(spacing).as_bytes()) {
                let is_own = Some(spacing) == own;
                let cause = if is_own { BodyCause::JsonKeysSorted } else { BodyCause::JsonRewritten };
                return Some(Cause::Body(cause));
            }
        }
    }
    None
}

impl Changes {
    const NONE: Changes = Changes { spacing: None, keys: None, slashes: Slashes::Kept, unicode: Unicode::Kept };
}

/// What was done to the white space of `text`, if `signed` is what it was when it was signed.
fn spacing_cause(text: &str, tree: &Node<'_>, signed: Spacing) -> BodyCause {
    if signed == Spacing::None {
        BodyCause::JsonPrettyPrinted
    } else if tree.text(Spacing::None) == text.trim_ascii() {
        BodyCause::JsonMinified
    } else {
        BodyCause::JsonRespaced
    }
}

fn one_or_several(causes: &[BodyCause]) -> BodyCause {
    if let [cause] = causes { *cause } else { BodyCause::JsonRewritten }
}
