//! The side of a stream that records.

use engine::endpoint::{Cycle, Packet};
use engine::format::StreamFormat;

use crate::client::AudioClient;
use crate::duration::hns_from_frames;
use crate::hresult::Hr;
use crate::meter::{Bias, Meter, behind_frames};
use crate::open::{Basis, Opened};
use crate::plan::Pace;
use crate::reader::{Reader, Recorded};
use crate::sync::{Event, Timer};

/// Packets that are taken in one cycle; a device that has ever more of them is broken.
const PACKETS_MAX: u32 = 1_000;

/// An open stream that records.
pub(crate) struct Input {
    // Dropped in this order: the reader before its client.
    reader: Reader,
    client: AudioClient,
    /// Present where the device sets no events.
    timer: Option<Timer>,
    is_exclusive: bool,
    /// It hears what programs play.
    is_tap: bool,

    pub(crate) format: StreamFormat,
    pub(crate) period_frames: u32,
    pub(crate) period_ns: u64,
    /// From the input to the hand-over, as the system states it, the period not counted.
    pub(crate) device_frames: u32,
    meter: Meter,
}

impl Input {
    pub(crate) fn new(mut opened: Opened) -> Hr<Self> {
        let Basis {
            buffer_frames,
            latency_frames,
            period_ns,
            timer,
        } = opened.basis()?;
        let Opened {
            client,
            format,
            pace,
            period_frames,
            is_tap,
            ..
        } = opened;
        let mut reader = client.reader(format.frame_bytes())?;
        reader.reserve(buffer_frames);
        Ok(Self {
            reader,
            client,
            timer,
            is_exclusive: pace != Pace::SharedEvent,
            is_tap,
            format,
            period_frames,
            period_ns,
            device_frames: latency_frames.saturating_sub(period_frames),
            meter: Meter::new(Bias::Lengthens, format.rate_hz),
        })
    }

    pub(crate) fn start(&mut self) -> Hr<()> {
        // Whatever an earlier start that failed has left behind.
        match self.client.reset() {
            // Taps of programs have none.
            Err(_) if self.is_tap => {}
            answer => answer?,
        }
        if let Some(event) = self.client.event() {
            event.unset();
        }
        self.meter.restart();
        self.client.start()
    }

    pub(crate) fn stop(&mut self) {
        // A device that is gone refuses both, and is silent all the same.
        let _ = self.client.stop();
        let _ = self.client.reset();
    }

    /// The event that the device sets, where it sets any.
    pub(crate) fn event(&self) -> Option<&Event> {
        self.client.event()
    }

    /// What stands for the event where there is none.
    pub(crate) fn timer(&self) -> Option<&Timer> {
        self.timer.as_ref()
    }

    /// Frames that are missing to a whole period. Also tells whether the device still answers.
    pub(crate) fn missing_frames(&self) -> Hr<u32> {
        let ready_frames = self.client.padding_frames()?;
        Ok(self.period_frames.saturating_sub(ready_frames))
    }

    /// Hands over all packets that there are. Returns whether there were any. Real-time safe.
    pub(crate) fn cycle(&mut self, work: &mut dyn Cycle, woken_ns: u64) -> Hr<bool> {
        let mut sample = None;
        let mut packets = 0;
        let rate_hz = self.format.rate_hz;
        while packets < PACKETS_MAX {
            // Exclusive streams cannot be asked for the next packet, only for its memory.
            if !self.is_exclusive && self.reader.next_frames()? == 0 {
                break;
            }
            let mut first_ns = None;
            let frames = self.reader.next(|recorded| {
                work.captured(Packet {
                    bytes: recorded.bytes,
                    now_ns: self.there_ns(&recorded, woken_ns),
                    discontinuity: recorded.discontinuity,
                });
                first_ns = recorded.first_ns;
            })?;
            if frames == 0 {
                break;
            }
            sample = first_ns.map(|first_ns| behind_frames(first_ns, frames, woken_ns, rate_hz));
            packets += 1;
        }
        // Wake-ups at any instant tell nothing of when a packet was there.
        if let Some(behind_frames) = sample.filter(|_| !self.is_told_by_stamps()) {
            self.meter.add(behind_frames);
        }
        Ok(packets > 0)
    }

    /// Wake-ups may be any time after a packet was there: there are no events, or others' as well.
    fn is_told_by_stamps(&self) -> bool {
        self.timer.is_some() || self.is_tap
    }

    /// When the packet was there: at the wake-up that its event caused, or else what the device states.
    fn there_ns(&self, recorded: &Recorded<'_>, woken_ns: u64) -> u64 {
        let Some(first_ns) = recorded.first_ns.filter(|_| self.is_told_by_stamps()) else {
            return woken_ns;
        };
        let frames = (recorded.bytes.len() / self.format.frame_bytes()) as u32;
        let way_frames = frames.saturating_add(self.device_frames);
        let way_ns = 100 * hns_from_frames(way_frames, self.format.rate_hz).unsigned_abs();
        first_ns.saturating_add(way_ns).min(woken_ns)
    }

    /// What `device_frames` was found to be.
    pub(crate) fn measured_frames(&self) -> Option<u32> {
        self.meter.frames()
    }
}
