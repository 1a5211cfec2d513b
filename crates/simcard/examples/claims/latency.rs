//! Frames that the whole driver adds to a bare client of the same device.

use std::sync::Arc;

use asio::driver::Object;
use asio::host::{BlockIo, Driver, Events, Handler};
use rt::Mutex;
use serde_json::{Value, json};
use session::DirectDriver;
use session::product::DRIVERS;
use simcard::spec::CardSpec;
use simcard::{Use, VirtualDevice, VirtualTime, Wish, World};

use crate::bare;
use crate::support::cabled::{self, Setting};
use crate::support::{CHANNELS, Counter, SECOND, counter, rig, values, wrap24};

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
    let bare = match (usage, withholds) {
        (Use::ExclusiveTimer, _) | (_, true) => None,
        _ => Some(bare::measure(usage, seen.period_frames).map_err(told)?),
    };
    let setting = Setting {
        period_frames: Some(seen.period_frames),
        withholds_output_ready: withholds,
        ..Setting::new(usage, block_frames)
    };
    let trip = cabled::measure(&setting).map_err(told)?.round_trip_frames;
    let trip_frames = trip.ok_or_else(|| told("nothing came back".to_owned()))?;
    let bound_frames = block_frames - gcd(block_frames, seen.period_frames);
    Ok(json!({
        "use": name(usage),
        "block_frames": block_frames,
        "period_frames": seen.period_frames,
        "withholds_output_ready": withholds,
        "bound_frames": bound_frames,
        "bare_frames": bare.map(|bare| bare.playback_frames),
        "driver_frames": seen.longest_frames,
        "added_frames": bare.map(|bare| seen.longest_frames - bare.playback_frames),
        "bare_round_trip_frames": bare.map(|bare| bare.round_trip_frames),
        "driver_round_trip_frames": trip_frames,
        "added_round_trip_frames": bare.map(|bare| trip_frames - bare.round_trip_frames),
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
    let (mut counter, _) = counter();
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
    let nothing = || "the host was not called".to_owned();
    let (_, timing) = device.opened().ok_or_else(nothing)?;
    Ok(Seen {
        period_frames: timing.period_frames,
        longest_frames: longest.max().ok_or_else(nothing)?,
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

pub fn clock_frames(world: &World, ns: u64) -> i64 {
    let out = world.find("OUT").expect("the card has it");
    world.clock(out).expect("the card has it").frames_at(ns) as i64
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
