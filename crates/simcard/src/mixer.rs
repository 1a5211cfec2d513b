//! The system's mixer: once a period it takes from, and gives to, every shared stream.

use crate::sample::{decode, encode};
use crate::spec::Flow;
use crate::stream::{Kind, Packet};
use crate::world::{EndpointId, StreamId, World};

impl World {
    /// One period of everything that plays.
    ///
    /// Follows "User-Mode Audio Components" and "Device Formats" on learn.microsoft.com: the mixer
    /// adds up the shared streams as 32-bit floats and hands the sum to the device, one period ahead
    /// of it. The sum is made in 64 bits and rounded once, so that it does not depend on the order of
    /// the streams. What exceeds full scale is limited there: the pages name a limiter without saying
    /// how it works, and Windows' own begins a little below full scale. A stream that has less than a
    /// period gets silence for the rest, counted as an underrun.
    pub(crate) fn mix(&mut self, id: EndpointId) {
        self.sync(id);
        let endpoint = &self.endpoints[id.index()];
        let period_frames = endpoint.engine_frames;
        let first_frame = endpoint.queue_end();
        let channels = usize::from(endpoint.format.channels);
        let mut sum = std::mem::take(&mut self.sum);
        sum.clear();
        sum.resize(period_frames as usize * channels, 0.0);
        for stream_id in self.running_on(id, true) {
            self.add_to(&mut sum, stream_id, first_frame, period_frames);
        }
        for sample in &mut sum {
            // What is no number is silence, or it would silence everybody for good.
            *sample = if sample.is_nan() {
                0.0
            } else {
                sample.clamp(-1.0, 1.0)
            };
        }
        let endpoint = &mut self.endpoints[id.index()];
        self.bytes.clear();
        encode(&sum, endpoint.format.sample, &mut self.bytes);
        endpoint.queue.push(&self.bytes);
        for stream_id in self.running_on(id, false) {
            self.give(stream_id, &sum, first_frame, period_frames);
        }
        self.sum = sum;
        self.signal(id, period_frames);
        for stream_id in self.running_on(id, true) {
            self.tell_level(stream_id);
        }
    }

    /// The running streams of an endpoint that write, or that read, in the order of opening.
    fn running_on(&self, id: EndpointId, renders: bool) -> Vec<StreamId> {
        let wanted = self.streams.iter().filter(|(_, stream)| {
            stream.endpoint == id && stream.running && stream.renders == renders
        });
        wanted.map(|(stream_id, _)| *stream_id).collect()
    }

    fn add_to(&mut self, sum: &mut [f64], stream_id: StreamId, first_frame: u64, period: u32) {
        let Some(stream) = self.streams.get_mut(&stream_id) else {
            return;
        };
        stream.start_frame.get_or_insert(first_frame);
        self.bytes.clear();
        let got = stream.ring.pop(period as usize, &mut self.bytes) as u64;
        self.samples.clear();
        decode(&self.bytes, stream.format.sample, &mut self.samples);
        for (sum, sample) in sum.iter_mut().zip(&self.samples) {
            *sum += sample;
        }
        if got < u64::from(period) {
            self.miss(stream_id, first_frame + got, u64::from(period) - got);
        }
    }

    /// One period of what an ADC has recorded, to whoever reads it.
    ///
    /// Follows "IAudioCaptureClient::GetBuffer method (audioclient.h)" on learn.microsoft.com: a
    /// packet has the position and the time of its first frame. A client that is too late loses
    /// sound, and the packet after the gap says so.
    pub(crate) fn deliver(&mut self, id: EndpointId) {
        self.sync(id);
        let endpoint = &mut self.endpoints[id.index()];
        let frames = endpoint.queue.frames();
        let first_frame = endpoint.period_end - frames as u64;
        self.bytes.clear();
        endpoint.queue.pop(frames, &mut self.bytes);
        self.samples.clear();
        decode(&self.bytes, endpoint.format.sample, &mut self.samples);
        let mut samples = std::mem::take(&mut self.samples);
        let mut period_frames = endpoint.engine_frames;
        for stream_id in self.running_on(id, false) {
            self.give(stream_id, &samples, first_frame, frames as u32);
            if let Some(stream) = self.streams.get(&stream_id)
                && stream.kind.is_exclusive()
            {
                period_frames = stream.period_frames;
            }
        }
        samples.clear();
        self.samples = samples;
        self.endpoints[id.index()].period_end += u64::from(period_frames.max(1));
        self.signal(id, period_frames);
    }

    /// Puts a packet into a stream's buffer.
    fn give(&mut self, stream_id: StreamId, samples: &[f64], first_frame: u64, frames: u32) {
        let Some(stream) = self.streams.get_mut(&stream_id) else {
            return;
        };
        let endpoint = &self.endpoints[stream.endpoint.index()];
        let start_frame = *stream.start_frame.get_or_insert(first_frame);
        let full = stream.padding_frames() + frames > stream.buffer_frames;
        let mut lost = None;
        if full && !stream.kind.is_exclusive() {
            // The mixer does not write over what is there: the newest is lost.
            stream.broken = true;
            return self.miss(stream_id, first_frame, u64::from(frames));
        }
        if full && let Some(oldest) = stream.packets.pop_front() {
            // A device goes on writing: the oldest is lost.
            stream.ring.discard(oldest.frames as usize);
            let number = start_frame + oldest.device_position - stream.base_position;
            lost = Some((number, u64::from(oldest.frames)));
            match stream.packets.front_mut() {
                Some(packet) => packet.discontinuity = true,
                None => stream.broken = true,
            }
        }
        self.bytes.clear();
        encode(samples, stream.format.sample, &mut self.bytes);
        stream.ring.push(&self.bytes);
        stream.packets.push_back(Packet {
            frames,
            device_position: stream.base_position + first_frame - start_frame,
            time_ns: endpoint.clock.time_of_frame(first_frame),
            discontinuity: std::mem::take(&mut stream.broken),
            timestamp_error: endpoint.timestamps_bad,
        });
        if let Some((number, frames)) = lost {
            self.miss(stream_id, number, frames);
        }
    }

    /// Whether anything on the endpoint keeps its mixer going: for a DAC something that plays, as a
    /// loopback alone hears nothing ("Loopback Recording" on learn.microsoft.com).
    pub(crate) fn mixer_runs(&self, id: EndpointId) -> bool {
        let renders = self.endpoints[id.index()].flow == Flow::Render;
        self.streams_on(id).any(|stream| {
            stream.running && stream.kind != Kind::Loopback && stream.renders == renders
        })
    }
}
