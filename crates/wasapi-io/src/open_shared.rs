//! Opens a stream through the system's mixer.

use engine::endpoint::{EndpointError, FaultKind};
use engine::format::{SampleFormat, StreamFormat};

use crate::candidates::forms;
use crate::client::{AudioClient, MixFormat};
use crate::duration::frames_from_hns;
use crate::endpoint::Endpoint;
use crate::fault::{coded, refused};
use crate::hresult::Hr;
use crate::hresult::codes::{
    E_INVALIDARG, E_NOTIMPL, ENGINE_PERIODICITY_LOCKED, UNSUPPORTED_FORMAT, WRONG_ENDPOINT_TYPE,
};
use crate::list::Direction;
use crate::mode::Mode;
use crate::open::{Opened, Wanted, cannot_open};
use crate::plan::{Durations, Pace, shared_buffer_hns, shared_capture_buffer_hns};
use crate::wave;

/// Opens a stream at the mixer's own period.
pub(crate) fn shared(endpoint: &Endpoint, wanted: Wanted<'_>) -> Result<Opened, EndpointError> {
    let fail = |code| refused(&cannot_open(endpoint, "shared"), code);
    at_own_period(endpoint, wanted, false, &fail)
}

/// Opens a stream that hears what an endpoint for playing plays. `wanted` is for recording.
pub(crate) fn tap(endpoint: &Endpoint, wanted: Wanted<'_>) -> Result<Opened, EndpointError> {
    at_own_period(endpoint, wanted, true, &|code| {
        unheard(&endpoint.name, code)
    })
}

/// Why nobody can hear what an endpoint plays.
pub(crate) fn unheard(name: &str, code: i32) -> EndpointError {
    // Systems without taps do not take an endpoint for playing for one for recording.
    if [WRONG_ENDPOINT_TYPE, E_NOTIMPL].contains(&code) {
        let message = format!(
            "This system lets no program hear what \"{name}\" plays ({}); record from a device \
             instead, such as the other end of a virtual cable.",
            coded(code)
        );
        return EndpointError::new(FaultKind::Unsupported, message);
    }
    refused(&format!("What \"{name}\" plays cannot be heard"), code)
}

fn at_own_period(
    endpoint: &Endpoint,
    wanted: Wanted<'_>,
    is_tap: bool,
    fail: &dyn Fn(i32) -> EndpointError,
) -> Result<Opened, EndpointError> {
    let client = endpoint.client().map_err(fail)?;
    let mix = client.mix_format().map_err(fail)?;
    check_rate(endpoint, &mix, wanted)?;
    let periods = client.periods().map_err(fail)?;
    let buffer_hns = match wanted.direction {
        Direction::Render => shared_buffer_hns,
        Direction::Capture => shared_capture_buffer_hns,
    };
    // The system takes no period for shared streams.
    let durations = Durations {
        period_hns: 0,
        buffer_hns: buffer_hns(periods, wanted.block_frames, mix.rate_hz),
    };

    let asked_frames = frames_from_hns(durations.buffer_hns, mix.rate_hz);

    let format = mix_stream_format(&mix);
    // While another program has made the mixer quicker, the wake-ups come more often than that. But
    // that program may end at any time, and what is kept queued must do then.
    let period_frames = periods.default_frames(mix.rate_hz);
    let mut attempts = Vec::new();
    if wave::decode(&mix.bytes).is_some() {
        attempts.push(mix.bytes);
    }
    for form in forms(format.sample, mix.layout, mix.rate_hz) {
        attempts.push(form.wave.as_bytes().to_vec());
    }
    let mut last = UNSUPPORTED_FORMAT;
    for bytes in attempts {
        match initialize(endpoint, durations, &bytes, is_tap) {
            Ok(client) => {
                return Ok(Opened {
                    client,
                    format,
                    pace: Pace::SharedEvent,
                    period_frames,
                    asked_frames: Some(asked_frames),
                    remark: None,
                    is_tap,
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

fn initialize(
    endpoint: &Endpoint,
    durations: Durations,
    format: &[u8],
    is_tap: bool,
) -> Hr<AudioClient> {
    let client = endpoint.client()?;
    match is_tap {
        true => client.initialize_tap(durations, format)?,
        false => client.initialize(Pace::SharedEvent, durations, format)?,
    }
    Ok(client)
}

/// Opens a stream at the shortest of the mixer's periods that the block fits into; where none is on
/// offer, at the mixer's own, and says so.
pub(crate) fn low_latency(
    endpoint: &Endpoint,
    wanted: Wanted<'_>,
) -> Result<Opened, EndpointError> {
    let fail = |code| refused(&cannot_open(endpoint, "low-latency"), code);
    let client = endpoint.client().map_err(fail)?;
    let mix = client.mix_format().map_err(fail)?;
    check_rate(endpoint, &mix, wanted)?;
    let reason = match quick(endpoint, &client, &mix, wanted) {
        Ok(opened) => return Ok(opened),
        Err(reason) => reason,
    };
    let opened = shared(endpoint, wanted)?;
    let frames = opened.period_frames;
    let remark = format!(
        "\"{}\" runs in shared mode at the period of {frames} frames: {reason}.",
        endpoint.name
    );
    Ok(Opened {
        remark: Some(remark),
        ..opened
    })
}

/// The low-latency stream itself, or the reason why there is none.
fn quick(
    endpoint: &Endpoint,
    client: &AudioClient,
    mix: &MixFormat,
    wanted: Wanted<'_>,
) -> Result<Opened, String> {
    let refusal = |code| {
        format!(
            "the system gives it no low-latency stream ({})",
            coded(code)
        )
    };
    let format = wave::decode(&mix.bytes).ok_or_else(|| refusal(UNSUPPORTED_FORMAT))?;
    let periods = client.engine_periods(&mix.bytes).map_err(refusal)?;
    let usual_frames = periods.default_frames;
    let asked_frames = periods.covering(wanted.block_frames);
    if !periods.offers_less() {
        return Err("its driver offers no shorter one".to_owned());
    }
    if wanted.mode == Mode::Auto && asked_frames >= usual_frames {
        return Err("a shorter one would be of no use for blocks as long as these".to_owned());
    }
    let (client, period_frames) = initialize_quick(endpoint, mix, asked_frames).map_err(refusal)?;
    let name = &endpoint.name;
    let remark = if period_frames != asked_frames {
        Some(format!(
            "\"{name}\" runs at a period of {period_frames} frames, which another program holds, \
             and not at the {asked_frames} that were asked for."
        ))
    } else if wanted.mode == Mode::Auto {
        Some(format!(
            "\"{name}\" runs in low-latency mode at a period of {period_frames} frames: its driver \
             offers that, where other streams get {usual_frames}."
        ))
    } else {
        None
    };
    Ok(Opened {
        client,
        format,
        pace: Pace::SharedEvent,
        period_frames,
        asked_frames: None,
        remark,
        is_tap: false,
    })
}

/// Opens a stream of that period, or of the one that another program holds the mixer at.
fn initialize_quick(
    endpoint: &Endpoint,
    mix: &MixFormat,
    period_frames: u32,
) -> Hr<(AudioClient, u32)> {
    let open = |period_frames| {
        let client = endpoint.client()?;
        client.initialize_low_latency(period_frames, &mix.bytes)?;
        Ok((client, period_frames))
    };
    match open(period_frames) {
        Err(ENGINE_PERIODICITY_LOCKED) => open(endpoint.client()?.current_engine_period()?),
        answer => answer,
    }
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

fn check_rate(
    endpoint: &Endpoint,
    mix: &MixFormat,
    wanted: Wanted<'_>,
) -> Result<(), EndpointError> {
    if wanted.or_own_rate {
        return Ok(());
    }
    check_shared_rate(&endpoint.name, mix, wanted.rate_hz)
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
