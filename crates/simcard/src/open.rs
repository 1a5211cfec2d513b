//! Opening streams: what `IAudioClient` and its successors grant and refuse.

use engine::format::{SampleFormat, StreamFormat};

use crate::duration::{frames_covering_hns, frames_from_hns};
use crate::endpoint::{Endpoint, User};
use crate::error::{Result, SimError};
use crate::spec::{EnginePeriods, Flow};
use crate::stream::{Kind, Plan, Stream};
use crate::world::{EndpointId, StreamId, World};

/// The longest period of an exclusive stream, in units of 100 ns.
const PERIOD_MAX_HNS: u64 = 5_000_000;
/// The longest buffer of an exclusive stream without events, in units of 100 ns.
const TIMER_BUFFER_MAX_HNS: u64 = 20_000_000;
/// The longest buffer of a shared stream, in units of 100 ns. The system states none.
const SHARED_BUFFER_MAX_HNS: u64 = 100_000_000;

/// How a stream is to use its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `IAudioClient::Initialize` with `AUDCLNT_SHAREMODE_SHARED`.
    Shared {
        /// The buffer, at least two periods of the mixer whatever is asked for.
        buffer_hns: u64,
        /// `AUDCLNT_STREAMFLAGS_EVENTCALLBACK`.
        event: bool,
        /// `AUDCLNT_STREAMFLAGS_LOOPBACK`.
        loopback: bool,
    },
    /// `IAudioClient3::InitializeSharedAudioStream`, with an event.
    LowLatency {
        /// The mixer's period from now on.
        period_frames: u32,
        /// `AUDCLNT_STREAMOPTIONS_MATCH_FORMAT`: the mixer takes over the stream's rate.
        match_format: bool,
    },
    /// `IAudioClient::Initialize` with `AUDCLNT_SHAREMODE_EXCLUSIVE`.
    Exclusive {
        /// The buffer; with an event the same as the period.
        buffer_hns: u64,
        /// The device's period; 0 for its usual one, without an event only.
        period_hns: u64,
        /// `AUDCLNT_STREAMFLAGS_EVENTCALLBACK`.
        event: bool,
    },
}

/// The answer of `IAudioClient::IsFormatSupported`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Yes.
    Yes,
    /// No, but this one.
    Closest(StreamFormat),
}

impl World {
    /// The mixer's format (`IAudioClient::GetMixFormat`).
    pub fn mix_format(&self, id: EndpointId) -> Result<StreamFormat> {
        let endpoint = self.reachable(id)?;
        Ok(endpoint.spec.float_format(endpoint.mix_rate_hz))
    }

    /// The mixer's periods for a stream of that format
    /// (`IAudioClient3::GetSharedModeEnginePeriod`).
    pub fn engine_periods(&self, id: EndpointId, format: &StreamFormat) -> Result<EnginePeriods> {
        Ok(self.reachable(id)?.spec.engine_periods(format.rate_hz))
    }

    /// The mixer's period now, in frames (`IAudioClient3::GetCurrentSharedModeEnginePeriod`).
    pub fn current_engine_period(&self, id: EndpointId) -> Result<u32> {
        Ok(self.reachable(id)?.engine_frames)
    }

    /// Whether a stream of that format can be opened (`IAudioClient::IsFormatSupported`).
    ///
    /// # Errors
    /// In exclusive mode [`SimError::UnsupportedFormat`] for no.
    pub fn is_format_supported(
        &self,
        id: EndpointId,
        exclusive: bool,
        format: &StreamFormat,
    ) -> Result<Support> {
        let endpoint = self.reachable(id)?;
        if exclusive {
            let lie = endpoint.lie == Some(format.sample);
            return if lie || takes_exclusively(endpoint, format) {
                Ok(Support::Yes)
            } else {
                Err(SimError::UnsupportedFormat)
            };
        }
        let mix = endpoint.spec.float_format(endpoint.mix_rate_hz);
        if mixes(&mix, format) {
            Ok(Support::Yes)
        } else {
            Ok(Support::Closest(mix))
        }
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// As documented for the method that [`Mode`] names; [`SimError::BufferSizeNotAligned`] tells the
    /// size that would do.
    pub fn open(&mut self, id: EndpointId, mode: Mode, format: StreamFormat) -> Result<StreamId> {
        let endpoint = self.reachable(id)?;
        if let Some(error) = endpoint.refuse_open {
            return Err(error);
        }
        // "IAudioClient::Initialize method (audioclient.h)", return values: in use is a device that
        // is open exclusively, and to an exclusive stream one that is open at all.
        let exclusive = matches!(mode, Mode::Exclusive { .. });
        let in_the_way = |stream: &Stream| exclusive || stream.kind.is_exclusive();
        if self.streams_on(id).any(in_the_way) {
            return Err(SimError::DeviceInUse);
        }
        let renders = endpoint.flow == Flow::Render;
        let (kind, plan) = match mode {
            Mode::Shared {
                buffer_hns,
                event,
                loopback,
            } => {
                if loopback && !renders {
                    return Err(SimError::WrongEndpointType);
                }
                let kind = if loopback {
                    Kind::Loopback
                } else {
                    Kind::Shared
                };
                (kind, plan_shared(endpoint, format, buffer_hns, event)?)
            }
            Mode::LowLatency {
                period_frames,
                match_format,
            } => {
                let plan = self.plan_low_latency(id, format, period_frames, match_format)?;
                (Kind::LowLatency, plan)
            }
            Mode::Exclusive {
                buffer_hns,
                period_hns,
                event,
            } => {
                let kind = if event {
                    Kind::ExclusiveEvent
                } else {
                    Kind::ExclusiveTimer
                };
                (
                    kind,
                    plan_exclusive(endpoint, format, buffer_hns, period_hns, event)?,
                )
            }
        };
        let renders = renders && kind != Kind::Loopback;
        self.grant(id, Stream::new(id, kind, renders, plan))
    }

    /// What opening changes at the endpoint.
    fn grant(&mut self, id: EndpointId, stream: Stream) -> Result<StreamId> {
        let Stream { kind, format, .. } = stream;
        self.sync(id);
        let now_ns = self.now_ns;
        let endpoint = &mut self.endpoints[id.index()];
        if kind.is_exclusive() {
            endpoint.halt();
            endpoint.set_format(format, now_ns)?;
        } else if endpoint.user == User::Nobody || endpoint.clock.rate_hz() != format.rate_hz {
            endpoint.halt();
            endpoint.set_format(endpoint.spec.float_format(format.rate_hz), now_ns)?;
        }
        if kind == Kind::LowLatency {
            // "Low Latency Audio" on learn.microsoft.com: every stream of the endpoint runs at the
            // period that one of them asked for.
            endpoint.engine_frames = stream.period_frames;
            endpoint.plan_tick();
        }
        let stream_id = self.add_stream(stream);
        self.endpoints[id.index()].user = match kind {
            Kind::ExclusiveEvent => User::Event(stream_id),
            Kind::ExclusiveTimer => User::Timer(stream_id),
            _ => User::Mixer,
        };
        Ok(stream_id)
    }

    /// Follows "IAudioClient3::InitializeSharedAudioStream method (audioclient.h)" on
    /// learn.microsoft.com, parameters and return values. The buffer is two periods: the page does
    /// not say how large it is.
    fn plan_low_latency(
        &self,
        id: EndpointId,
        format: StreamFormat,
        period_frames: u32,
        match_format: bool,
    ) -> Result<Plan> {
        let endpoint = self.reachable(id)?;
        let open = self.streams_on(id).count() > 0;
        let engine_hz = if open {
            endpoint.clock.rate_hz()
        } else {
            endpoint.mix_rate_hz
        };
        if format.rate_hz != engine_hz {
            if !match_format || !endpoint.spec.rates_hz.contains(&format.rate_hz) {
                return Err(SimError::UnsupportedFormat);
            }
            if open {
                return Err(SimError::EngineFormatLocked);
            }
        }
        if !mixes(&endpoint.spec.float_format(format.rate_hz), &format) {
            return Err(SimError::UnsupportedFormat);
        }
        let periods = endpoint.spec.engine_periods(format.rate_hz);
        if !(periods.min_frames..=periods.max_frames).contains(&period_frames)
            || !period_frames.is_multiple_of(periods.fundamental_frames)
        {
            return Err(SimError::InvalidArgument);
        }
        let other = |stream: &Stream| {
            stream.kind == Kind::LowLatency && endpoint.engine_frames != period_frames
        };
        if self.streams_on(id).any(other) {
            return Err(SimError::EnginePeriodicityLocked);
        }
        Ok(Plan {
            format,
            buffer_frames: 2 * period_frames,
            period_frames,
            wants_event: true,
        })
    }

    /// An endpoint that is plugged in, with the service there to ask.
    pub(crate) fn reachable(&self, id: EndpointId) -> Result<&Endpoint> {
        if self.service_gone {
            return Err(SimError::ServiceNotRunning);
        }
        let endpoint = self.known(id)?;
        if endpoint.present {
            Ok(endpoint)
        } else {
            Err(SimError::DeviceInvalidated)
        }
    }
}

/// Whether the mixer takes a stream of that format: its own rate and channels, any sample format.
///
/// Follows "IAudioClient::IsFormatSupported method (audioclient.h)" and "Device Formats" on
/// learn.microsoft.com.
fn mixes(mix: &StreamFormat, format: &StreamFormat) -> bool {
    mix.rate_hz == format.rate_hz && mix.channels == format.channels
}

fn takes_exclusively(endpoint: &Endpoint, format: &StreamFormat) -> bool {
    endpoint.spec.formats.contains(&format.sample)
        && endpoint.spec.rates_hz.contains(&format.rate_hz)
        && endpoint.spec.channels == format.channels
}

fn plan_shared(
    endpoint: &Endpoint,
    format: StreamFormat,
    buffer_hns: u64,
    wants_event: bool,
) -> Result<Plan> {
    // A mixer that an earlier stream has set to another rate stays there while it has streams.
    let rate_hz = match endpoint.user {
        User::Mixer => endpoint.clock.rate_hz(),
        _ => endpoint.mix_rate_hz,
    };
    if !mixes(&endpoint.spec.float_format(rate_hz), &format) {
        return Err(SimError::UnsupportedFormat);
    }
    if buffer_hns > SHARED_BUFFER_MAX_HNS {
        return Err(SimError::InvalidArgument);
    }
    let period_frames = endpoint.engine_frames;
    Ok(Plan {
        format,
        buffer_frames: frames_covering_hns(buffer_hns, rate_hz).max(2 * period_frames),
        period_frames,
        wants_event,
    })
}

/// Follows "IAudioClient::Initialize method (audioclient.h)" on learn.microsoft.com: parameters,
/// remarks on event-driven buffering and on alignment, return values.
fn plan_exclusive(
    endpoint: &Endpoint,
    format: StreamFormat,
    buffer_hns: u64,
    period_hns: u64,
    wants_event: bool,
) -> Result<Plan> {
    let lie = |sample: SampleFormat| endpoint.lie == Some(sample);
    if !takes_exclusively(endpoint, &format) || lie(format.sample) {
        return Err(SimError::UnsupportedFormat);
    }
    if wants_event && (buffer_hns == 0 || buffer_hns != period_hns) {
        return Err(SimError::BufferDurationPeriodNotEqual);
    }
    if period_hns > PERIOD_MAX_HNS {
        return Err(SimError::InvalidDevicePeriod);
    }
    if buffer_hns > TIMER_BUFFER_MAX_HNS {
        return Err(SimError::BufferSizeError);
    }
    let (default_hns, min_hns) = endpoint.spec.device_period_hns(endpoint.mix_rate_hz);
    let period_hns = match period_hns {
        0 => default_hns,
        // A period that is too short is made longer, says the page.
        asked => asked.max(min_hns),
    };
    let frames = |hns| frames_from_hns(hns, format.rate_hz).max(1);
    let period_frames = frames(period_hns);
    let buffer_frames = frames(buffer_hns).max(period_frames);
    let multiple = endpoint.spec.frames_multiple(format.frame_bytes());
    if !buffer_frames.is_multiple_of(multiple) {
        let aligned_frames = buffer_frames.next_multiple_of(multiple);
        return Err(SimError::BufferSizeNotAligned { aligned_frames });
    }
    // The page promises a buffer of at least the size that is asked for. Drivers give more: PortAudio
    // counts on six periods for recording.
    let least_frames = match wants_event {
        true => 0,
        false => period_frames.saturating_mul(endpoint.spec.timer_periods),
    };
    let buffer_frames = buffer_frames.max(least_frames.next_multiple_of(multiple));
    Ok(Plan {
        format,
        buffer_frames,
        period_frames: if wants_event {
            buffer_frames
        } else {
            period_frames
        },
        wants_event,
    })
}
