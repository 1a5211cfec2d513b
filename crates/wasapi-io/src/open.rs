//! Opens a stream.

use engine::endpoint::{EndpointError, FaultKind, OpenRequest};
use engine::format::{SampleFormat, StreamFormat};

use crate::candidates::{Candidate, forms};
use crate::client::{AudioClient, MixFormat};
use crate::duration::frames_from_hns;
use crate::endpoint::Endpoint;
use crate::fault::{coded, refused};
use crate::hresult::Hr;
use crate::hresult::codes::{BUFFER_SIZE_NOT_ALIGNED, E_INVALIDARG, UNSUPPORTED_FORMAT};
use crate::negotiate::{Attempt, Negotiated, Opener, negotiate};
use crate::plan::{Durations, Pace, shared_buffer_hns};
use crate::probe::worth_trying;
use crate::wave;

/// A stream that is open and has not been started.
pub(crate) struct Opened {
    pub(crate) client: AudioClient,
    pub(crate) format: StreamFormat,
    pub(crate) pace: Pace,
    /// Frames between two wake-ups.
    pub(crate) period_frames: u32,
}

/// Opens a stream through the system's mixer.
pub(crate) fn shared(endpoint: &Endpoint, request: OpenRequest) -> Result<Opened, EndpointError> {
    let fail = |code| refused(&cannot_open(endpoint, "shared"), code);
    let client = endpoint.client().map_err(fail)?;
    let mix = client.mix_format().map_err(fail)?;
    check_shared_rate(&endpoint.name, &mix, request.rate_hz)?;
    let periods = client.periods().map_err(fail)?;
    let buffer_hns = shared_buffer_hns(periods, request.block_frames, mix.rate_hz);
    // The system takes no period for shared streams.
    let durations = Durations {
        period_hns: 0,
        buffer_hns,
    };

    let format = mix_stream_format(&mix);
    let mut attempts = Vec::new();
    if wave::decode(&mix.bytes).is_some() {
        attempts.push(mix.bytes);
    }
    for form in forms(format.sample, mix.layout, mix.rate_hz) {
        attempts.push(form.wave.as_bytes().to_vec());
    }
    let mut last = UNSUPPORTED_FORMAT;
    for bytes in attempts {
        match initialize(endpoint, Pace::SharedEvent, durations, &bytes) {
            Ok(client) => {
                let period_frames = periods.default_frames(mix.rate_hz);
                return Ok(Opened {
                    client,
                    format,
                    pace: Pace::SharedEvent,
                    period_frames,
                });
            }
            Err(code) => last = code,
        }
        if last != UNSUPPORTED_FORMAT && last != E_INVALIDARG {
            break;
        }
    }
    Err(fail(last))
}

/// The format of a shared stream: the mixer's own where it is one of ours, else float, which every
/// mixer takes.
pub(crate) fn mix_stream_format(mix: &MixFormat) -> StreamFormat {
    wave::decode(&mix.bytes).unwrap_or(StreamFormat {
        sample: SampleFormat::Float32,
        channels: mix.layout.channels,
        rate_hz: mix.rate_hz,
        channel_mask: mix.layout.channel_mask,
    })
}

/// Whether the mixer runs at that rate.
pub(crate) fn check_shared_rate(
    name: &str,
    mix: &MixFormat,
    rate_hz: u32,
) -> Result<(), EndpointError> {
    let mix_hz = mix.rate_hz;
    if mix_hz == rate_hz {
        return Ok(());
    }
    let message = format!(
        "\"{name}\" runs at {mix_hz} Hz in shared mode and not at {rate_hz} Hz; choose {mix_hz} Hz, \
         set another default format in the device's properties, or use exclusive mode ({}).",
        coded(UNSUPPORTED_FORMAT)
    );
    Err(EndpointError::new(FaultKind::Unsupported, message))
}

/// Opens a stream that has the device to itself.
pub(crate) fn exclusive(
    endpoint: &Endpoint,
    request: OpenRequest,
    formats: &[SampleFormat],
) -> Result<Opened, EndpointError> {
    let fail = |code| refused(&cannot_open(endpoint, "exclusive"), code);
    let probe = endpoint.client().map_err(fail)?;
    let mix = probe.mix_format().map_err(fail)?;
    let periods = probe.periods().map_err(fail)?;

    let mut opener = Attempts { endpoint, probe };
    let negotiated = negotiate(&mut opener, mix.layout, formats, periods, request);
    let opened = negotiated.and_then(with_period);
    opened.map_err(|code| {
        let what = cannot_open(endpoint, "exclusive");
        refused(&format!("{what} at {} Hz", request.rate_hz), code)
    })
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

fn cannot_open(endpoint: &Endpoint, mode: &str) -> String {
    format!("\"{}\" cannot be opened in {mode} mode", endpoint.name)
}

fn initialize(
    endpoint: &Endpoint,
    pace: Pace,
    durations: Durations,
    format: &[u8],
) -> Hr<AudioClient> {
    let client = endpoint.client()?;
    client.initialize(pace, durations, format)?;
    Ok(client)
}
