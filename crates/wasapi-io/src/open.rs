//! Opens a stream of one direction.

use engine::endpoint::EndpointError;
use engine::format::{SampleFormat, StreamFormat};

use crate::candidates::Candidate;
use crate::client::AudioClient;
use crate::duration::{frames_from_hns, hns_from_frames, plausible_latency_frames};
use crate::endpoint::Endpoint;
use crate::fault::refused;
use crate::hresult::Hr;
use crate::hresult::codes::{BUFFER_SIZE_NOT_ALIGNED, E_FAIL, UNSUPPORTED_FORMAT};
use crate::list::Direction;
use crate::mode::Mode;
use crate::negotiate::{Attempt, Negotiated, Opener, Wish, negotiate};
use crate::open_shared::{low_latency, shared};
use crate::plan::{Durations, Pace};
use crate::probe::worth_trying;
use crate::sync::Timer;

/// A stream that is open and has not been started.
pub(crate) struct Opened {
    pub(crate) client: AudioClient,
    pub(crate) format: StreamFormat,
    pub(crate) pace: Pace,
    /// Frames between two wake-ups.
    pub(crate) period_frames: u32,
    /// The buffer that was asked for, in frames; `None` where the system alone decides.
    pub(crate) asked_frames: Option<u32>,
    /// What was picked and why, in one sentence; `None` where it is just what was asked for.
    pub(crate) remark: Option<String>,
    /// It hears what programs play, and not what a device records.
    pub(crate) is_tap: bool,
}

/// What both directions of a stream need to know.
pub(crate) struct Basis {
    pub(crate) buffer_frames: u32,
    /// The latency as the system states it.
    pub(crate) latency_frames: u32,
    pub(crate) period_ns: u64,
    /// Present where the device sets no events.
    pub(crate) timer: Option<Timer>,
}

impl Opened {
    /// What the stream is like, and its way to wake-ups. Once.
    pub(crate) fn basis(&mut self) -> Hr<Basis> {
        let rate_hz = self.format.rate_hz;
        let buffer_frames = match self.client.buffer_frames() {
            // Taps of programs do not tell, and hold a second of sound.
            Err(_) if self.is_tap => rate_hz,
            answer => answer?,
        };
        if buffer_frames == 0 || self.period_frames == 0 {
            return Err(E_FAIL);
        }
        let timer = match self.pace {
            Pace::ExclusiveTimer => Some(Timer::new()?),
            Pace::SharedEvent | Pace::ExclusiveEvent => {
                self.client.enable_event()?;
                None
            }
        };
        let latency_hns = self.client.latency_hns().unwrap_or(0);
        Ok(Basis {
            buffer_frames,
            latency_frames: plausible_latency_frames(latency_hns, rate_hz),
            period_ns: 100 * hns_from_frames(self.period_frames, rate_hz).unsigned_abs(),
            timer,
        })
    }

    /// How the device is used, in words.
    pub(crate) fn mode_name(&self) -> &'static str {
        match (self.pace, self.asked_frames) {
            (Pace::SharedEvent, Some(_)) => Mode::Shared.name(),
            // Only a stream of the shortest period has its buffer chosen by the system.
            (Pace::SharedEvent, None) => Mode::LowLatency.name(),
            (Pace::ExclusiveEvent, _) => Mode::Exclusive.name(),
            (Pace::ExclusiveTimer, _) => Mode::ExclusiveTimer.name(),
        }
    }
}

/// What a stream shall be like.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) direction: Direction,
    pub(crate) mode: Mode,
    /// The sample formats that an exclusive stream may have.
    pub(crate) formats: &'a [SampleFormat],
    pub(crate) rate_hz: u32,
    /// If the device does not run at that rate, it may run at its own.
    pub(crate) or_own_rate: bool,
    /// The client's block.
    pub(crate) block_frames: u32,
}

/// Opens a stream.
pub(crate) fn open(endpoint: &Endpoint, wanted: Wanted<'_>) -> Result<Opened, EndpointError> {
    match wanted.mode {
        Mode::Shared => shared(endpoint, wanted),
        Mode::LowLatency | Mode::Auto => low_latency(endpoint, wanted),
        Mode::Exclusive | Mode::ExclusiveTimer => exclusive(endpoint, wanted),
    }
}

/// Opens a stream that has the device to itself.
fn exclusive(endpoint: &Endpoint, wanted: Wanted<'_>) -> Result<Opened, EndpointError> {
    let what = cannot_open(endpoint, "exclusive");
    let fail = |code| refused(&what, code);
    let probe = endpoint.client().map_err(fail)?;
    let mix = probe.mix_format().map_err(fail)?;
    let periods = probe.periods().map_err(fail)?;

    let mut opener = Attempts { endpoint, probe };
    let mut open_at = |rate_hz| {
        let wish = Wish {
            rate_hz,
            block_frames: wanted.block_frames,
            with_events: wanted.mode == Mode::Exclusive,
        };
        negotiate(&mut opener, mix.layout, wanted.formats, periods, wish)
    };
    let own_rate_too = wanted.or_own_rate && mix.rate_hz != wanted.rate_hz;
    let negotiated = match open_at(wanted.rate_hz) {
        Err(UNSUPPORTED_FORMAT) if own_rate_too => open_at(mix.rate_hz),
        answer => answer,
    };
    let opened = negotiated.and_then(with_period);
    opened.map_err(|code| refused(&format!("{what} at {} Hz", wanted.rate_hz), code))
}

/// Settles how often an exclusive stream will wake up.
fn with_period(negotiated: Negotiated<AudioClient>) -> Hr<Opened> {
    let Negotiated {
        client,
        format,
        pace,
        durations,
    } = negotiated;
    let buffer_frames = client.buffer_frames()?;
    let period_frames = match pace {
        Pace::ExclusiveTimer => {
            let device_frames = frames_from_hns(durations.period_hns, format.rate_hz);
            device_frames.clamp(1, buffer_frames.max(1))
        }
        Pace::SharedEvent | Pace::ExclusiveEvent => buffer_frames,
    };
    Ok(Opened {
        client,
        format,
        pace,
        period_frames,
        asked_frames: None,
        remark: None,
        is_tap: false,
    })
}

/// A device as the negotiation sees it.
struct Attempts<'a> {
    endpoint: &'a Endpoint,
    /// Answers questions; every attempt gets a client of its own.
    probe: AudioClient,
}

impl Opener for Attempts<'_> {
    type Client = AudioClient;

    fn may_take(&mut self, candidate: &Candidate) -> Hr<()> {
        worth_trying(&self.probe, candidate)
    }

    fn open(&mut self, pace: Pace, durations: Durations, format: &[u8]) -> Attempt<AudioClient> {
        let client = match self.endpoint.client() {
            Ok(client) => client,
            Err(code) => return Attempt::Refused(code),
        };
        match client.initialize(pace, durations, format) {
            Ok(()) => Attempt::Opened(client),
            // The spent client can still tell what size would do.
            Err(BUFFER_SIZE_NOT_ALIGNED) => match client.buffer_frames() {
                Ok(frames) => Attempt::NotAligned { frames },
                Err(_) => Attempt::Refused(BUFFER_SIZE_NOT_ALIGNED),
            },
            Err(code) => Attempt::Refused(code),
        }
    }
}

/// The beginning of a sentence about an attempt that failed.
pub(crate) fn cannot_open(endpoint: &Endpoint, mode: &str) -> String {
    format!("\"{}\" cannot be opened in {mode} mode", endpoint.name)
}
