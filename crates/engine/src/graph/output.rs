//! The playing side of a graph.

use crate::bridge::{BridgeSink, BridgeSource, BridgeSpec, Clocks, Side, Stamp, bridge};
use crate::client::{Client, Plane};
use crate::convert::Encoder;
use crate::format::StreamFormat;
use crate::graph::fade::{Fade, first_sound};
use crate::graph::{GraphSpec, encoder, ns_of};
use crate::resample::Resampler;

/// Frames that are resampled or faded at a time.
const PIECE_FRAMES: u32 = 512;

/// Writes a client's blocks into a device's memory.
#[derive(Debug)]
pub(super) struct Output {
    encoder: Encoder,
    fade: Fade,
    /// The sound that comes out of the filter first is to rise from silence.
    rises: bool,
    /// Frames of silence behind the sound that has fallen to it.
    fallen_frames: u64,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// From the client's block; so many of its frames are handed over.
    Direct {
        taken_frames: usize,
    },
    Resampled(Box<Resampled>),
}

/// The client runs at another rate than the device.
#[derive(Debug)]
struct Resampled {
    spec: BridgeSpec,
    source: BridgeSource,
    sink: BridgeSink,
    /// What the filter needs ahead of a frame, in the client's frames.
    reach_frames: u32,
    /// Frames of the client that are in the bridge.
    pushed_frames: u64,
    /// Frames of the device that were written.
    written_frames: u64,
}

impl Output {
    /// # Errors
    /// One sentence that tells why that client cannot play on that device.
    pub(super) fn new(
        format: StreamFormat,
        block_frames: u32,
        spec: &GraphSpec,
    ) -> Result<Output, String> {
        let way = if spec.rate_hz == format.rate_hz {
            Way::Direct {
                taken_frames: block_frames as usize,
            }
        } else {
            Way::Resampled(Box::new(Resampled::new(format, block_frames, spec)?))
        };
        Ok(Output {
            encoder: encoder(format, spec),
            fade: Fade::new(
                spec.sample,
                format.rate_hz,
                usize::from(format.channels),
                PIECE_FRAMES as usize,
            ),
            rises: false,
            fallen_frames: 0,
            way,
        })
    }

    /// The device's format.
    pub(super) fn format(&self) -> &StreamFormat {
        self.encoder.format()
    }

    /// Forgets what is left of earlier blocks. Allocates: not for the real-time path.
    pub(super) fn restart(&mut self, block_frames: u32) {
        self.fade.pass();
        self.rises = false;
        match &mut self.way {
            Way::Direct { taken_frames } => *taken_frames = block_frames as usize,
            Way::Resampled(resampled) => resampled.restart(),
        }
    }

    /// What is written next rises from silence. Real-time safe.
    pub(super) fn fade_in(&mut self) {
        match self.way {
            Way::Direct { .. } => self.fade.rise_after(0),
            Way::Resampled(_) => {
                self.fade.pass();
                self.rises = true;
            }
        }
    }

    /// What is written next falls to silence. Real-time safe.
    pub(super) fn fade_out(&mut self) {
        if !self.fade.has_fallen() {
            self.fade.fall();
            self.fallen_frames = 0;
        }
    }

    /// How many frames of silence were written since the sound has fallen to it; `None` while it has
    /// not.
    pub(super) fn fallen_frames(&self) -> Option<u64> {
        self.fade.has_fallen().then_some(self.fallen_frames)
    }

    /// What the client's frames wait for the filter, in frames of the client.
    pub(super) fn filter_frames(&self) -> u32 {
        match &self.way {
            Way::Direct { .. } => 0,
            Way::Resampled(resampled) => resampled.reach_frames,
        }
    }

    /// How much sound goes to the device in this cycle before the client's next block, the filter's
    /// delay not counted, in nanoseconds.
    pub(super) fn ns_before_block(&self, left: &Left) -> u64 {
        match &self.way {
            Way::Direct { .. } => ns_of(left.done as u64, self.format().rate_hz),
            Way::Resampled(resampled) => resampled.ns_before_block(left),
        }
    }

    /// Whether the client has to make a block before anything can be written. `left` tells how much
    /// is.
    pub(super) fn needs_block(&self, left: &Left, block_frames: u32) -> bool {
        match &self.way {
            Way::Direct { taken_frames } => {
                *taken_frames >= block_frames as usize && left.done < left.level
            }
            Way::Resampled(resampled) => resampled.needs_block(left),
        }
    }

    /// The client has made a block. Real-time safe.
    pub(super) fn block_made(&mut self, client: &impl Client) {
        match &mut self.way {
            Way::Direct { taken_frames } => *taken_frames = 0,
            Way::Resampled(resampled) => resampled.push(client),
        }
    }

    /// Writes what there is, as far as there is room, and counts it in `left`. False when there was
    /// nothing to write. Real-time safe.
    pub(super) fn write(
        &mut self,
        client: &impl Client,
        bytes: &mut [u8],
        left: &mut Left,
    ) -> bool {
        let frame_bytes = self.format().frame_bytes();
        let frames = match &self.way {
            Way::Direct { taken_frames } => {
                let block_frames = client.block_frames() as usize;
                let rest = block_frames.saturating_sub(*taken_frames);
                rest.min(left.room - left.done)
            }
            Way::Resampled(_) => {
                let wanted = left.level.min(left.room).saturating_sub(left.done);
                wanted.min(PIECE_FRAMES as usize)
            }
        };
        if let Way::Resampled(resampled) = &mut self.way {
            resampled.pull(frames);
            let channels = 0..usize::from(resampled.spec.channels);
            let planes = channels.map(|channel| resampled.sink.plane(channel));
            if self.rises
                && let Some(silent_frames) = first_sound(planes)
            {
                self.rises = false;
                self.fade.rise_after(silent_frames);
            }
        }
        if self.fade.has_fallen() {
            self.fallen_frames += frames as u64;
        }
        let fades = !self.fade.is_through();
        let frames = match fades {
            true => self.fade.advance(frames),
            false => frames,
        };
        let fade = fades.then_some((&mut self.fade, frames));
        let start = left.done * frame_bytes;
        let out = &mut bytes[start..start + frames * frame_bytes];
        match &mut self.way {
            Way::Direct { taken_frames } => {
                let taken = *taken_frames;
                *taken_frames += frames;
                encode(&mut self.encoder, fade, out, |channel| {
                    let plane = client.output(channel)?;
                    Some(plane.part(taken, frames))
                });
            }
            Way::Resampled(resampled) => {
                encode(&mut self.encoder, fade, out, |channel| {
                    Some(resampled.sink.plane(channel))
                });
            }
        }
        left.done += frames;
        frames > 0
    }
}

/// Converts a piece of sound, with a fade where there is one.
fn encode<'a>(
    encoder: &mut Encoder,
    fade: Option<(&mut Fade, usize)>,
    out: &mut [u8],
    plane: impl Fn(usize) -> Option<Plane<'a>>,
) {
    let Some((fade, frames)) = fade else {
        return encoder.write(out, plane);
    };
    for channel in 0..usize::from(encoder.format().channels) {
        fade.soften(channel, plane(channel));
    }
    encoder.write(out, |channel| Some(fade.plane(channel, frames)));
}

/// How far a cycle is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    /// Frames written in this cycle.
    pub(super) done: usize,
    /// Frames that should be.
    pub(super) level: usize,
    /// Frames that can be.
    pub(super) room: usize,
}

impl Resampled {
    fn new(
        format: StreamFormat,
        block_frames: u32,
        graph: &GraphSpec,
    ) -> Result<Resampled, String> {
        let reach = Resampler::new(graph.rate_hz, format.rate_hz, graph.quality)?.reach_frames();
        let spec = BridgeSpec {
            channels: format.channels,
            sample: graph.sample,
            source: Side {
                rate_hz: graph.rate_hz,
                block_frames,
            },
            sink: Side {
                rate_hz: format.rate_hz,
                block_frames: PIECE_FRAMES,
            },
            clocks: Clocks::Shared,
            quality: graph.quality,
            target_frames: None,
        };
        let (source, sink) = bridge(&spec)?;
        Ok(Resampled {
            spec,
            source,
            sink,
            reach_frames: reach as u32,
            pushed_frames: 0,
            written_frames: 0,
        })
    }

    fn restart(&mut self) {
        if let Ok((source, sink)) = bridge(&self.spec) {
            (self.source, self.sink) = (source, sink);
        }
        self.pushed_frames = 0;
        self.written_frames = 0;
    }

    /// The frames of the client that are needed for those of the device before `frame`. The first of
    /// the client's is played as late as the filter reaches, so the filter needs none beyond.
    fn needed_frames(&self, frame: u64) -> u64 {
        let (from, to) = (self.spec.source.rate_hz, self.spec.sink.rate_hz);
        let last = u128::from(frame.saturating_sub(1)) * u128::from(from) / u128::from(to.max(1));
        last as u64 + 1
    }

    fn needs_block(&self, left: &Left) -> bool {
        let wanted = left.level.min(left.room);
        if left.done >= wanted {
            return false;
        }
        let frames = (wanted - left.done).min(PIECE_FRAMES as usize);
        self.pushed_frames < self.needed_frames(self.written_frames + frames as u64)
    }

    fn ns_before_block(&self, left: &Left) -> u64 {
        let (from, to) = (self.spec.source.rate_hz, self.spec.sink.rate_hz);
        let before_cycle = self.written_frames.saturating_sub(left.done as u64);
        ns_of(self.pushed_frames, from).saturating_sub(ns_of(before_cycle, to))
    }

    fn push(&mut self, client: &impl Client) {
        let frames = client.block_frames();
        let stamp = Stamp {
            position_frames: self.pushed_frames,
            at_ns: ns_of(self.pushed_frames, self.spec.source.rate_hz),
        };
        self.source
            .push(frames as usize, stamp, |channel| client.output(channel));
        self.pushed_frames += u64::from(frames);
    }

    /// The two ends have one clock, and it is not the time of day but the frames that count: a pull
    /// is as much later than its frames as the bridge holds beyond the filter's reach, so that
    /// nothing else waits in it.
    fn pull(&mut self, frames: usize) {
        let held_frames = self.sink.status().target_frames;
        let held_frames = u64::from(held_frames.saturating_sub(self.reach_frames));
        let (from, to) = (self.spec.source.rate_hz, self.spec.sink.rate_hz);
        let stamp = Stamp {
            position_frames: self.written_frames,
            at_ns: ns_of(self.written_frames, to) + ns_of(held_frames, from),
        };
        self.sink.pull(frames, stamp);
        self.written_frames += frames as u64;
    }
}
