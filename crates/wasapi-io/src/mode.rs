//! What can be chosen about a device.

use engine::format::SampleFormat;

/// Whether others may play on the device at the same time, and how a stream gets its wake-ups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Low-latency where the device offers a shorter period than the mixer's own for the client's
    /// block, else shared.
    Auto,
    /// Through the system's mixer, at the mixer's rate and period.
    Shared,
    /// Through the system's mixer, at the shortest period on offer that a block of the client fits
    /// into; shared where the system or the device offers none.
    LowLatency,
    /// Alone, in the device's own format, at any rate that the device takes; woken by the device, or
    /// by a timer where the system has no events for such streams.
    Exclusive,
    /// As exclusive, always woken by a timer: for devices whose events are no good.
    ExclusiveTimer,
}

impl Mode {
    /// The mode's name, as it stands in sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Auto => "automatic",
            Mode::Shared => "shared",
            Mode::LowLatency => "low-latency",
            Mode::Exclusive => "exclusive",
            Mode::ExclusiveTimer => "timer-driven exclusive",
        }
    }

    /// Whether nobody else can play at the same time.
    pub const fn is_exclusive(self) -> bool {
        matches!(self, Mode::Exclusive | Mode::ExclusiveTimer)
    }
}

/// What can be chosen about a device besides its mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The sample formats that an exclusive stream may have, the most wanted first. A shared stream
    /// has the mixer's.
    pub formats: Vec<SampleFormat>,
}

/// The environment variable that limits the sample formats of exclusive streams: names of
/// [`SampleFormat`]s with commas between. For devices that lie about what they take.
pub const FORMATS_VARIABLE: &str = "ASIO2WASAPI_FORMATS";

impl Options {
    /// What this process's environment says in [`FORMATS_VARIABLE`]; `None` where it says nothing.
    ///
    /// # Errors
    /// One sentence that tells the word that is no format.
    pub fn from_environment() -> Option<Result<Options, String>> {
        let list = std::env::var(FORMATS_VARIABLE).ok()?;
        Some(SampleFormat::parse_list(&list).map(|formats| Options { formats }))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            formats: SampleFormat::PREFERENCE.to_vec(),
        }
    }
}
