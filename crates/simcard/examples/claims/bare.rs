//! What a client without any driver gets of the device: it fills its buffer at each event, and reads
//! whatever was recorded.

use engine::format::{SampleFormat, StreamFormat};
use simcard::duration::hns_from_frames;
use simcard::spec::CardSpec;
use simcard::{Cable, EndpointId, Mode, StreamId, Use, World};

use crate::latency::clock_frames;
use crate::model::{Player, bytes_of, exclusive, read_all, run, shared, stereo};
use crate::support::SECOND;
use crate::support::cabled::CABLE_FRAMES;
use crate::tap::Tap;

const VOICE: u64 = 1;

/// In frames.
#[derive(Clone, Copy)]
pub struct Bare {
    /// The longest time from the write to the output.
    pub playback_frames: i64,
    /// From a frame's place in what is recorded, over what is then written in the same wake-up, to its
    /// place in what is recorded of that; without the cable.
    pub round_trip_frames: i64,
}

/// A client whose buffers are the smallest that there are.
pub fn measure(usage: Use, period_frames: u32) -> Result<Bare, String> {
    let told = |error: simcard::SimError| error.to_string();
    let card = CardSpec::stereo("CARD");
    let mut world = World::new(1);
    let [out, input] = world.add_card(&card)?;
    let (out, input) = (out.ok_or("it plays")?, input.ok_or("it records")?);
    world
        .connect(Cable {
            from: out,
            from_channels: vec![0, 1],
            to: input,
            to_channels: vec![0, 1],
            delay_frames: CABLE_FRAMES,
        })
        .map_err(|error| error.to_string())?;
    let tap = Tap::default();
    world.set_recorder(tap.clone());
    let (recorder, _) = open(&mut world, input, usage, period_frames).map_err(told)?;
    let (stream, format) = open(&mut world, out, usage, period_frames).map_err(told)?;
    world.set_event(recorder).map_err(told)?;
    let mut player = Player::new(&mut world, stream, VOICE, format);
    world.start(recorder).map_err(told)?;
    player.start(&mut world);

    let (mut heard, mut longest, mut ahead_frames) = (Vec::new(), Vec::new(), 0);
    while let Some(next_ns) = world.next_event_ns().filter(|next| *next < SECOND) {
        world.advance(next_ns);
        read_all(&mut world, recorder, &mut heard);
        let before = player.written;
        run(&mut world, std::slice::from_mut(&mut player), next_ns);
        if player.written > before {
            let written = player.written as i64;
            longest.push(written - 1 - clock_frames(&world, next_ns));
            ahead_frames = written - (heard.len() / format.frame_bytes()) as i64;
        }
    }
    let taps = tap.look();
    if taps.incident_frames > 0 {
        return Err("the bare client was too late".to_owned());
    }
    let first = taps.played.first_frame.ok_or("nothing was played")? as i64;
    let longest = longest.into_iter().max().ok_or("nothing was written")?;
    Ok(Bare {
        playback_frames: first + longest,
        round_trip_frames: ahead_frames + first_heard(&heard, format)? - i64::from(CABLE_FRAMES),
    })
}

/// The place of the first frame of sound, if all behind it is what was written.
fn first_heard(heard: &[u8], format: StreamFormat) -> Result<i64, String> {
    let bytes = format.frame_bytes();
    let silent = |frame: &&[u8]| frame.iter().all(|byte| *byte == 0);
    let silence = heard.chunks_exact(bytes).take_while(silent).count();
    let sound = &heard[silence * bytes..];
    let frames = (sound.len() / bytes) as u64;
    if frames == 0 || sound != bytes_of(VOICE, format.sample, 0, frames) {
        return Err("the bare client heard something else than it played".to_owned());
    }
    Ok(silence as i64)
}

fn open(
    world: &mut World,
    endpoint: EndpointId,
    usage: Use,
    period_frames: u32,
) -> simcard::Result<(StreamId, StreamFormat)> {
    let mix = world.mix_format(endpoint)?;
    let (mode, format) = match usage {
        Use::Exclusive | Use::ExclusiveTimer => {
            let period_hns = hns_from_frames(period_frames, mix.rate_hz);
            (
                exclusive(period_hns),
                stereo(SampleFormat::Int32, mix.rate_hz),
            )
        }
        Use::Shared => (shared(0), mix),
        Use::LowLatency => {
            let mode = Mode::LowLatency {
                period_frames,
                match_format: false,
            };
            (mode, mix)
        }
    };
    Ok((world.open(endpoint, mode, format)?, format))
}
