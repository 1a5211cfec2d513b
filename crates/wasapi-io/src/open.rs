//! Opens a stream: tries formats and durations in order until the device takes one.

use engine::endpoint::{EndpointError, FaultKind, OpenRequest};
use engine::format::{SampleFormat, StreamFormat};

use crate::candidates::{Candidate, Layout, forms};
use crate::client::{AudioClient, MixFormat, Pace};
use crate::com::Hr;
use crate::duration::{frames_from_hns, hns_from_frames};
use crate::endpoint::Endpoint;
use crate::fault::{coded, refused};
use crate::hresult::codes::{
    BUFFER_SIZE_ERROR, BUFFER_SIZE_NOT_ALIGNED, DEVICE_IN_USE, E_INVALIDARG, E_NOTIMPL,
    EXCLUSIVE_MODE_NOT_ALLOWED, INVALID_DEVICE_PERIOD, UNSUPPORTED_FORMAT,
};
use crate::hresult::fact;
use crate::plan::{
    DevicePeriods, Durations, event_attempts, shared_buffer_hns, timer_attempts, timer_step_frames,
};
use crate::probe::worth_trying;
use crate::wave;

/// How often a buffer size is mended when the device wants it aligned.
const ALIGN_ROUNDS_MAX: usize = 3;

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

    let mut last = None;
    for layout in Layout::to_try(mix.layout) {
        for &sample in formats {
            for candidate in forms(sample, layout, request.rate_hz) {
                let attempt = worth_trying(&probe, &candidate)
                    .and_then(|()| try_candidate(endpoint, &candidate, periods, request));
                match attempt {
                    Ok(opened) => return Ok(opened),
                    Err(code) if is_final(code) => return Err(fail(code)),
                    // A refusal with a reason tells more than that a format is not taken.
                    Err(UNSUPPORTED_FORMAT) => last = last.or(Some(UNSUPPORTED_FORMAT)),
                    Err(code) => last = Some(code),
                }
            }
        }
    }
    let code = last.unwrap_or(UNSUPPORTED_FORMAT);
    let what = format!(
        "{} at {} Hz",
        cannot_open(endpoint, "exclusive"),
        request.rate_hz
    );
    Err(refused(&what, code))
}

fn cannot_open(endpoint: &Endpoint, mode: &str) -> String {
    format!("\"{}\" cannot be opened in {mode} mode", endpoint.name)
}

/// Whether a refusal is about the device, so that no other format will do better.
fn is_final(code: i32) -> bool {
    use FaultKind::{InUse, Lost, NotFound, ServiceGone};
    code == EXCLUSIVE_MODE_NOT_ALLOWED
        || matches!(fact(code).kind, InUse | Lost | NotFound | ServiceGone)
}

/// Opens a stream of that format: with events, or, where the system has none for exclusive streams
/// or says that the device is in use, with a timer. A device that is in use refuses both.
fn try_candidate(
    endpoint: &Endpoint,
    candidate: &Candidate,
    periods: DevicePeriods,
    request: OpenRequest,
) -> Hr<Opened> {
    let OpenRequest {
        rate_hz,
        block_frames,
    } = request;
    let with_events = event_attempts(periods, block_frames, rate_hz);
    match try_durations(endpoint, candidate, Pace::ExclusiveEvent, &with_events) {
        Ok((client, _)) => {
            let period_frames = client.buffer_frames()?;
            let pace = Pace::ExclusiveEvent;
            Ok(Opened {
                client,
                format: candidate.format,
                pace,
                period_frames,
            })
        }
        Err(DEVICE_IN_USE | EXCLUSIVE_MODE_NOT_ALLOWED | E_NOTIMPL) => {
            let pace = Pace::ExclusiveTimer;
            let attempts = timer_attempts(periods, block_frames, rate_hz);
            let (client, durations) = try_durations(endpoint, candidate, pace, &attempts)?;
            let device_frames = frames_from_hns(durations.period_hns, rate_hz).max(1);
            let period_frames =
                timer_step_frames(block_frames, device_frames, client.buffer_frames()?);
            Ok(Opened {
                client,
                format: candidate.format,
                pace,
                period_frames,
            })
        }
        Err(code) => Err(code),
    }
}

/// Tries one pair of durations after the other, as long as it is them that are refused.
fn try_durations(
    endpoint: &Endpoint,
    candidate: &Candidate,
    pace: Pace,
    attempts: &[Durations],
) -> Hr<(AudioClient, Durations)> {
    let mut last = INVALID_DEVICE_PERIOD;
    for &durations in attempts {
        let wave = candidate.wave.as_bytes();
        match initialize_aligned(endpoint, candidate.format.rate_hz, pace, durations, wave) {
            Ok(opened) => return Ok(opened),
            Err(code) => last = code,
        }
        let about_durations = matches!(
            last,
            BUFFER_SIZE_ERROR | BUFFER_SIZE_NOT_ALIGNED | INVALID_DEVICE_PERIOD | E_INVALIDARG
        );
        if !about_durations {
            break;
        }
    }
    Err(last)
}

/// Opens a client; where the device wants another number of frames for alignment, takes that. The
/// client that was told so is spent, and a new one is needed.
fn initialize_aligned(
    endpoint: &Endpoint,
    rate_hz: u32,
    pace: Pace,
    mut durations: Durations,
    format: &[u8],
) -> Hr<(AudioClient, Durations)> {
    for _ in 0..ALIGN_ROUNDS_MAX {
        let client = endpoint.client()?;
        match client.initialize(pace, durations, format) {
            Ok(()) => return Ok((client, durations)),
            Err(BUFFER_SIZE_NOT_ALIGNED) => {
                durations.buffer_hns = hns_from_frames(client.buffer_frames()?, rate_hz);
                if pace == Pace::ExclusiveEvent {
                    durations.period_hns = durations.buffer_hns;
                }
            }
            Err(code) => return Err(code),
        }
    }
    Err(BUFFER_SIZE_NOT_ALIGNED)
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
