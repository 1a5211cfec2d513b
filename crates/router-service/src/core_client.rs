//! The router's core as what a stream runs.

use std::sync::Arc;

use engine::client::{BlockTime, Client, Plane};
use engine::format::ClientSample;
use ipc::Link;
use router::Core;
use rt::{Counter, Gauge};
use session::{Ears, News, StreamClient};

use crate::files::Tape;

/// A core whose channels are brought to those of the devices that are there.
pub struct CoreClient<L> {
    core: Core<L>,
    /// For each channel of the devices the core's.
    outputs: Vec<Option<usize>>,
    inputs: Vec<Option<usize>>,
    made_frames: Option<u64>,
    ears: Arc<NewsCounts>,
    tapes: Vec<Tape>,
    /// Frames since the core was made, which the tapes count by.
    tape_frame: u64,
}

/// How often there was what news.
#[derive(Debug, Default)]
pub struct NewsCounts {
    /// The device ran dry.
    pub overloads: Counter,
    /// Latencies changed.
    pub latencies: Counter,
    /// The stream should be made anew.
    pub make_anew: Counter,
    /// Frames that were made.
    pub frames: Gauge,
}

impl Ears for NewsCounts {
    fn tell(&self, news: News) {
        match news {
            News::Overload => self.overloads.add(1),
            News::LatenciesChanged => self.latencies.add(1),
            News::MakeAnew => self.make_anew.add(1),
        }
    }
}

impl<L: Link> CoreClient<L> {
    /// That core, with no channel of any device yet.
    pub fn new(core: Core<L>, ears: Arc<NewsCounts>) -> Self {
        Self {
            core,
            outputs: Vec::new(),
            inputs: Vec::new(),
            made_frames: None,
            ears,
            tapes: Vec::new(),
            tape_frame: 0,
        }
    }
}

impl<L: Link> CoreClient<L> {
    /// The same, which fills these files.
    #[must_use]
    pub fn with_tapes(self, tapes: Vec<Tape>) -> Self {
        Self { tapes, ..self }
    }

    fn fill_tapes(&mut self) {
        let frames = self.core.block_frames();
        let core = &self.core;
        for tape in &mut self.tapes {
            tape.take(self.tape_frame, frames as usize, |own| core.output(own));
        }
        self.tape_frame += u64::from(frames);
        self.ears.frames.set(self.tape_frame);
    }
}

impl<L: Link> Client for CoreClient<L> {
    fn block_frames(&self) -> u32 {
        self.core.block_frames()
    }

    fn input(&mut self, channel: usize, samples: Plane<'_>) {
        if let Some(own) = self.inputs.get(channel).copied().flatten() {
            self.core.input(own, samples);
        }
    }

    fn hears(&self, channel: usize) -> bool {
        self.inputs.get(channel).is_some_and(Option::is_some)
    }

    fn process(&mut self, time: BlockTime) {
        self.core.process(time);
        self.fill_tapes();
        self.made_frames = Some(time.frame + u64::from(self.core.block_frames()));
    }

    fn output(&self, channel: usize) -> Option<Plane<'_>> {
        let own = self.outputs.get(channel).copied().flatten()?;
        self.core.output(own)
    }
}

impl<L: Link + 'static> StreamClient for CoreClient<L> {
    fn sample(&self) -> ClientSample {
        ClientSample::Float32
    }

    fn set_channels(&mut self, outputs: &[Option<u32>], inputs: &[Option<u32>]) {
        let own = |channels: &[Option<u32>]| {
            let channels = channels.iter();
            channels.map(|own| own.map(|own| own as usize)).collect()
        };
        self.outputs = own(outputs);
        self.inputs = own(inputs);
    }

    fn restart(&mut self) {
        self.made_frames = None;
    }

    fn halt(&mut self) {
        self.made_frames = None;
    }

    fn plays_at_once(&self) -> bool {
        true
    }

    fn made_frames(&self) -> Option<u64> {
        self.made_frames
    }

    fn ears(&self) -> Arc<dyn Ears> {
        Arc::clone(&self.ears) as Arc<dyn Ears>
    }
}
