//! Latencies against what a loopback shows.
//!
//! Each output plays noises of its own, and each input is searched for them. The frames between, as the
//! host counts them, are the round trip, to which the latencies of input and output must add up:
//!
//! - within [`TOLERANCE_FRAMES`]: passed;
//! - the trip is longer: a warning, as something outside of the driver may take that time, such as the
//!   air between a loudspeaker and a microphone;
//! - the trip is shorter: failed, as no way is shorter than none;
//! - nothing comes back: skipped.

use std::sync::Arc;

use anyhow::{Result, ensure};
use asio::driver::ChannelId;
use asio::host::BlockIo;
use rt::Mutex;

use crate::bench::{Bench, all_channels, preferred, skip, wait_for_blocks};
use crate::marker::{MARKER_FRAMES, Marker};
use crate::samples;
use crate::watch::{Act, Manners, Watch, fill_silence};

/// Reported and measured may differ by so many frames.
const TOLERANCE_FRAMES: u64 = 64;
/// Of each way no more channels than this are tried.
const CHANNELS_MAX: u32 = 8;
/// Markers of each output. The trip is the middle one of the three.
const MARKERS: usize = 3;
/// What has not come back by then has no way to come back, in seconds.
const RETURN_S: f64 = 0.7;
/// The first block with a marker: drivers may need some blocks to get going.
const FIRST_BLOCK: u64 = 8;

pub fn measured_latency(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let channels = all_channels(&driver)?;
    let wanted = |channel: &ChannelId| channel.index < CHANNELS_MAX;
    let channels: Vec<ChannelId> = channels.into_iter().filter(wanted).collect();
    for (is_input, missing) in [(true, "inputs"), (false, "outputs")] {
        if !channels.iter().any(|channel| channel.is_input == is_input) {
            return skip(format!(
                "the driver has no {missing}, so nothing can come back"
            ));
        }
    }
    for channel in &channels {
        let kind = driver.channel_info(*channel)?.sample_type;
        if !samples::is_known(kind) {
            return skip(format!("no noise can be made of {kind}"));
        }
    }
    let (block_frames, rate_hz) = (preferred(&driver)?, driver.sample_rate()?);
    let plan = Plan::new(bench.settings.seed, &channels, block_frames, rate_hz);
    let blocks = FIRST_BLOCK + (plan.frames / block_frames as usize) as u64 + 1;
    let tape = Arc::new(Mutex::new(plan.blank_tape()));
    let act = plan.play_and_record(Arc::clone(&tape));
    bench.step("playing noise on each output");
    let (watch, seen) = Watch::new(Manners::Good, act);
    driver.create_buffers(&channels, block_frames, watch)?;
    driver.start()?;
    wait_for_blocks(&seen, blocks)?;
    let reported = driver.latencies()?;
    driver.stop()?;
    bench.step("looking for the noise on each input");
    let Some(trip) = plan.find(&tape.lock()) else {
        return skip("no output is connected to an input: what was played did not come back");
    };
    let reported = u64::from(reported.input_frames) + u64::from(reported.output_frames);
    judge(bench, &trip, reported)
}

fn judge(bench: &Bench<'_>, trip: &Trip, reported: u64) -> Result<String> {
    let Trip {
        output,
        input,
        frames,
    } = trip;
    let measured = frames[frames.len() / 2] as u64;
    let (output, input) = (output + 1, input + 1);
    let text = format!(
        "output {output} comes back on input {input} after {measured} frames, the latencies say \
         {reported}"
    );
    ensure!(
        measured + TOLERANCE_FRAMES >= reported,
        "{text}: no way is shorter than none"
    );
    bench.advise(measured <= reported + TOLERANCE_FRAMES, || {
        let longer = measured - reported;
        format!("{text}: they understate, or something outside takes {longer} frames")
    });
    bench.advise(frames.first() == frames.last(), || {
        format!("{text}, but not always: {frames:?}")
    });
    Ok(text)
}

/// Who plays what when. Frames count from the first block with a marker.
struct Plan {
    outputs: Vec<Vec<Marker>>,
    inputs: usize,
    block_frames: u32,
    /// Frames from one marker to the next.
    gap_frames: usize,
    /// Frames after the beginning of a marker in which it may come back, itself included.
    return_frames: usize,
    /// Frames in all.
    frames: usize,
}

/// How long sound takes from an output to an input, both counted from 0.
struct Trip {
    output: usize,
    input: usize,
    /// The trips of the markers that came back, in order of length.
    frames: Vec<usize>,
}

/// What each input heard.
type Tape = Vec<Vec<f32>>;

impl Plan {
    fn new(seed: u64, channels: &[ChannelId], block_frames: u32, rate_hz: f64) -> Plan {
        let outputs = channels.iter().filter(|channel| !channel.is_input).count();
        let marker = |output, number| {
            let own = (output * MARKERS + number) as u64;
            Marker::new(seed.wrapping_mul(0x1_0000).wrapping_add(own))
        };
        let markers = |output| (0..MARKERS).map(|number| marker(output, number)).collect();
        let gap_frames = MARKER_FRAMES + block_frames as usize / 3;
        let return_frames = MARKER_FRAMES + (RETURN_S * rate_hz) as usize;
        Plan {
            outputs: (0..outputs).map(markers).collect(),
            inputs: channels.len() - outputs,
            block_frames,
            gap_frames,
            return_frames,
            frames: (MARKERS - 1) * gap_frames + return_frames,
        }
    }

    fn blank_tape(&self) -> Tape {
        vec![Vec::with_capacity(self.frames + self.block_frames as usize); self.inputs]
    }

    /// Each output plays its markers one after the other, and each input is recorded, inputs and
    /// outputs in the order of the stream's channels.
    fn play_and_record(&self, tape: Arc<Mutex<Tape>>) -> Act {
        let (block_frames, frames) = (self.block_frames as usize, self.frames);
        let song = |markers: &Vec<Marker>| {
            let sample = |frame: usize| {
                let marker = markers.get(frame / self.gap_frames);
                marker.map_or(0.0, |marker| marker.sample(frame % self.gap_frames))
            };
            (0..MARKERS * self.gap_frames).map(sample).collect()
        };
        let songs: Vec<Vec<f64>> = self.outputs.iter().map(song).collect();
        Box::new(move |io, block| {
            fill_silence(io);
            let Some(first) = block.checked_sub(FIRST_BLOCK) else {
                return;
            };
            let first = first as usize * block_frames;
            if first >= frames {
                return;
            }
            let mut songs = songs.iter();
            let mut tapes = tape.lock();
            let mut tapes = tapes.iter_mut();
            for slot in 0..io.channel_count() {
                if io.input_bytes(slot).is_some() {
                    let tape = tapes.next();
                    tape.into_iter()
                        .for_each(|tape| record(io, slot, block_frames, tape));
                } else if let Some(song) = songs.next() {
                    play(io, slot, song.get(first..).unwrap_or_default());
                }
            }
        })
    }

    /// The shortest of all ways.
    fn find(&self, tape: &Tape) -> Option<Trip> {
        let ways = (0..self.outputs.len()).flat_map(|o| (0..self.inputs).map(move |i| (o, i)));
        let trips = ways.filter_map(|(output, input)| {
            let frames = self.trips(&self.outputs[output], &tape[input]);
            let found = !frames.is_empty();
            found.then_some(Trip {
                output,
                input,
                frames,
            })
        });
        trips.min_by_key(|trip| trip.frames[trip.frames.len() / 2])
    }

    fn trips(&self, markers: &[Marker], recording: &[f32]) -> Vec<usize> {
        let trip = |(number, marker): (usize, &Marker)| {
            let begin = number * self.gap_frames;
            let end = (begin + self.return_frames).min(recording.len());
            marker.find(recording.get(begin..end)?)
        };
        let mut trips: Vec<usize> = markers.iter().enumerate().filter_map(trip).collect();
        trips.sort_unstable();
        trips
    }
}

fn play(io: &mut BlockIo<'_>, slot: usize, song: &[f64]) {
    let Some(kind) = io.sample_type(slot) else {
        return;
    };
    if let Some(output) = io.output_bytes(slot) {
        // What is after the block's end is not written.
        let block = song.iter().enumerate().take(output.len());
        block.for_each(|(frame, sample)| samples::put(kind, output, frame, *sample));
    }
}

fn record(io: &BlockIo<'_>, slot: usize, block_frames: usize, tape: &mut Vec<f32>) {
    let (Some(kind), Some(input)) = (io.sample_type(slot), io.input_bytes(slot)) else {
        return;
    };
    let sample = |frame| samples::get(kind, input, frame).unwrap_or(0.0) as f32;
    tape.extend((0..block_frames).map(sample));
}
