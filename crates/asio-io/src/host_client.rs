//! An ASIO host as a client of the engine's graph.

use std::sync::Arc;

use asio::driver::{ChannelId, Half, HostBuffers, HostCallbacks, SamplePosition, SwitchTime};
use engine::client::{BlockTime, Client, Plane};
use rt::Flag;

use crate::HostLive;

/// Runs the host's `bufferSwitch` and plays what it left in its half-buffers.
///
/// **Which half is played.** The host is told to work on half `i` and may take until the next switch
/// for it, so by the contract only the other half is sure to be ready: one block of latency. A host
/// that calls `outputReady` says that half `i` is ready now, and then that half is played at once.
/// Which of the two a host does is seen in the first block after the start and kept until the stop:
/// changing in between would repeat or skip a block. We never wait for `outputReady`, because hosts
/// call it once as a probe, or not for the last block.
#[derive(Debug)]
pub struct HostClient {
    buffers: Arc<HostBuffers>,
    host: HostCallbacks,
    live: Arc<HostLive>,
    /// While it is not set, the host is not called and the client is silent.
    running: Arc<Flag>,
    /// For each of the device's channels the slot in `buffers` that plays on it.
    slots: Vec<Option<usize>>,
    /// For each of the device's inputs the slot in `buffers` that hears it.
    input_slots: Vec<Option<usize>>,
    rate_hz: f64,
    next_half: usize,
    /// The half to be played, unless the host was not called.
    played_half: Option<usize>,
    /// The half that the host has just filled is played, because it calls `outputReady` in its
    /// callback. Not known before the first block.
    at_once: Option<bool>,
}

impl HostClient {
    /// A client that plays the output channels of `buffers` and hears into the input channels.
    /// `outputs` and `inputs` tell for each of the device's channels which of the host's it is, if
    /// any. `rate_hz` is the stream's, `running` is the owner's switch.
    pub fn new(
        buffers: Arc<HostBuffers>,
        host: HostCallbacks,
        live: Arc<HostLive>,
        running: Arc<Flag>,
        outputs: &[Option<u32>],
        inputs: &[Option<u32>],
        rate_hz: u32,
    ) -> Self {
        let mut client = Self {
            buffers,
            host,
            live,
            running,
            slots: Vec::new(),
            input_slots: Vec::new(),
            rate_hz: f64::from(rate_hz),
            next_half: 0,
            played_half: None,
            at_once: None,
        };
        client.set_channels(outputs, inputs);
        client
    }

    /// Tells for each channel of another device which of the host's it is, if any. Allocates: not for
    /// the real-time path.
    pub fn set_channels(&mut self, outputs: &[Option<u32>], inputs: &[Option<u32>]) {
        let slot = |is_input: bool, channel: Option<u32>| {
            let index = channel?;
            let wanted = ChannelId { is_input, index };
            let channels = self.buffers.channels();
            channels.iter().position(|id| *id == wanted)
        };
        let slots = outputs
            .iter()
            .map(|channel| slot(false, *channel))
            .collect();
        let input_slots = inputs.iter().map(|channel| slot(true, *channel)).collect();
        (self.slots, self.input_slots) = (slots, input_slots);
    }

    /// The host's buffers.
    pub fn buffers(&self) -> &HostBuffers {
        &self.buffers
    }

    /// What the host may ask from any thread.
    pub fn live(&self) -> &HostLive {
        &self.live
    }

    /// The host's callbacks.
    pub fn host(&self) -> &HostCallbacks {
        &self.host
    }

    /// Makes ready for a start: the first block is half 0 again. What the host put into its buffers
    /// before the start stays there.
    pub fn restart(&mut self) {
        self.next_half = 0;
        self.played_half = None;
        self.at_once = None;
    }
}

impl Client for HostClient {
    fn block_frames(&self) -> u32 {
        self.buffers.block_frames()
    }

    fn input(&mut self, channel: usize, samples: Plane<'_>) {
        let samples = match samples {
            Plane::Int32(samples) => Half::Int32(samples),
            Plane::Float32(samples) => Half::Float32(samples),
        };
        if let Some(slot) = self.input_slots.get(channel).copied().flatten() {
            self.buffers.fill(slot, self.next_half, samples);
        }
    }

    fn hears(&self, channel: usize) -> bool {
        self.input_slots.get(channel).is_some_and(Option::is_some)
    }

    fn process(&mut self, time: BlockTime) {
        if !self.running.get() {
            self.played_half = None;
            return;
        }
        let half = self.next_half;
        self.next_half = 1 - half;
        self.live.advance(time);
        let position = SamplePosition {
            frames: time.frame,
            system_ns: time.now_ns,
        };
        let ready_before = self.live.ready_calls();
        self.host.buffer_switch(
            half,
            true,
            Some(&SwitchTime {
                position,
                rate_hz: self.rate_hz,
            }),
        );
        let at_once = match self.at_once {
            Some(at_once) => at_once,
            None => {
                let ready = self.live.ready_calls() != ready_before;
                self.live.decide(ready);
                *self.at_once.insert(ready)
            }
        };
        self.played_half = Some(if at_once { half } else { 1 - half });
    }

    fn output(&self, channel: usize) -> Option<Plane<'_>> {
        let slot = self.slots.get(channel).copied().flatten()?;
        match self.buffers.half(slot, self.played_half?)? {
            Half::Int32(samples) => Some(Plane::Int32(samples)),
            Half::Float32(samples) => Some(Plane::Float32(samples)),
        }
    }
}
