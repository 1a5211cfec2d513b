//! The parts of `play` that do not depend on where the driver comes from.

pub mod feed;
pub mod handler;
pub mod report;
pub mod routing;
