//! Failures that the exit status tells apart.

/// Only an administrator may do that.
#[derive(Debug)]
pub struct NeedsElevation {
    /// What was tried, as in "register the drivers".
    pub what: &'static str,
}

impl std::fmt::Display for NeedsElevation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "only an administrator can {}: open a terminal with \"Run as administrator\" and repeat \
             the command there",
            self.what
        )
    }
}

impl std::error::Error for NeedsElevation {}

/// The exit status for an error.
pub fn exit_status(error: &anyhow::Error) -> u8 {
    if error.is::<NeedsElevation>() { 5 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn elevation_has_its_own_status_under_any_context() {
        let refused: Result<(), _> = Err(NeedsElevation {
            what: "register the drivers",
        });
        let error = refused.context("cannot go on").expect_err("an error");
        assert_eq!(exit_status(&error), 5);
        assert!(format!("{error:#}").contains("administrator can register the drivers"));
        assert_eq!(exit_status(&anyhow!("anything else")), 1);
    }
}
