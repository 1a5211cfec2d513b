//! Over the simulated card's cable, from its output to its input: what is recorded is what was played,
//! sample by sample, and the latencies are what they are said to be.

use engine::endpoint::{Cycle, Device, Due, Endpoint, OpenRequest, Packet, Sides, Wake};
use engine::format::StreamFormat;
use wasapi_io::Mode;

use super::pattern::{decode, encode, sample};
use super::record::{device, request};

const RATE_HZ: usize = 48_000;
/// What another program does to a busy machine is not our fault: so often it is tried again.
const TRIES: usize = 8;
/// Long, so that a busy machine has time.
const BLOCK_FRAMES: u32 = 2_048;

/// Plays the samples and keeps what comes back.
struct Cable {
    output: StreamFormat,
    input: StreamFormat,
    keep_frames: usize,
    played_frames: usize,
    /// Frames recorded in all, and those before the first that was played.
    recorded_frames: usize,
    silent_frames: usize,
    /// What came back first that had not been played, with its frame.
    torn: Option<(usize, Option<i16>)>,
    /// Frames on the way at wake-ups, beyond those queued and those that were waited for.
    on_the_way: Vec<i64>,
    heard_now: bool,
    /// When the last packet was there.
    heard_ns: u64,
    cycles: usize,
    met: usize,
    disturbed: bool,
}

impl Cable {
    fn new(stream: &dyn Endpoint) -> Self {
        Self {
            output: stream.output_format().unwrap(),
            input: stream.input_format().unwrap(),
            keep_frames: stream.timing().buffer_frames as usize,
            played_frames: 0,
            recorded_frames: 0,
            silent_frames: 0,
            torn: None,
            on_the_way: Vec::with_capacity(60 * RATE_HZ),
            heard_now: false,
            heard_ns: 0,
            cycles: 0,
            met: 0,
            disturbed: false,
        }
    }

    fn take(&mut self, value: Option<i16>) {
        let heard_frames = self.recorded_frames - self.silent_frames;
        self.recorded_frames += 1;
        if heard_frames == 0 && value == Some(0) {
            self.silent_frames += 1;
        } else if self.torn.is_none() && value != Some(sample(heard_frames)) {
            self.torn = Some((heard_frames, value));
        }
    }
}

impl Cycle for Cable {
    fn captured(&mut self, packet: Packet<'_>) {
        // The very first packet follows nothing.
        self.disturbed |= packet.discontinuity && self.recorded_frames > 0;
        self.heard_now = true;
        self.heard_ns = packet.now_ns;
        let width = self.input.sample.bytes();
        for frame in packet.bytes.chunks_exact(self.input.frame_bytes()) {
            self.take(decode(&frame[..width], self.input.sample));
        }
    }

    fn due(&mut self, due: Due<'_>) -> u32 {
        self.disturbed |= due.underrun;
        self.cycles += 1;
        if std::mem::take(&mut self.heard_now) {
            self.met += 1;
            // The two directions need not tick at the same instant.
            let lag_ns = due.now_ns.saturating_sub(self.heard_ns);
            let lag_frames = (lag_ns * u64::from(self.output.rate_hz)).div_ceil(1_000_000_000);
            let way = self.played_frames as i64 - self.recorded_frames as i64 - lag_frames as i64;
            if self.on_the_way.len() < self.on_the_way.capacity() {
                self.on_the_way.push(way - i64::from(due.queued_frames));
            }
        }
        let frame_bytes = self.output.frame_bytes();
        let room_frames = due.bytes.len() / frame_bytes;
        let missing_frames = self.keep_frames.saturating_sub(due.queued_frames as usize);
        let frames = room_frames.min(missing_frames);
        let width = self.output.sample.bytes();
        for frame in due.bytes.chunks_exact_mut(frame_bytes).take(frames) {
            for channel in frame.chunks_exact_mut(width) {
                encode(sample(self.played_frames), self.output.sample, channel);
            }
            self.played_frames += 1;
        }
        frames as u32
    }
}

/// Plays and records; returns what came of it once nothing disturbed it.
fn run(mode: Mode, seconds: usize) -> Option<()> {
    let device = device(true, mode);
    let request = OpenRequest {
        block_frames: BLOCK_FRAMES,
        ..request(&device, Sides::Both)?
    };
    for attempt in 1..=TRIES {
        let mut stream = device.open(request).unwrap();
        let timing = stream.timing();
        let mut cable = Cable::new(&*stream);
        stream.start(cable.keep_frames as u32).unwrap();
        let before = rt::guard::counts();
        while cable.recorded_frames < seconds * RATE_HZ && cable.torn.is_none() {
            let wake = rt::section(|| {
                let wake = stream.wait();
                stream.cycle(&mut cable).map(|()| wake)
            });
            assert!(
                matches!(wake, Ok(Wake::Due | Wake::TimedOut { .. })),
                "{mode:?}: {wake:?}"
            );
        }
        let after = rt::guard::counts();
        let counted = rt::guard::Counts {
            sections: before.sections,
            ..after
        };
        assert_eq!(counted, before, "{mode:?}: allocations, frees and locks");
        let measured = stream.measured();
        stream.stop();
        println!(
            "{mode:?}, try {attempt}: period {} and {}, {} frames recorded, {}; \
             {} of {} cycles met; {timing:?}; {measured:?}; torn: {:?}",
            timing.period_frames,
            timing.input_period_frames,
            cable.recorded_frames,
            if cable.disturbed {
                "disturbed"
            } else {
                "undisturbed"
            },
            cable.met,
            cable.cycles,
            cable.torn,
        );
        if cable.torn.is_some() {
            continue;
        }
        assert!(timing.is_one_clock, "{mode:?}");
        if cable.disturbed || check_truth(mode, &cable, &*stream) {
            return Some(());
        }
        // Whoever wakes the thread so late makes the figures true of a late thread.
        println!("{mode:?}, try {attempt}: even the most punctual wake-ups were late");
    }
    panic!("{mode:?}: torn or late each time");
}

/// Wake-ups are late, the most punctual ones by less than this where nothing else keeps the machine busy
/// all the time.
const PUNCTUAL_FRAMES: i64 = 12;
/// How far what is said may be from what the samples tell.
const TRUE_FRAMES: i64 = 3;

/// Compares what the stream says of its latency with what the samples tell, and with what the device states.
/// False where that differs by wake-ups that were too late.
fn check_truth(mode: Mode, cable: &Cable, stream: &dyn Endpoint) -> bool {
    let timing = stream.timing();
    let measured = stream.measured();
    let frames = |measured: Option<u32>| i64::from(measured.expect("long enough to be measured"));
    // Late wake-ups shorten what is before the output and lengthen what is behind the input.
    let output_frames = frames(measured.device_frames);
    let early_frames = i64::from(timing.device_frames) - output_frames;
    assert!(early_frames >= -1, "{mode:?}: {timing:?} {measured:?}");
    let is_punctual = |frames: i64| frames <= PUNCTUAL_FRAMES;
    if mode == Mode::ExclusiveTimer {
        // Its wake-ups are at no particular instant, so that they tell nothing of the input.
        assert_eq!(measured.input_device_frames, None);
        return is_punctual(early_frames);
    }
    let input_frames = frames(measured.input_device_frames);
    let late_frames = input_frames - i64::from(timing.input_device_frames);
    assert!(late_frames >= -1, "{mode:?}: {timing:?} {measured:?}");
    let mut ways = cable.on_the_way.clone();
    ways.sort_unstable();
    let way_frames = ways[ways.len() / 2] + cable.silent_frames as i64;
    let said_frames = i64::from(timing.queued_frames) + output_frames + input_frames;
    println!("{mode:?}: {way_frames} frames on the way, {said_frames} by what is measured");
    let off_frames = (way_frames - said_frames).abs();
    if off_frames > TRUE_FRAMES && off_frames <= late_frames.max(early_frames) {
        return false;
    }
    assert!(off_frames <= TRUE_FRAMES, "{mode:?}");
    assert!(
        cable.met * 10 >= cable.cycles * 9,
        "{mode:?}: both sides hardly ever meet"
    );
    is_punctual(early_frames) && is_punctual(late_frames)
}

fn has_cable() -> bool {
    let info = device(true, Mode::Shared).describe();
    info.is_ok_and(|info| info.name().contains("Simulated Card"))
}

#[test]
#[ignore = "needs the simulated card"]
fn t9_what_is_played_is_recorded_sample_by_sample_in_every_mode() {
    if !has_cable() {
        return;
    }
    // A low-latency buffer is short, and a busy machine seldom gives it long without a gap.
    for (mode, seconds) in [
        (Mode::Shared, 8),
        (Mode::LowLatency, 5),
        (Mode::Exclusive, 20),
        (Mode::ExclusiveTimer, 8),
    ] {
        run(mode, seconds).expect("the card plays and records");
    }
}

#[test]
#[ignore = "needs the simulated card"]
fn t7_a_period_that_another_program_holds_is_taken_and_told() {
    if !has_cable() {
        return;
    }
    let holder = device(true, Mode::LowLatency);
    let mut request = request(&holder, Sides::Both).unwrap();
    request.block_frames = 256;
    let first = holder.open(request).unwrap();
    assert_eq!(first.timing().period_frames, 256);
    assert_eq!(first.timing().input_period_frames, 256);
    assert_eq!(holder.picked(), None, "it is what was asked for");

    let late = device(true, Mode::LowLatency);
    request.block_frames = 128;
    let second = late.open(request).unwrap();
    assert_eq!(second.timing().period_frames, 256);
    assert_eq!(second.timing().input_period_frames, 256);
    let picked = late.picked().unwrap();
    assert!(
        picked.contains("period of 256 frames, which another program holds"),
        "{picked}"
    );
    drop((first, second));

    let alone = late.open(request).unwrap();
    assert_eq!(alone.timing().period_frames, 128);
    assert_eq!(late.picked(), None);
}

#[test]
#[ignore = "needs the simulated card"]
fn t8_the_automatic_mode_says_what_it_picked_and_why() {
    if !has_cable() {
        return;
    }
    let device = device(true, Mode::Auto);
    let mut request = request(&device, Sides::Output).unwrap();
    request.block_frames = 192;
    let stream = device.open(request).unwrap();
    assert_eq!(stream.timing().period_frames, 192);
    let picked = device.picked().unwrap();
    assert!(
        picked.contains("low-latency mode at a period of 192 frames"),
        "{picked}"
    );
    drop(stream);
    request.block_frames = 1_024;
    let stream = device.open(request).unwrap();
    assert_eq!(stream.timing().period_frames, 480);
    assert!(
        device
            .picked()
            .unwrap()
            .contains("shared mode at the period of 480 frames")
    );
}

#[test]
#[ignore = "needs a playback device"]
fn t6_low_latency_is_ordinary_shared_mode_where_there_is_none_and_says_so() {
    if has_cable() {
        return;
    }
    let device = device(true, Mode::LowLatency);
    let info = device.describe().unwrap();
    let stream = device
        .open(OpenRequest {
            rate_hz: info.rate_hz,
            block_frames: 128,
            sides: Sides::Output,
        })
        .unwrap();
    assert!(stream.timing().period_frames > 0);
    let picked = device.picked().unwrap();
    assert!(picked.contains("shared mode"), "{picked}");
}
