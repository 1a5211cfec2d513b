//! A client's stream on an endpoint.

use std::collections::VecDeque;

use engine::format::StreamFormat;

use crate::error::{Result, SimError};
use crate::fifo::FrameFifo;
use crate::world::EndpointId;

/// How a stream uses its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Through the mixer, at its usual period.
    Shared,
    /// Through the mixer, at a period that the client chose.
    LowLatency,
    /// What the mixer sends to a DAC, recorded.
    Loopback,
    /// Alone, with two buffers and an event for each.
    ExclusiveEvent,
    /// Alone, with one ring that the client looks at when it likes.
    ExclusiveTimer,
}

impl Kind {
    pub(crate) fn is_exclusive(self) -> bool {
        matches!(self, Kind::ExclusiveEvent | Kind::ExclusiveTimer)
    }
}

/// A packet of recorded frames, as `IAudioCaptureClient::GetBuffer` describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Frames in it.
    pub frames: u32,
    /// Frames from the stream's start to its first frame.
    pub device_position: u64,
    /// When its first frame entered the device's buffer, in nanoseconds of reference time.
    pub time_ns: u64,
    /// `AUDCLNT_BUFFERFLAGS_DATA_DISCONTINUITY`: frames are missing before it.
    pub discontinuity: bool,
    /// `AUDCLNT_BUFFERFLAGS_TIMESTAMP_ERROR`: the time is not to be relied on.
    pub timestamp_error: bool,
}

/// What a stream has suffered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// Stretches of silence because the client was late.
    pub underruns: u64,
    /// Frames of that silence.
    pub underrun_frames: u64,
    /// Stretches of recorded sound that the client was too late for.
    pub overruns: u64,
    /// Frames of that sound.
    pub overrun_frames: u64,
}

/// What a stream was granted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) format: StreamFormat,
    pub(crate) buffer_frames: u32,
    pub(crate) period_frames: u32,
    pub(crate) wants_event: bool,
}

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) endpoint: EndpointId,
    pub(crate) kind: Kind,
    /// The client writes; otherwise it reads.
    pub(crate) renders: bool,
    pub(crate) format: StreamFormat,
    pub(crate) buffer_frames: u32,
    /// Of the device for exclusive streams, of the mixer when the stream was opened for others.
    pub(crate) period_frames: u32,
    pub(crate) wants_event: bool,
    pub(crate) has_event: bool,
    pub(crate) running: bool,
    /// Why it will never work again.
    pub(crate) dead: Option<SimError>,
    /// What the client has written and the device has not taken, or the other way round.
    pub(crate) ring: FrameFifo,
    /// Frames of the buffer that the client is filling.
    pub(crate) reserved: Option<u32>,
    pub(crate) packets: VecDeque<Packet>,
    /// The packet that the client was given and has not consumed; its bytes are in `held`.
    pub(crate) held_packet: Option<Packet>,
    pub(crate) held: Vec<u8>,
    /// The client has a packet and has not given it back.
    pub(crate) reading: bool,
    /// The next packet does not follow the last.
    pub(crate) broken: bool,
    /// When the event will wake the client.
    pub(crate) signal_at: Option<u64>,
    /// When the event woke the client, which has not noticed yet.
    pub(crate) signalled: Option<u64>,
    /// The number in the device's buffer of the first frame since the start.
    pub(crate) start_frame: Option<u64>,
    /// Frames before the last start.
    pub(crate) base_position: u64,
    /// The frame after the last that was missing.
    missing_end: Option<u64>,
    pub(crate) stats: StreamStats,
}

impl Stream {
    pub(crate) fn new(endpoint: EndpointId, kind: Kind, renders: bool, plan: Plan) -> Self {
        let Plan {
            format,
            buffer_frames,
            period_frames,
            wants_event,
        } = plan;
        Self {
            endpoint,
            kind,
            renders,
            format,
            buffer_frames,
            period_frames,
            wants_event,
            has_event: false,
            running: false,
            dead: None,
            ring: FrameFifo::new(format.frame_bytes()),
            reserved: None,
            packets: VecDeque::new(),
            held_packet: None,
            held: Vec::new(),
            reading: false,
            broken: false,
            signal_at: None,
            signalled: None,
            start_frame: None,
            base_position: 0,
            missing_end: None,
            stats: StreamStats::default(),
        }
    }

    /// Whether the stream may be asked anything.
    pub(crate) fn alive(&self) -> Result<()> {
        self.dead.map_or(Ok(()), Err)
    }

    pub(crate) fn padding_frames(&self) -> u32 {
        if self.renders {
            return self.ring.frames() as u32;
        }
        let queued = self.packets.iter().chain(self.held_packet.as_ref());
        queued.map(|packet| packet.frames).sum()
    }

    /// Counts frames that are missing: silence in what is played, loss in what is recorded.
    pub(crate) fn miss(&mut self, first_frame: u64, frames: u64) {
        let goes_on = self.missing_end == Some(first_frame);
        self.missing_end = Some(first_frame + frames);
        let StreamStats {
            underruns,
            underrun_frames,
            overruns,
            overrun_frames,
        } = &mut self.stats;
        let (stretches, all) = if self.renders {
            (underruns, underrun_frames)
        } else {
            (overruns, overrun_frames)
        };
        *stretches += u64::from(!goes_on);
        *all += frames;
    }

    /// Forgets what is queued, as `IAudioClient::Reset` does.
    pub(crate) fn flush(&mut self) {
        self.ring.clear();
        self.packets.clear();
        self.held_packet = None;
        self.base_position = 0;
        self.broken = false;
        self.signal_at = None;
        self.signalled = None;
    }
}
