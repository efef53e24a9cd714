//! What it costs, and what it keeps to itself.
