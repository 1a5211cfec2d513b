//! Time passes.

use crate::clock::TIME_MAX_NS;
use crate::endpoint::User;
use crate::recorder::Level;
use crate::spec::Flow;
use crate::stream::Kind;
use crate::world::{EndpointId, StreamId, World};

impl World {
    /// When something happens next by itself, if anything does: a converter's period ends, an event
    /// wakes a client, a fault strikes.
    pub fn next_event_ns(&self) -> Option<u64> {
        let fault = self.script.front().map(|fault| fault.at_ns);
        let ticks = self.endpoints.iter().filter_map(|e| e.tick_at_ns);
        let signals = self.streams.values().filter_map(|s| s.signal_at);
        let next = fault.into_iter().chain(ticks).chain(signals).min();
        next.map(|next| next.max(self.now_ns))
            .filter(|next| *next < TIME_MAX_NS)
    }

    /// Lets time pass until `to_ns`. What is due until then happens in order; an instant that has
    /// passed already changes nothing.
    pub fn advance(&mut self, to_ns: u64) {
        let to_ns = to_ns.min(TIME_MAX_NS).max(self.now_ns);
        while let Some(next) = self.next_event_ns().filter(|next| *next <= to_ns) {
            self.now_ns = next;
            self.run_due();
        }
        self.now_ns = to_ns;
        self.sync_all();
    }

    /// What is due now. Faults come first, then converters, DACs before ADCs so that a cable carries
    /// what was just played; then the events that are set.
    fn run_due(&mut self) {
        while self.script.front().is_some_and(|f| f.at_ns <= self.now_ns) {
            if let Some(fault) = self.script.pop_front() {
                self.strike(&fault);
            }
        }
        for flow in [Flow::Render, Flow::Capture] {
            for id in self.endpoint_ids() {
                let endpoint = &self.endpoints[id.index()];
                if endpoint.flow == flow && endpoint.tick_at_ns.is_some_and(|t| t <= self.now_ns) {
                    self.tick(id);
                }
            }
        }
        for stream in self.streams.values_mut() {
            if let Some(at_ns) = stream.signal_at.filter(|at_ns| *at_ns <= self.now_ns) {
                stream.signal_at = None;
                stream.signalled = Some(at_ns);
            }
        }
    }

    /// A converter's period has ended.
    fn tick(&mut self, id: EndpointId) {
        let endpoint = &self.endpoints[id.index()];
        match (endpoint.flow, endpoint.user) {
            (Flow::Render, User::Mixer) => self.mix(id),
            (Flow::Render, User::Event(stream)) => self.switch_buffers(id, stream),
            (Flow::Capture, _) => self.deliver(id),
            (Flow::Render, _) => {}
        }
        self.endpoints[id.index()].plan_tick();
    }

    /// The device turns to the other of its two buffers.
    ///
    /// Follows "IAudioClient::Initialize method (audioclient.h)" on learn.microsoft.com, remarks:
    /// two buffers take turns, and the event tells that one is the client's. What is played when the
    /// client has not filled it in time, the page leaves open, and hardware differs (some repeats
    /// what was there before): here it is silence for the whole period, counted as an underrun. A
    /// buffer that comes late is played in the next period; nothing that was handed over is lost.
    fn switch_buffers(&mut self, id: EndpointId, stream_id: StreamId) {
        self.sync(id);
        let endpoint = &mut self.endpoints[id.index()];
        let Some(stream) = self.streams.get_mut(&stream_id) else {
            return;
        };
        let period_frames = stream.period_frames;
        let first_frame = endpoint.queue_end();
        stream.start_frame.get_or_insert(first_frame);
        self.bytes.clear();
        let got = stream.ring.pop(period_frames as usize, &mut self.bytes);
        endpoint.queue.push(&self.bytes);
        if got == 0 {
            endpoint.queue.push_silence(period_frames as usize);
            self.miss(stream_id, first_frame, u64::from(period_frames));
        }
        self.signal(id, period_frames);
        self.tell_level(stream_id);
    }

    /// Sets the event of every running stream of the endpoint that has one. It wakes the client
    /// after the delay that the device's [`WakeSpec`](crate::wake::WakeSpec) draws; an event that is
    /// set again before the client has noticed is one event, as with the system's auto-reset events.
    pub(crate) fn signal(&mut self, id: EndpointId, period_frames: u32) {
        let endpoint = &mut self.endpoints[id.index()];
        let late_ns = endpoint.take_late_ns(period_frames);
        let mut slow_ns = None;
        for stream in self.streams.values_mut() {
            let waits = stream.endpoint == id && stream.running && stream.wants_event;
            if waits && stream.signal_at.is_none() && stream.signalled.is_none() {
                let now_ns = self.now_ns;
                let slow_ns =
                    *slow_ns.get_or_insert_with(|| endpoint.slow_ns(now_ns, period_frames));
                let delay_ns = endpoint.draw_delay(late_ns.saturating_add(slow_ns));
                stream.signal_at = Some(self.now_ns.saturating_add(delay_ns));
            }
        }
    }

    /// Tells the recorder how much a stream has queued.
    pub(crate) fn tell_level(&mut self, stream_id: StreamId) {
        let (Some(recorder), Some(stream)) = (&mut self.recorder, self.streams.get(&stream_id))
        else {
            return;
        };
        let endpoint = &self.endpoints[stream.endpoint.index()];
        if !stream.renders || stream.kind == Kind::Loopback {
            return;
        }
        recorder.level(&Level {
            endpoint: stream.endpoint,
            stream: stream_id,
            time_ns: self.now_ns,
            frames: (stream.ring.frames() + endpoint.queue.frames()) as u64,
        });
    }
}
