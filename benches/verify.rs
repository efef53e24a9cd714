//! Placeholder until the benches stand.
fn main() {}
