//! Drivers with planted faults, hosted: each costs its own sound at most.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use asio_io::{AsioDevice, DriverSource};
use broken_driver::{Fault, driver, driver_name};
use engine::endpoint::{Cycle, Device, Due, EndpointError, OpenRequest, Packet, Sides, Wake};

/// Long enough for any machine, and for what hangs for a while; reached only when all hangs.
const PATIENCE: Duration = Duration::from_secs(30);

struct Planted(Fault);

impl DriverSource for Planted {
    fn name(&self) -> String {
        driver_name(self.0)
    }

    fn is_there(&self) -> bool {
        true
    }

    fn load(&self) -> Result<asio::host::Driver, EndpointError> {
        Ok(asio::host::Driver::from_object(driver(self.0)))
    }
}

#[derive(Default)]
struct Counts {
    captured: usize,
    due: usize,
}

impl Cycle for Counts {
    fn captured(&mut self, packet: Packet<'_>) {
        self.captured += packet.bytes.len();
    }

    fn due(&mut self, due: Due<'_>) -> u32 {
        due.bytes.fill(0x11);
        self.due += due.bytes.len();
        u32::MAX
    }
}

/// Opens, plays, stops and closes; what was heard and played in bytes, or why not.
fn play(device: &AsioDevice) -> Result<Counts, String> {
    let info = device.describe().map_err(|error| error.message)?;
    let request = OpenRequest {
        rate_hz: info.rate_hz,
        block_frames: info.period_frames_default,
        sides: Sides::of(info.output.is_some(), info.input.is_some()),
    };
    let mut stream = device.open(request).map_err(|error| error.message)?;
    let mut counts = Counts::default();
    for _ in 0..2 {
        stream.start(0).map_err(|error| error.message)?;
        let since = Instant::now();
        let mut cycles = 0;
        while cycles < 20 && since.elapsed() < Duration::from_secs(2) {
            match stream.wait() {
                Wake::Due => {
                    stream
                        .cycle(&mut counts)
                        .map_err(|fault| format!("{fault:?}"))?;
                    cycles += 1;
                }
                Wake::Lost(fault) => return Err(format!("{fault:?}")),
                _ => {}
            }
        }
        stream.stop();
    }
    Ok(counts)
}

#[test]
fn no_planted_fault_takes_anybody_along() {
    for fault in Fault::ALL {
        let begun = Instant::now();
        let device = AsioDevice::new(Arc::new(Planted(fault)), support::ticker);
        let outcome = play(&device);
        let took = begun.elapsed();
        match &outcome {
            Ok(counts) => println!(
                "{}: {} bytes in, {} out, {took:?}",
                fault.name(),
                counts.captured,
                counts.due
            ),
            Err(error) => println!("{}: {error} {took:?}", fault.name()),
        }
        assert!(took < PATIENCE, "{}", fault.name());
        if fault == Fault::None {
            let counts = outcome.unwrap();
            assert!(counts.captured > 0 && counts.due > 0);
        }
        drop(device);
        assert!(begun.elapsed() < PATIENCE, "{}", fault.name());
    }
}
