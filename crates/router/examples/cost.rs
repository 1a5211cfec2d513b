//! What a cycle of the core costs with many clients: JSON on standard output tells the times.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use engine::client::{BlockTime, Client, Plane};
use ipc::{Door, HandOver, Header, HeapLink, Knock, Link, Terms, Wish, heap_links, knock};
use lexopt::prelude::*;
use router::{CoreSpec, Seat, SeatView, core};
use serde_json::{Value, json};

const CLIENTS: usize = 32;
const CHANNELS: usize = 2;
const OUTPUTS: usize = 64;
const FRAMES: u32 = 64;
const RATE_HZ: u32 = 48_000;

/// A link to a client that is done at once with whatever it is asked for.
struct AtOnce(HeapLink);

impl Link for AtOnce {
    fn header(&self) -> &Header {
        self.0.header()
    }
    fn samples(&self) -> &[AtomicU32] {
        self.0.samples()
    }
    fn wake(&self) {
        let asked = self.header().router.asked.load(Ordering::Relaxed);
        self.header().client.done.store(asked, Ordering::Release);
    }
    fn wait(&self, _timeout_ns: u64) -> bool {
        false
    }
    fn is_alive(&self, _process: u32) -> bool {
        true
    }
}

fn seat(number: usize) -> Result<Seat<AtOnce>, String> {
    let (router, client) = heap_links();
    for (n, word) in client.samples().iter().enumerate() {
        let sample = ((n * 7 + number) % 1_000) as f32 / 1_000.0 - 0.5;
        word.store(sample.to_bits(), Ordering::Relaxed);
    }
    let wish = Wish {
        name: format!("client {number}"),
        inputs: CHANNELS as u32,
        outputs: CHANNELS as u32,
        block_frames: FRAMES,
        rate_hz: RATE_HZ,
        hand_over: if number.is_multiple_of(2) {
            HandOver::Synchronous
        } else {
            HandOver::Pipelined
        },
    };
    let door = Door::open(AtOnce(router), 1);
    let knocking = knock(client, 7, &wish).map_err(|_| "the door is shut")?;
    let terms = Terms::new(RATE_HZ, FRAMES);
    let Knock::Attached(end) = door.look(terms, |_| Ok(())) else {
        return Err("a client was not let in".to_owned());
    };
    // Its end is not needed: the link is done at once.
    drop(knocking);
    Ok(Seat::new(end, FRAMES as usize, 0))
}

fn measure(cycles: u64) -> Result<Value, String> {
    let spec = CoreSpec {
        rate_hz: RATE_HZ,
        cycle_frames: FRAMES,
        device_inputs: 0,
        device_outputs: OUTPUTS,
        client_inputs: CLIENTS * CHANNELS,
        client_outputs: CLIENTS * CHANNELS,
        ramp_frames: 480,
        wait_ns: 0,
    };
    let (mut control, mut core) = core(&spec, || 0)?;
    let mut views: Vec<SeatView> = Vec::new();
    for number in 0..CLIENTS {
        let attached = control.attach(seat(number)?).map_err(|(_, why)| why)?;
        views.push(attached.view);
    }
    // Everybody to every device's channel, and each client hears one channel of another.
    let sources = CLIENTS * CHANNELS;
    let mut factors = vec![0.013_f32; sources * OUTPUTS];
    for sink in 0..CLIENTS * CHANNELS {
        let source = (sink + 5) % sources;
        factors.extend((0..sources).map(|n| if n == source { 1.0 } else { 0.0 }));
    }
    control.mix.set(&factors)?;
    let mut times_ns = Vec::with_capacity(cycles as usize);
    let mut sum = 0.0_f64;
    for cycle in 0..cycles {
        let begun = Instant::now();
        core.process(BlockTime {
            frame: cycle * u64::from(FRAMES),
            now_ns: cycle * 1_333_333,
        });
        times_ns.push(begun.elapsed().as_nanos() as u64);
        if let Some(Plane::Float32(samples)) = core.output(OUTPUTS - 1) {
            sum += f64::from(samples[0]);
        }
    }
    if !sum.is_finite() || sum == 0.0 {
        return Err("nothing was mixed".to_owned());
    }
    times_ns.sort_unstable();
    let at = |part: f64| {
        let place = (times_ns.len() as f64 * part) as usize;
        times_ns[place.min(times_ns.len() - 1)] as f64 / 1_000.0
    };
    let on_time: u64 = views.iter().map(|view| view.status().on_time_blocks).sum();
    Ok(json!({
        "cycles": cycles, "median_us": at(0.5), "p99_us": at(0.99), "longest_us": at(1.0),
        "period_us": f64::from(FRAMES) * 1e6 / f64::from(RATE_HZ), "on_time_blocks": on_time,
    }))
}

fn arguments() -> Result<u64, lexopt::Error> {
    let mut cycles = 200_000;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("cycles") => cycles = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(cycles)
}

fn main() -> ExitCode {
    let measured = arguments()
        .map_err(|error| format!("{error}. Usage: cost [--cycles N]"))
        .and_then(|cycles| measure(cycles.max(100)));
    match measured {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cost: {error}");
            ExitCode::FAILURE
        }
    }
}
