//! The direct graph: one client, one endpoint, nothing between.

use crate::client::{BlockTime, Client};
use crate::convert;
use crate::format::StreamFormat;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Joins a client that makes blocks to an endpoint that wants other numbers of frames.
///
/// It holds no buffer of its own: what is left of a block stays where the client put it, and each
/// sample is converted once, from there into the endpoint's memory. A block is asked for only when
/// its first frame is needed, so at a block equal to the period nothing is added, and elsewhere a
/// frame waits at most `block - gcd(block, period)` frames longer than it must.
#[derive(Debug)]
pub struct DirectGraph<C> {
    client: C,
    format: StreamFormat,
    /// Frames of the client's last block that are handed over. All of them: the next is to be made.
    taken_frames: usize,
    /// Frames that the client made.
    made_frames: u64,
    last_ns: u64,
}

/// What one cycle did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Frames written.
    pub frames: u32,
    /// Blocks that the client made for them.
    pub blocks: u32,
}

impl<C: Client> DirectGraph<C> {
    /// A graph that has made nothing yet.
    pub fn new(client: C, format: StreamFormat) -> Self {
        let taken_frames = client.block_frames() as usize;
        Self {
            client,
            format,
            taken_frames,
            made_frames: 0,
            last_ns: 0,
        }
    }

    /// The client.
    pub fn client(&self) -> &C {
        &self.client
    }

    /// Forgets what is left of the last block and counts frames from 0 again. `restart` tells the
    /// client.
    pub fn restart(&mut self, restart: impl FnOnce(&mut C)) {
        self.taken_frames = self.client.block_frames() as usize;
        self.made_frames = 0;
        restart(&mut self.client);
    }

    /// Fills `out`, whole frames of the endpoint's format, running the client as often as needed.
    /// `now_ns` is the instant of the wake-up. Real-time safe if the client is.
    pub fn render(&mut self, out: &mut [u8], now_ns: u64) -> Rendered {
        let block_frames = self.client.block_frames().max(1) as usize;
        let frame_bytes = self.format.frame_bytes();
        let wanted = out.len() / frame_bytes;
        let mut done = 0;
        let mut blocks = 0;
        while done < wanted {
            if self.taken_frames >= block_frames {
                self.make_block(now_ns, done as u64);
                blocks += 1;
            }
            let frames = (block_frames - self.taken_frames).min(wanted - done);
            self.write(&mut out[done * frame_bytes..(done + frames) * frame_bytes]);
            self.taken_frames += frames;
            done += frames;
        }
        Rendered {
            frames: done as u32,
            blocks,
        }
    }

    fn make_block(&mut self, now_ns: u64, frames_into_cycle: u64) {
        let ahead_ns = frames_into_cycle * NS_PER_SECOND / u64::from(self.format.rate_hz.max(1));
        // A wake-up that comes early after one with many blocks must not turn time back.
        self.last_ns = self.last_ns.max(now_ns.saturating_add(ahead_ns));
        self.client.process(BlockTime {
            frame: self.made_frames,
            now_ns: self.last_ns,
        });
        self.made_frames += u64::from(self.client.block_frames());
        self.taken_frames = 0;
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

    fn cycle(graph: &mut DirectGraph<Counter>, frames: usize, now_ns: u64) -> (Rendered, Vec<i32>) {
        let mut out = vec![0xEE; frames * FORMAT.frame_bytes()];
        let rendered = graph.render(&mut out, now_ns);
        let left = out.chunks_exact(8).map(|frame| {
            assert_eq!(
                frame[4..],
                [0; 4],
                "a channel without a client's plane is silent"
            );
            i32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]])
        });
        let left = left.collect();
        (rendered, left)
    }

    #[test]
    fn equal_sizes_make_one_block_a_cycle() {
        let mut graph = DirectGraph::new(Counter::new(480), FORMAT);
        for n in 0..10 {
            let (rendered, left) = cycle(&mut graph, 480, n * 10_000_000);
            assert_eq!(
                rendered,
                Rendered {
                    frames: 480,
                    blocks: 1
                }
            );
            assert_eq!(left[0], 480 * n as i32);
        }
    }

    #[test]
    fn blocks_of_one_cycle_are_as_far_apart_in_time_as_in_sound() {
        let mut graph = DirectGraph::new(Counter::new(240), FORMAT);
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
        let mut graph = DirectGraph::new(Counter::new(64), FORMAT);
        cycle(&mut graph, 100, 0);
        graph.restart(|client| client.times.clear());
        assert_eq!(cycle(&mut graph, 3, 0).1, [0, 1, 2]);
        assert_eq!(graph.client().times.len(), 1);
    }

    proptest! {
        #[test]
        fn no_frame_is_lost_or_repeated(
            block in 1usize..600,
            cycles in prop::collection::vec(0usize..1200, 1..30),
        ) {
            let mut graph = DirectGraph::new(Counter::new(block), FORMAT);
            let mut next = 0;
            for (n, frames) in cycles.into_iter().enumerate() {
                let (rendered, left) = cycle(&mut graph, frames, n as u64 * 10_000_000);
                prop_assert_eq!(rendered.frames as usize, frames);
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
    }
}
