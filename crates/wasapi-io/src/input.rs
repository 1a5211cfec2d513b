//! The side of a stream that records.

use engine::endpoint::{Cycle, Packet};
use engine::format::StreamFormat;

use crate::client::AudioClient;
use crate::duration::{hns_from_frames, plausible_latency_frames};
use crate::hresult::Hr;
use crate::hresult::codes::E_FAIL;
use crate::meter::{Bias, Meter, behind_frames};
use crate::open::Opened;
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

    pub(crate) format: StreamFormat,
    pub(crate) period_frames: u32,
    pub(crate) period_ns: u64,
    /// From the input to the hand-over, as the system states it, the period not counted.
    pub(crate) device_frames: u32,
    meter: Meter,
}

impl Input {
    pub(crate) fn new(opened: Opened) -> Hr<Self> {
        let Opened {
            mut client,
            format,
            pace,
            period_frames,
            ..
        } = opened;
        let rate_hz = format.rate_hz;
        let buffer_frames = client.buffer_frames()?;
        if buffer_frames == 0 || period_frames == 0 {
            return Err(E_FAIL);
        }
        let latency_frames = plausible_latency_frames(client.latency_hns().unwrap_or(0), rate_hz);
        let timer = match pace {
            Pace::ExclusiveTimer => Some(Timer::new()?),
            Pace::SharedEvent | Pace::ExclusiveEvent => {
                client.enable_event()?;
                None
            }
        };
        let mut reader = client.reader(format.frame_bytes())?;
        reader.reserve(buffer_frames);
        Ok(Self {
            reader,
            client,
            timer,
            is_exclusive: pace != Pace::SharedEvent,
            format,
            period_frames,
            period_ns: 100 * hns_from_frames(period_frames, rate_hz).unsigned_abs(),
            device_frames: latency_frames.saturating_sub(period_frames),
            meter: Meter::new(Bias::Lengthens, rate_hz),
        })
    }

    pub(crate) fn start(&mut self) -> Hr<()> {
        // Whatever an earlier start that failed has left behind.
        self.client.reset()?;
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
        if let Some(behind_frames) = sample.filter(|_| self.timer.is_none()) {
            self.meter.add(behind_frames);
        }
        Ok(packets > 0)
    }

    /// When the packet was there: at the wake-up that its event caused. Where there are no events, the
    /// wake-up may be any time later, and it is what the device states.
    fn there_ns(&self, recorded: &Recorded<'_>, woken_ns: u64) -> u64 {
        let Some(first_ns) = recorded.first_ns.filter(|_| self.timer.is_some()) else {
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
