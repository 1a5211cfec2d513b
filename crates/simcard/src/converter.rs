//! The converters: what leaves a DAC's buffer and what enters an ADC's, frame by frame.

use engine::format::StreamFormat;

use crate::endpoint::{Endpoint, User};
use crate::recorder::{Incident, IncidentKind, Run};
use crate::sample::{decode, encode};
use crate::spec::Flow;
use crate::wire::Cable;
use crate::world::{EndpointId, StreamId, World};

impl World {
    /// Brings every converter up to now.
    pub(crate) fn sync_all(&mut self) {
        for flow in [Flow::Render, Flow::Capture] {
            for id in self.endpoint_ids() {
                if self.endpoints[id.index()].flow == flow {
                    self.sync(id);
                }
            }
        }
    }

    /// Brings a converter up to now.
    pub(crate) fn sync(&mut self, id: EndpointId) {
        if !self.endpoints[id.index()].active {
            return;
        }
        if self.endpoints[id.index()].flow == Flow::Render {
            return self.play(id);
        }
        // An ADC hears what the DACs have played up to now.
        for n in 0..self.cables.len() {
            let Cable { from, to, .. } = self.cables[n];
            if to == id && self.endpoints[from.index()].active {
                self.play(from);
            }
        }
        self.record(id);
    }

    fn play(&mut self, id: EndpointId) {
        loop {
            let endpoint = &mut self.endpoints[id.index()];
            let ended = endpoint.clock.frames_at(self.now_ns);
            let Some(wanted) = ended.checked_sub(endpoint.next_frame).filter(|n| *n > 0) else {
                return;
            };
            self.bytes.clear();
            let mut frames = endpoint.queue.pop(wanted as usize, &mut self.bytes) as u64;
            if frames == 0 {
                match endpoint.user {
                    User::Timer(stream) => frames = self.play_from_ring(id, stream, wanted),
                    // Whatever was to come is played; the mixer has stopped.
                    _ => {
                        endpoint.active = false;
                        return;
                    }
                }
            }
            self.put_out(id, frames);
        }
    }

    /// Takes frames for the DAC straight from a client's ring, into `bytes`.
    ///
    /// Follows "IAudioClient::GetCurrentPadding method (audioclient.h)" on learn.microsoft.com: what
    /// is not played yet is the padding. When the ring is empty, the page says nothing and hardware
    /// plays what the ring held a turn before; here it is silence, counted as an underrun.
    fn play_from_ring(&mut self, id: EndpointId, stream_id: StreamId, wanted: u64) -> u64 {
        let first_frame = self.endpoints[id.index()].next_frame;
        let Some(stream) = self.streams.get_mut(&stream_id) else {
            return 0;
        };
        let frames = stream.ring.pop(wanted as usize, &mut self.bytes) as u64;
        if frames > 0 {
            return frames;
        }
        let silence = wanted as usize * stream.format.frame_bytes();
        self.bytes.resize(silence, 0);
        self.miss(stream_id, first_frame, wanted);
        wanted
    }

    /// What is in `bytes` leaves the DAC's buffer.
    fn put_out(&mut self, id: EndpointId, frames: u64) {
        let endpoint = &mut self.endpoints[id.index()];
        let first_frame = endpoint.next_frame + u64::from(endpoint.spec.latency_frames);
        endpoint.next_frame += frames;
        if let Some(wire) = &mut endpoint.wire {
            self.samples.clear();
            decode(&self.bytes, endpoint.format.sample, &mut self.samples);
            wire.push(first_frame, &self.samples);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.played(&Run {
                endpoint: id,
                first_frame,
                time_ns: endpoint.clock.time_of_frame(first_frame),
                format: endpoint.format,
                bytes: &self.bytes,
            });
        }
    }

    fn record(&mut self, id: EndpointId) {
        let endpoint = &self.endpoints[id.index()];
        let ended = endpoint.clock.frames_at(self.now_ns);
        let frames = ended.saturating_sub(endpoint.next_frame);
        if frames == 0 {
            return;
        }
        let StreamFormat {
            channels, sample, ..
        } = endpoint.format;
        let latency_frames = u64::from(endpoint.spec.latency_frames);
        let first_frame = endpoint.next_frame;
        let channels = usize::from(channels);
        self.samples.clear();
        self.samples.resize(frames as usize * channels, 0.0);
        for cable in self.cables.iter().filter(|cable| cable.to == id) {
            let from = &self.endpoints[cable.from.index()];
            let path = Path::new(from, endpoint, cable);
            for (number, frame) in (first_frame..).zip(self.samples.chunks_exact_mut(channels)) {
                let source = number
                    .checked_sub(latency_frames)
                    .and_then(|input| path.source(input));
                let (Some(source), Some(wire)) = (source, &from.wire) else {
                    continue;
                };
                for (&out, &into) in cable.from_channels.iter().zip(&cable.to_channels) {
                    frame[usize::from(into)] = wire.get(source, out);
                }
            }
        }
        self.bytes.clear();
        encode(&self.samples, sample, &mut self.bytes);
        let endpoint = &mut self.endpoints[id.index()];
        endpoint.queue.push(&self.bytes);
        endpoint.next_frame = ended;
        let skipped = latency_frames.saturating_sub(first_frame).min(frames);
        if let Some(recorder) = &mut self.recorder {
            // Nothing was at the input before the first frame.
            let input_frame = (first_frame + skipped) - latency_frames.min(first_frame + skipped);
            let bytes = &self.bytes[skipped as usize * endpoint.format.frame_bytes()..];
            if !bytes.is_empty() {
                recorder.delivered(&Run {
                    endpoint: id,
                    first_frame: input_frame,
                    time_ns: endpoint.clock.time_of_frame(input_frame),
                    format: endpoint.format,
                    bytes,
                });
            }
        }
    }

    /// Notes what a stream has missed.
    pub(crate) fn miss(&mut self, stream_id: StreamId, first_frame: u64, frames: u64) {
        let Some(stream) = self.streams.get_mut(&stream_id) else {
            return;
        };
        stream.miss(first_frame, frames);
        if let Some(recorder) = &mut self.recorder {
            recorder.incident(&Incident {
                endpoint: stream.endpoint,
                stream: stream_id,
                kind: if stream.renders {
                    IncidentKind::Underrun
                } else {
                    IncidentKind::Overrun
                },
                first_frame,
                frames,
            });
        }
    }
}

/// From a frame at an ADC's input to the frame at a DAC's output that it hears.
struct Path<'a> {
    from: &'a Endpoint,
    to: &'a Endpoint,
    delay_frames: u64,
    /// Where the frames are as long as each other: the DAC's number less the ADC's.
    lead: Option<i64>,
}

impl<'a> Path<'a> {
    fn new(from: &'a Endpoint, to: &'a Endpoint, cable: &Cable) -> Self {
        let same_clock = from.card == to.card && from.clock.rate_hz() == to.clock.rate_hz();
        let lead = same_clock.then(|| {
            let both_ns = from.clock.origin_ns().max(to.clock.origin_ns());
            from.clock.frames_at(both_ns) as i64 - to.clock.frames_at(both_ns) as i64
        });
        Self {
            from,
            to,
            delay_frames: u64::from(cable.delay_frames),
            lead,
        }
    }

    fn source(&self, input: u64) -> Option<u64> {
        let output = match self.lead {
            Some(lead) => input.checked_add_signed(lead)?,
            None => {
                let end_ns = self.to.clock.time_of_frame(input + 1);
                self.from.clock.frames_at(end_ns).checked_sub(1)?
            }
        };
        output.checked_sub(self.delay_frames)
    }
}
