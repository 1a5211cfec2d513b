//! The faults that can be planted.

/// What a driver of this crate does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nothing: the driver is sound.
    None,
    /// Writes more than 32 bytes for its name.
    LongName,
    /// Writes an answer although the call fails.
    WritesOnFailure,
    /// The position goes back now and then.
    PositionGoesBack,
    /// Touches null.
    NullCrash,
    /// Waits for itself when it is stopped inside its own callback.
    HangsInStop,
    /// Stops only when the callback has come back.
    StopWaits,
    /// Calls the host after `disposeBuffers`.
    CallsAfterDispose,
    /// All blocks are in half 0.
    SameHalf,
    /// The halves of two channels are the same memory.
    SharedHalves,
    /// Promises every sample rate.
    RateLies,
    /// Takes every block size and uses its own.
    IgnoresBlock,
    /// Forgets its memory at the last `Release`.
    FreedTwice,
    /// Reads the host's list of callbacks at every block.
    KeepsCallbacks,
    /// Says that it has started although there are no buffers.
    StartsNothing,
    /// Answers `future` with 0 for yes.
    FutureZero,
    /// Goes on only after `outputReady`.
    WaitsForReady,
    /// Calls the host inside `start` and waits for it there.
    CallsInStart,
    /// Leaves the way in out of its latencies.
    LatencyTooShort,
    /// Counts a way out into its latencies that there is not.
    LatencyTooLong,
}

impl Fault {
    /// All of them, the sound driver first.
    pub const ALL: [Fault; 20] = [
        Fault::None,
        Fault::LongName,
        Fault::WritesOnFailure,
        Fault::PositionGoesBack,
        Fault::NullCrash,
        Fault::HangsInStop,
        Fault::StopWaits,
        Fault::CallsAfterDispose,
        Fault::SameHalf,
        Fault::SharedHalves,
        Fault::RateLies,
        Fault::IgnoresBlock,
        Fault::FreedTwice,
        Fault::KeepsCallbacks,
        Fault::StartsNothing,
        Fault::FutureZero,
        Fault::WaitsForReady,
        Fault::CallsInStart,
        Fault::LatencyTooShort,
        Fault::LatencyTooLong,
    ];

    /// The name of the fault, or `sound`.
    pub const fn name(self) -> &'static str {
        match self {
            Fault::None => "sound",
            Fault::LongName => "long-name",
            Fault::WritesOnFailure => "writes-on-failure",
            Fault::PositionGoesBack => "position-goes-back",
            Fault::NullCrash => "null-crash",
            Fault::HangsInStop => "hangs-in-stop",
            Fault::StopWaits => "stop-waits",
            Fault::CallsAfterDispose => "calls-late",
            Fault::SameHalf => "same-half",
            Fault::SharedHalves => "shared-halves",
            Fault::RateLies => "rate-lies",
            Fault::IgnoresBlock => "ignores-block",
            Fault::FreedTwice => "freed-twice",
            Fault::KeepsCallbacks => "keeps-callbacks",
            Fault::StartsNothing => "starts-nothing",
            Fault::FutureZero => "future-zero",
            Fault::WaitsForReady => "waits-for-ready",
            Fault::CallsInStart => "calls-in-start",
            Fault::LatencyTooShort => "latency-too-short",
            Fault::LatencyTooLong => "latency-too-long",
        }
    }

    /// The fault of that name.
    pub fn named(name: &str) -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// The checks that notice it, with what they make of it: the validator's own words.
    pub const fn noticed_by(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Fault::None => &[],
            Fault::LongName => &[
                ("memory", "failed"),
                ("before-init", "failed"),
                ("while-running", "failed"),
            ],
            Fault::WritesOnFailure => &[("before-init", "failed")],
            Fault::PositionGoesBack => &[
                ("position", "failed"),
                ("block-sizes", "failed"),
                ("odd-block-sizes", "failed"),
            ],
            Fault::NullCrash => &[("null-pointers", "crashed")],
            Fault::HangsInStop => &[("from-callback", "crashed")],
            Fault::StopWaits => &[("held-callback", "warning")],
            Fault::CallsAfterDispose => &[
                ("life-cycle", "failed"),
                ("open-close", "failed"),
                ("other-threads", "failed"),
                ("from-callback", "failed"),
                ("passing-callbacks", "failed"),
            ],
            Fault::SameHalf => &[
                ("halves", "failed"),
                ("block-sizes", "failed"),
                ("odd-block-sizes", "failed"),
                ("slow-callback", "warning"),
            ],
            Fault::SharedHalves => &[("memory", "failed")],
            Fault::RateLies => &[("rates", "failed"), ("senseless-rates", "failed")],
            Fault::IgnoresBlock => &[("block-sizes", "failed"), ("odd-block-sizes", "failed")],
            Fault::FreedTwice => &[("extra-release", "crashed")],
            Fault::KeepsCallbacks => &[("passing-callbacks", "failed")],
            Fault::StartsNothing => &[("call-orders", "failed"), ("random-calls", "failed")],
            Fault::FutureZero => &[("facts", "failed")],
            Fault::WaitsForReady => &[("output-ready", "failed")],
            Fault::CallsInStart => &[("held-callback", "warning")],
            Fault::LatencyTooShort => &[("measured-latency", "warning")],
            Fault::LatencyTooLong => &[("measured-latency", "failed")],
        }
    }
}
