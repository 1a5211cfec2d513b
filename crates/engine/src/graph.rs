//! The direct graph: one client, one endpoint, nothing between.

use crate::client::{BlockTime, Client};
use crate::convert;
use crate::endpoint::{Due, EndpointTiming, Intake};
use crate::fill::Fill;
use crate::format::StreamFormat;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Joins a client that makes blocks to an endpoint that wants other numbers of frames.
///
/// It holds no buffer of its own: what is left of a block stays where the client put it, and each
/// sample is converted once, from there into the endpoint's memory. A block is asked for only when
/// [`Fill`] says that it is needed.
#[derive(Debug)]
pub struct DirectGraph<C> {
    client: C,
    format: StreamFormat,
    intake: Intake,
    fill: Fill,
    /// Frames of the client's last block that are handed over. All of them: the next is to be made.
    taken_frames: usize,
    /// Frames that the client made.
    made_frames: u64,
    last_ns: u64,
    /// The last cycle made a block, so that how long it took tells of the client.
    made_a_block: bool,
}

impl<C: Client> DirectGraph<C> {
    /// A graph that has made nothing yet, for an endpoint that is buffered so.
    pub fn new(client: C, format: StreamFormat, timing: &EndpointTiming) -> Self {
        let block_frames = client.block_frames();
        Self {
            client,
            format,
            intake: timing.intake,
            fill: Fill::new(timing, block_frames, format.rate_hz),
            taken_frames: block_frames as usize,
            made_frames: 0,
            last_ns: 0,
            made_a_block: false,
        }
    }

    /// The client.
    pub fn client(&self) -> &C {
        &self.client
    }

    /// How full the endpoint's queue is kept.
    pub fn fill(&self) -> &Fill {
        &self.fill
    }

    /// Forgets what is left of the last block and counts frames from 0 again. `restart` tells the
    /// client.
    pub fn restart(&mut self, restart: impl FnOnce(&mut C)) {
        self.taken_frames = self.client.block_frames() as usize;
        self.made_frames = 0;
        self.made_a_block = false;
        self.fill.restart();
        restart(&mut self.client);
    }

    /// Writes what the endpoint needs, running the client as often as needed, and returns how many
    /// frames these are. Real-time safe if the client is.
    pub fn render(&mut self, due: Due<'_>) -> u32 {
        let frame_bytes = self.format.frame_bytes();
        let room = due.bytes.len() / frame_bytes;
        if self.made_a_block {
            self.fill.note(self.frames_in(due.busy_ns), room as u32);
        }
        self.made_a_block = false;
        let level = match self.intake {
            Intake::Whole => room,
            Intake::Level { .. } => {
                let keep_frames = self.fill.keep_frames();
                keep_frames.saturating_sub(due.queued_frames) as usize
            }
        };
        let block_frames = self.client.block_frames().max(1) as usize;
        let mut done = 0;
        while done < room {
            if self.taken_frames >= block_frames {
                if done >= level {
                    break;
                }
                self.make_block(&due, done as u32);
            }
            let frames = (block_frames - self.taken_frames).min(room - done);
            self.write(&mut due.bytes[done * frame_bytes..(done + frames) * frame_bytes]);
            self.taken_frames += frames;
            done += frames;
        }
        done as u32
    }

    fn make_block(&mut self, due: &Due<'_>, frames_into_cycle: u32) {
        let ahead_frames = due.queued_frames.saturating_add(frames_into_cycle);
        let ahead_frames = u64::from(ahead_frames.saturating_sub(self.fill.base_frames()));
        let ahead_ns = ahead_frames * NS_PER_SECOND / u64::from(self.format.rate_hz.max(1));
        // A wake-up that comes early after one with many blocks must not turn time back.
        self.last_ns = self.last_ns.max(due.now_ns.saturating_add(ahead_ns));
        self.client.process(BlockTime {
            frame: self.made_frames,
            now_ns: self.last_ns,
        });
        self.made_frames += u64::from(self.client.block_frames());
        self.taken_frames = 0;
        self.made_a_block = true;
    }

    fn frames_in(&self, ns: u64) -> u32 {
        let frames = u128::from(ns) * u128::from(self.format.rate_hz) / u128::from(NS_PER_SECOND);
        u32::try_from(frames).unwrap_or(u32::MAX)
    }

    fn write(&self, out: &mut [u8]) {
        let frames = out.len() / self.format.frame_bytes();
        for channel in 0..usize::from(self.format.channels) {
            match self.client.output(channel) {
                Some(plane) => {
                    let part = plane.part(self.taken_frames, frames);
                    convert::write_channel(part, out, &self.format, channel);
                }
                None => convert::silence_channel(out, &self.format, channel),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Plane;
    use crate::format::SampleFormat;
    use proptest::prelude::*;

    /// Counts frames: channel 0 plays the frame's number, channel 1 is silent.
    struct Counter {
        block: Vec<i32>,
        times: Vec<BlockTime>,
    }

    impl Counter {
        fn new(block_frames: usize) -> Self {
            Self {
                block: vec![0; block_frames],
                times: Vec::new(),
            }
        }
    }

    impl Client for Counter {
        fn block_frames(&self) -> u32 {
            self.block.len() as u32
        }
        fn process(&mut self, time: BlockTime) {
            for (n, sample) in (time.frame as i32..).zip(&mut self.block) {
                *sample = n;
            }
            self.times.push(time);
        }
        fn output(&self, channel: usize) -> Option<Plane<'_>> {
            (channel == 0).then_some(Plane::Int32(&self.block))
        }
    }

    const FORMAT: StreamFormat = StreamFormat {
        sample: SampleFormat::Int32,
        channels: 2,
        rate_hz: 48_000,
        channel_mask: 0,
    };

    const WHOLE: EndpointTiming = EndpointTiming {
        period_frames: 480,
        buffer_frames: 480,
        intake: Intake::Whole,
        queued_frames: 480,
        device_frames: 0,
        input_period_frames: 0,
        input_device_frames: 0,
        is_one_clock: true,
    };

    fn whole(block_frames: usize) -> DirectGraph<Counter> {
        DirectGraph::new(Counter::new(block_frames), FORMAT, &WHOLE)
    }

    fn cycle(graph: &mut DirectGraph<Counter>, frames: usize, now_ns: u64) -> Vec<i32> {
        let mut out = vec![0xEE; frames * FORMAT.frame_bytes()];
        let written = graph.render(Due {
            bytes: &mut out,
            queued_frames: 0,
            now_ns,
            busy_ns: 0,
            underrun: false,
        });
        assert_eq!(
            written as usize, frames,
            "a device may want all that it offers"
        );
        let left = out.chunks_exact(8).map(|frame| {
            assert_eq!(
                frame[4..],
                [0; 4],
                "a channel without a client's plane is silent"
            );
            i32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]])
        });
        left.collect()
    }

    #[test]
    fn equal_sizes_make_one_block_a_cycle() {
        let mut graph = whole(480);
        for n in 0..10 {
            let left = cycle(&mut graph, 480, n * 10_000_000);
            assert_eq!(left[0], 480 * n as i32);
            assert_eq!(graph.client().times.len(), n as usize + 1);
        }
    }

    #[test]
    fn blocks_of_one_cycle_are_as_far_apart_in_time_as_in_sound() {
        let mut graph = whole(240);
        cycle(&mut graph, 480, 1_000_000);
        // The next wake-up comes too early: time stands still rather than going back.
        cycle(&mut graph, 480, 2_000_000);
        let times: Vec<_> = graph
            .client()
            .times
            .iter()
            .map(|t| (t.frame, t.now_ns))
            .collect();
        assert_eq!(
            times,
            [
                (0, 1_000_000),
                (240, 6_000_000),
                (480, 6_000_000),
                (720, 7_000_000)
            ]
        );
    }

    #[test]
    fn a_restart_counts_from_zero() {
        let mut graph = whole(64);
        cycle(&mut graph, 100, 0);
        graph.restart(|client| client.times.clear());
        assert_eq!(cycle(&mut graph, 3, 0), [0, 1, 2]);
        assert_eq!(graph.client().times.len(), 1);
    }

    #[test]
    fn position_against_time_is_a_straight_line_whatever_the_block() {
        const PERIOD: u32 = 480;
        for block in [32_usize, 100, 441, 480, 500, 960, 2_048] {
            let timing = EndpointTiming {
                buffer_frames: 5_000,
                intake: Intake::Level { slack_frames: 0 },
                queued_frames: 0,
                ..WHOLE
            };
            let mut graph = DirectGraph::new(Counter::new(block), FORMAT, &timing);
            let mut queued_frames = graph.fill().keep_frames();
            for n in 0..200 {
                queued_frames -= PERIOD;
                let mut out = vec![0; (5_000 - queued_frames) as usize * FORMAT.frame_bytes()];
                queued_frames += graph.render(Due {
                    bytes: &mut out,
                    queued_frames,
                    now_ns: n * 10_000_000,
                    busy_ns: 0,
                    underrun: false,
                });
                assert!(queued_frames >= PERIOD);
            }
            let times = &graph.client().times;
            let first = times[0];
            for time in times {
                let frames_ns = time.frame * 1_000_000 / 48;
                let error = (time.now_ns - first.now_ns).abs_diff(frames_ns);
                assert!(error <= 2, "block {block}: {error} ns off");
            }
        }
    }

    proptest! {
        #[test]
        fn no_frame_is_lost_or_repeated(
            block in 1usize..600,
            cycles in prop::collection::vec(0usize..1200, 1..30),
        ) {
            let mut graph = whole(block);
            let mut next = 0;
            for (n, frames) in cycles.into_iter().enumerate() {
                let left = cycle(&mut graph, frames, n as u64 * 10_000_000);
                prop_assert_eq!(left.len(), frames);
                for sample in left {
                    prop_assert_eq!(sample, next);
                    next += 1;
                }
                // Only what is needed was made.
                let made: usize = graph.client().times.len() * block;
                prop_assert!(made >= next as usize && made < next as usize + block);
            }
            let times = &graph.client().times;
            prop_assert!(times.windows(2).all(|pair| pair[0].now_ns <= pair[1].now_ns));
        }

        #[test]
        fn a_level_is_kept_and_no_frame_lost_in_any_buffer(
            block in 1_usize..2_000,
            period in 1_u32..500,
            extra_buffer in 0_u32..2_000,
            busy_ns in 0_u64..50_000_000,
        ) {
            let buffer_frames = 2 * period + extra_buffer;
            let timing = EndpointTiming {
                period_frames: period,
                buffer_frames,
                intake: Intake::Level { slack_frames: 0 },
                ..WHOLE
            };
            let mut graph = DirectGraph::new(Counter::new(block), FORMAT, &timing);
            let (mut queued_frames, mut next) = (graph.fill().keep_frames(), 0);
            for n in 0..100 {
                prop_assert!(queued_frames >= period, "it runs dry");
                queued_frames -= period;
                let mut out = vec![0; (buffer_frames - queued_frames) as usize * 8];
                let now_ns = n * 10_000_000;
                let due = Due { bytes: &mut out, queued_frames, now_ns, busy_ns, underrun: false };
                let written = graph.render(due);
                for frame in out[..written as usize * 8].chunks_exact(8) {
                    prop_assert_eq!(i32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]), next);
                    next += 1;
                }
                queued_frames += written;
            }
        }
    }
}
