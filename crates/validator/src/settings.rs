//! How to check.

use std::time::Duration;

/// What all checks are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where everything random comes from; the same seed gives the same run.
    pub seed: u64,
    /// Fewer rounds and shorter streams.
    pub quick: bool,
    /// How often what is repeated is repeated; without it as often as the check likes.
    pub rounds: Option<u32>,
    /// What a check may take. When half of it is over, the rest of what is only repetition is left
    /// out.
    pub limit: Duration,
    /// A second instance must play beside the first; without it, it may be refused.
    pub second_must_play: bool,
}

impl Settings {
    /// What a check may take unless the user says otherwise.
    pub const LIMIT: Duration = Duration::from_secs(90);

    /// A full run from that seed.
    pub fn new(seed: u64) -> Settings {
        Settings {
            seed,
            quick: false,
            rounds: None,
            limit: Settings::LIMIT,
            second_must_play: false,
        }
    }
}
