//! Frames that the whole driver adds to a bare client of the same device, and what it reports.

use std::sync::Arc;

use asio::driver::Object;
use asio::host::{BlockIo, Driver, Events, Handler};
use rt::Mutex;
use serde_json::{Value, json};
use session::DirectDriver;
use session::product::DRIVERS;
use simcard::duration::hns_from_frames;
use simcard::rng::SplitMix64;
use simcard::spec::CardSpec;
use simcard::{Mode, Use, VirtualDevice, VirtualTime, Wish, World};

use crate::model::{Player, exclusive, run, shared, stereo};
use crate::support::{CHANNELS, Counter, SECOND, counter, rig, values, wrap24};
use crate::tap::Tap;

/// As long as the longest pattern of blocks and periods in the list, twice.
const SPAN_NS: u64 = 24 * SECOND;
/// The period of devices that have one of their own.
const PERIOD_FRAMES: u32 = 480;
/// Blocks on such a device.
const BLOCKS: [u32; 16] = [
    32, 64, 100, 128, 192, 240, 256, 441, 480, 512, 720, 960, 1_000, 1_024, 1_111, 2_048,
];
const QUICK_BLOCKS: [u32; 4] = [64, 441, 480, 1_024];
/// Blocks for which a device finds the same period.
const EQUAL: [u32; 5] = [160, 256, 480, 512, 1_024];

/// One case.
#[derive(Clone, Copy)]
struct Case {
    usage: Use,
    block_frames: u32,
    /// The device's period does not follow the block.
    fixed_period: bool,
    /// The host does not say when its output is ready.
    withholds: bool,
}

/// One call of the host.
struct Call {
    /// When it was made.
    now_ns: u64,
    /// The number of the block's first frame, from 1.
    first: i64,
}

/// A host that counts, and notes when it is called.
struct Probe {
    counter: Box<Counter>,
    time: Arc<VirtualTime>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Handler for Probe {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        let now_ns = self.time.with(|world| world.now_ns());
        let first = self.counter.next;
        self.calls.lock().push(Call { now_ns, first });
        self.counter.buffer_switch(io);
    }

    fn events(&self) -> Arc<dyn Events> {
        self.counter.events()
    }
}

/// What was measured of the driver in one case, in frames.
struct Seen {
    period_frames: u32,
    /// The longest time from a host's write to the output.
    longest_frames: i64,
    reported_frames: i64,
    /// The shortest and the longest time from a block's time stamp to its first frame's output.
    measured_frames: (i64, i64),
}

/// All cases, or a few.
pub fn measure(quick: bool) -> Result<Value, String> {
    let blocks: &[u32] = if quick { &QUICK_BLOCKS } else { &BLOCKS };
    let mut rows = Vec::new();
    for usage in [
        Use::Exclusive,
        Use::Shared,
        Use::LowLatency,
        Use::ExclusiveTimer,
    ] {
        eprintln!("{}: {} blocks", name(usage), blocks.len());
        for case in cases(usage, blocks) {
            rows.push(row(case)?);
        }
    }
    Ok(json!({ "quick": quick, "rows": rows }))
}

fn cases(usage: Use, blocks: &[u32]) -> Vec<Case> {
    let case = |block_frames, fixed_period, withholds| Case {
        usage,
        block_frames,
        fixed_period,
        withholds,
    };
    let mut cases: Vec<Case> = blocks
        .iter()
        .map(|&block| case(block, true, false))
        .collect();
    cases.push(case(256, true, true));
    if usage != Use::Shared {
        cases.extend(EQUAL.map(|block| case(block, false, false)));
    }
    cases
}

fn row(case: Case) -> Result<Value, String> {
    let Case {
        usage,
        block_frames,
        withholds,
        ..
    } = case;
    let told = |error: String| format!("{} with blocks of {block_frames}: {error}", name(usage));
    let seen = driver(case).map_err(told)?;
    // Which client would be bare is no question only where events wake it.
    let bare_frames = match (usage, withholds) {
        (Use::ExclusiveTimer, _) | (_, true) => None,
        _ => Some(bare(usage, seen.period_frames).map_err(told)?),
    };
    let bound_frames = block_frames - gcd(block_frames, seen.period_frames);
    Ok(json!({
        "use": name(usage),
        "block_frames": block_frames,
        "period_frames": seen.period_frames,
        "withholds_output_ready": withholds,
        "bare_frames": bare_frames,
        "driver_frames": seen.longest_frames,
        "added_frames": bare_frames.map(|bare| seen.longest_frames - bare),
        "bound_frames": bound_frames,
        "reported_frames": seen.reported_frames,
        "measured_min_frames": seen.measured_frames.0,
        "measured_max_frames": seen.measured_frames.1,
    }))
}

/// Plays through the whole driver, from the ASIO vtable to the DAC.
fn driver(case: Case) -> Result<Seen, String> {
    let rig = rig(1, &CardSpec::stereo("CARD"));
    let mut wish = Wish::new(case.usage);
    wish.period_frames = case.fixed_period.then_some(PERIOD_FRAMES);
    let device = Arc::new(VirtualDevice::new(Arc::clone(&rig.time), rig.out, wish));
    let product = &DRIVERS[0];
    let model = DirectDriver::new(product.name, Arc::clone(&device) as _);
    let mut driver = Driver::from_object(Object::create(product.clsid, model));
    let (mut counter, notes) = counter();
    counter.withholds_output_ready = case.withholds;
    let calls = Arc::<Mutex<Vec<Call>>>::default();
    let probe = Box::new(Probe {
        counter,
        time: Arc::clone(&rig.time),
        calls: Arc::clone(&calls),
    });
    let told = |error: asio::host::Error| error.to_string();
    driver.init().map_err(told)?;
    driver
        .create_buffers(&CHANNELS, case.block_frames, probe)
        .map_err(told)?;
    driver.start().map_err(told)?;
    rig.time
        .run_until(SPAN_NS)
        .map_err(|stuck| stuck.to_string())?;
    let reported_frames = i64::from(driver.latencies().map_err(told)?.output_frames);
    driver.stop().map_err(told)?;

    let first = first_frame(&rig)?;
    // Before its first call the driver has played silence.
    let at_output = |number: i64| first + number - 1;
    let frames_at = |ns| rig.time.with(|world| clock_frames(world, ns));
    let calls = calls.lock();
    let last = |call: &Call| call.first + i64::from(case.block_frames) - 1;
    let longest = calls
        .iter()
        .map(|call| at_output(last(call)) - frames_at(call.now_ns));
    // A time stamp is rounded down to a nanosecond: its frame begins within the next.
    let blocks = notes.blocks.lock();
    let measured = blocks
        .iter()
        .map(|&(stamp_ns, first)| at_output(first) - frames_at(stamp_ns + 1));
    let nothing = || "the host was not called".to_owned();
    let (_, timing) = device.opened().ok_or_else(nothing)?;
    Ok(Seen {
        period_frames: timing.period_frames,
        longest_frames: longest.max().ok_or_else(nothing)?,
        reported_frames,
        measured_frames: (
            measured.clone().min().ok_or_else(nothing)?,
            measured.max().ok_or_else(nothing)?,
        ),
    })
}

/// The number of the host's first frame at the DAC's output, when all that it wrote was played.
fn first_frame(rig: &crate::support::Rig) -> Result<i64, String> {
    let tracks = rig.recording.played(rig.out);
    let [track] = &tracks[..] else {
        return Err(format!("{} pieces were played", tracks.len()));
    };
    let played = values(track);
    let silence = played.iter().take_while(|frame| frame[0] == 0).count();
    for (n, frame) in (1_i64..).zip(&played[silence..]) {
        if frame[..] != [wrap24(n), wrap24(-n)] {
            return Err(format!("frame {n} of what was written was not played"));
        }
    }
    if silence == played.len() {
        return Err("nothing was played".to_owned());
    }
    Ok(track.first_frame as i64 + silence as i64)
}

fn clock_frames(world: &World, ns: u64) -> i64 {
    let out = world.find("OUT").expect("the card has it");
    world.clock(out).expect("the card has it").frames_at(ns) as i64
}

/// The longest time from the write to the output of a client that does nothing but fill its buffer
/// at each event, in frames. Its buffer is the smallest that there is.
fn bare(usage: Use, period_frames: u32) -> Result<i64, String> {
    let card = CardSpec::stereo("CARD");
    let mut world = World::new(1);
    let [out, _] = world.add_card(&card)?;
    let out = out.ok_or("the card does not play")?;
    let tap = Tap::default();
    world.set_recorder(tap.clone());
    let mix = world.mix_format(out).map_err(|error| error.to_string())?;
    let (mode, format) = match usage {
        Use::Exclusive | Use::ExclusiveTimer => {
            let sample = engine::format::SampleFormat::PREFERENCE
                .into_iter()
                .find(|sample| card.render.iter().any(|end| end.formats.contains(sample)))
                .ok_or("the card has no format")?;
            let period_hns = hns_from_frames(period_frames, mix.rate_hz);
            (exclusive(period_hns), stereo(sample, mix.rate_hz))
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
    let stream = world
        .open(out, mode, format)
        .map_err(|error| error.to_string())?;
    let mut player = Player::new(&mut world, stream, 1, format);
    player.rng = SplitMix64::new(1);
    player.start(&mut world);
    // Each write's instant, and how many frames there were after it.
    let mut writes = Vec::new();
    while let Some(next_ns) = world.next_event_ns().filter(|next| *next < SECOND) {
        let before = player.written;
        run(&mut world, std::slice::from_mut(&mut player), next_ns);
        if player.written > before {
            writes.push((world.now_ns(), player.written as i64));
        }
    }
    let taps = tap.look();
    if taps.incident_frames > 0 {
        return Err("the bare client was too late".to_owned());
    }
    let first = taps.played.first_frame.ok_or("nothing was played")? as i64;
    let longest = writes
        .iter()
        .map(|&(ns, written)| first + written - 1 - clock_frames(&world, ns));
    longest
        .max()
        .ok_or_else(|| "nothing was written".to_owned())
}

fn name(usage: Use) -> &'static str {
    match usage {
        Use::Exclusive => "exclusive",
        Use::Shared => "shared",
        Use::LowLatency => "low-latency",
        Use::ExclusiveTimer => "exclusive-timer",
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
