//! Validates the drivers of this crate inside its own process.

fn main() {}
