//! JSON as a tree of its texts, written with other white space or in another order. No token is changed.

/// A value, or a member's name, as its text.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Node<'a> {
    Scalar(&'a str),
    Array(Vec<Node<'a>>),
    Object(Vec<(&'a str, Node<'a>)>),
}

/// The white space that a program writes between tokens.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Spacing {
    /// None: `JSON.stringify`, Go's `json.Marshal`, PHP's `json_encode`.
    None,
    /// A space behind each comma and colon: Python's `json.dumps`.
    Python,
    /// A line for each value, indented by this, and a space behind each colon.
    Lines(&'static str),
    /// The same with CRLF, as programs do on Windows.
    CrlfLines(&'static str),
}

impl Spacing {
    pub(super) const ALL: [Spacing; 7] = [
        Spacing::None,
        Spacing::Python,
        Spacing::Lines("  "),
        Spacing::Lines("    "),
        Spacing::Lines("\t"),
        Spacing::CrlfLines("  "),
        Spacing::CrlfLines("    "),
    ];

    fn comma(self) -> &'static str {
        if self == Spacing::Python { ", " } else { "," }
    }

    fn colon(self) -> &'static str {
        if self == Spacing::None { ":" } else { ": " }
    }

    fn write_line(self, depth: usize, out: &mut String) {
        let (end, indent) = match self {
            Spacing::None | Spacing::Python => return,
            Spacing::Lines(indent) => ("\n", indent),
            Spacing::CrlfLines(indent) => ("\r\n", indent),
        };
        out.push_str(end);
        for _ in 0..depth {
            out.push_str(indent);
        }
    }
}

impl<'a> Node<'a> {
    /// The tree of `text`, which is JSON and not deeper than [`crate::json::DEPTH_LIMIT`].
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (node, _) = read_value(text)?;
        Some(node)
    }

    /// Its text with this white space.
    pub(super) fn text(&self, spacing: Spacing) -> String {
        let mut out = String::new();
        self.write(spacing, 0, &mut out);
        out
    }

    fn write(&self, spacing: Spacing, depth: usize, out: &mut String) {
        let between = |at: usize, out: &mut String| {
            if at > 0 {
                out.push_str(spacing.comma());
            }
            spacing.write_line(depth + 1, out);
        };
        match self {
            Node::Scalar(text) => out.push_str(text),
            Node::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    between(at, out);
                    item.write(spacing, depth + 1, out);
                }
                if !items.is_empty() {
                    spacing.write_line(depth, out);
                }
                out.push(']');
            }
            Node::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    between(at, out);
                    out.push_str(name);
                    out.push_str(spacing.colon());
                    value.write(spacing, depth + 1, out);
                }
                if !members.is_empty() {
                    spacing.write_line(depth, out);
                }
                out.push('}');
            }
        }
    }

    /// The same with the keys of each object in the order of their bytes.
    pub(super) fn sorted(&self) -> Self {
        match self {
            Node::Scalar(text) => Node::Scalar(text),
            Node::Array(items) => Node::Array(items.iter().map(Node::sorted).collect()),
            Node::Object(members) => {
                let mut members: Vec<_> = members.iter().map(|(name, value)| (*name, value.sorted())).collect();
                // The quotes, which all have, would put `"a"` behind `"a!"`.
                members.sort_by_key(|(name, _)| name.trim_matches('"'));
                Node::Object(members)
            }
        }
    }

    /// The same with the keys of its objects in every order, or nothing where there are more than `limit`.
    pub(super) fn orders(&self, limit: usize) -> Option<Vec<Self>> {
        if self.count_orders()? > limit {
            return None;
        }
        Some(match self {
            Node::Scalar(text) => vec![Node::Scalar(text)],
            Node::Array(items) => {
                let items = items.iter().map(|item| item.orders(limit)).collect::<Option<Vec<_>>>()?;
                products(&items).into_iter().map(Node::Array).collect()
            }
            Node::Object(members) => {
                let values = members.iter().map(|(_, value)| value.orders(limit)).collect::<Option<Vec<_>>>()?;
                let mut orders = Vec::new();
                for values in products(&values) {
                    let members: Vec<_> = members.iter().map(|(name, _)| *name).zip(values).collect();
                    orders.extend(permutations(members).into_iter().map(Node::Object));
                }
                orders
            }
        })
    }

    fn count_orders(&self) -> Option<usize> {
        match self {
            Node::Scalar(_) => Some(1),
            Node::Array(items) => product(items.iter().map(Node::count_orders)),
            Node::Object(members) => {
                let factorial = product((1..=members.len()).map(Some))?;
                product(members.iter().map(|(_, value)| value.count_orders()))?.checked_mul(factorial)
            }
        }
    }
}

/// All of `factors` multiplied, or nothing where that is more than can be counted.
fn product(mut factors: impl Iterator<Item = Option<usize>>) -> Option<usize> {
    factors.try_fold(1_usize, |product, factor| product.checked_mul(factor?))
}

/// Each way to take one of each.
fn products<T: Clone>(choices: &[Vec<T>]) -> Vec<Vec<T>> {
    choices.iter().fold(vec![Vec::new()], |made, choices| {
        let longer = |start: &Vec<T>| {
            let start = start.clone();
            choices.iter().map(move |choice| [start.as_slice(), std::slice::from_ref(choice)].concat())
        };
        made.iter().flat_map(longer).collect()
    })
}

/// All of `items`, in each order.
fn permutations<T: Clone>(items: Vec<T>) -> Vec<Vec<T>> {
    if items.len() < 2 {
        return vec![items];
    }
    let mut all = Vec::new();
    for at in 0..items.len() {
        let mut rest = items.clone();
        let first = rest.remove(at);
        all.extend(permutations(rest).into_iter().map(|rest| [vec![first.clone()], rest].concat()));
    }
    all
}

/// The value that `text` begins with, and what follows it.
fn read_value(text: &str) -> Option<(Node<'_>, &str)> {
    let text = text.trim_ascii_start();
    let first = text.as_bytes().first()?;
    match first {
        b'[' => {
            let mut rest = text.get(1..)?.trim_ascii_start();
            let mut items = Vec::new();
            while !rest.starts_with(']') {
                let (item, after) = read_value(rest)?;
                items.push(item);
                rest = after_comma(after);
            }
            Some((Node::Array(items), rest.get(1..)?))
        }
        b'{' => {
            let mut rest = text.get(1..)?.trim_ascii_start();
            let mut members = Vec::new();
            while !rest.starts_with('}') {
                let (name, after) = rest.split_at_checked(scalar_bytes(rest))?;
                let (value, after) = read_value(after.trim_ascii_start().strip_prefix(':')?)?;
                members.push((name, value));
                rest = after_comma(after);
            }
            Some((Node::Object(members), rest.get(1..)?))
        }
        _ => {
            let (scalar, rest) = text.split_at_checked(scalar_bytes(text))?;
            if scalar.is_empty() { None } else { Some((Node::Scalar(scalar), rest)) }
        }
    }
}

fn after_comma(text: &str) -> &str {
    let text = text.trim_ascii_start();
    text.strip_prefix(',').unwrap_or(text).trim_ascii_start()
}

/// Length of the string, number or name that `text` begins with, in bytes.
fn scalar_bytes(text: &str) -> usize {
    let Some(inside) = text.strip_prefix('"') else {
        return text.find([',', ']', '}', ' ', '\t', '\r', '\n', ':']).unwrap_or(text.len());
    };
    let mut is_escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 2,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\"b\": [1, {}, \"a\\\"]\"],\r\n\t\"a!\":null ,\"a\":{\"x\":-1.0e0}, \"e\":[]}";

    #[test]
    fn each_spacing_is_that_of_the_program_it_is_named_for() {
        let tree = Node::read(TEXT).unwrap();
        for (spacing, text) in [
            (Spacing::None, r#"{"b":[1,{},"a\"]"],"a!":null,"a":{"x":-1.0e0},"e":[]}"#),
            (Spacing::Python, r#"{"b": [1, {}, "a\"]"], "a!": null, "a": {"x": -1.0e0}, "e": []}"#),
            (
                Spacing::Lines("  "),
                "{\n  \"b\": [\n    1,\n    {},\n    \"a\\\"]\"\n  ],\n  \"a!\": null,\n  \"a\": {\n    \"x\": -1.0e0\n  },\n  \"e\": []\n}",
            ),
        ] {
            assert_eq!(tree.text(spacing), text);
        }
        assert_eq!(tree.text(Spacing::CrlfLines("\t")), tree.text(Spacing::Lines("\t")).replace('\n', "\r\n"));
    }

    #[test]
    fn keys_are_sorted_in_every_object() {
        let tree = Node::read(r#"[{"b":1,"a!":{"d":1,"c":2},"a":3}]"#).unwrap();
        assert_eq!(tree.sorted().text(Spacing::None), r#"[{"a":3,"a!":{"c":2,"d":1},"b":1}]"#);
    }

    #[test]
    fn every_order_of_keys_is_made_once_or_none_where_there_are_too_many() {
        let texts = |text, limit| {
            let orders = Node::read(text).unwrap().orders(limit)?;
            let mut texts: Vec<_> = orders.iter().map(|order| order.text(Spacing::None)).collect();
            texts.sort_unstable();
            Some(texts)
        };
        assert_eq!(texts(r#"{"a":1,"b":2}"#, 2).unwrap(), [r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#]);
        let mut nested = texts(r#"{"a":{"x":1,"y":2,"z":3},"b":[{"p":1,"q":2}]}"#, 24).unwrap();
        assert_eq!(nested.len(), 24);
        nested.dedup();
        assert_eq!(nested.len(), 24);
        assert_eq!(texts(r#"{"a":{"x":1,"y":2,"z":3},"b":[{"p":1,"q":2}]}"#, 23), None);
        let wide = format!("{{{}}}", (0..100).map(|at| format!("\"{at}\":0")).collect::<Vec<_>>().join(","));
        assert_eq!(texts(&wide, usize::MAX), None, "more than can be counted");
    }
}
