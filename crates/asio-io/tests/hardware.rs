//! The simulated hardware with an ASIO driver of its own, hosted, in real time: what is recorded over its
//! cable is what was played, sample by sample, and the latencies are what they are said to be.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use asio_io::{AsioDevice, DriverSource};
use engine::endpoint::{
    Cycle, Device, Due, Endpoint, EndpointError, FaultKind, OpenRequest, Packet, Sides, Wake,
};
use engine::format::{SampleFormat, StreamFormat};
use rt::guard::{CountingAllocator, counts};
use simcard_asio::local::Local;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const RATE_HZ: u32 = 48_000;
/// What another program does to a busy machine is not our fault: so often it is tried again.
const TRIES: usize = 12;
const PATIENCE: Duration = Duration::from_secs(20);

struct Loads(Local);

impl DriverSource for Loads {
    fn name(&self) -> String {
        simcard_asio::NAME.into()
    }

    fn is_there(&self) -> bool {
        true
    }

    fn load(&self) -> Result<asio::host::Driver, EndpointError> {
        Ok(self.0.driver())
    }
}

fn local(config: &'static str) -> AsioDevice {
    AsioDevice::new(Arc::new(Loads(Local::start(config))), support::ticker)
}

/// The upper 16 bits of the frame with that number: never silence, and found again at once.
fn sample(frame: usize) -> i16 {
    let mixed = (frame as u32 + 1).wrapping_mul(2_654_435_761);
    ((mixed >> 16) as i16) | 1
}

/// The sample as it lies in memory; its lower bits carry sound, too.
fn encode(frame: usize, format: SampleFormat) -> [u8; 4] {
    let whole = i32::from(sample(frame)) << 16 | (frame as i32 & 0xFF00);
    match format {
        SampleFormat::Int24 => {
            let [_, low, middle, high] = whole.to_le_bytes();
            [low, middle, high, 0]
        }
        _ => whole.to_le_bytes(),
    }
}

/// Plays the samples and keeps what comes back.
struct Cable {
    output: StreamFormat,
    input: StreamFormat,
    played_frames: usize,
    /// Frames recorded in all, and those before the first that was played.
    recorded_frames: usize,
    silent_frames: usize,
    /// The frame at which what came back was not what had been played.
    torn: Option<usize>,
    is_disturbed: bool,
}

impl Cable {
    fn new(stream: &dyn Endpoint) -> Self {
        Self {
            output: stream.output_format().unwrap(),
            input: stream.input_format().unwrap(),
            played_frames: 0,
            recorded_frames: 0,
            silent_frames: 0,
            torn: None,
            is_disturbed: false,
        }
    }
}

impl Cycle for Cable {
    fn captured(&mut self, packet: Packet<'_>) {
        self.is_disturbed |= packet.discontinuity;
        let width = self.input.sample.bytes();
        for frame in packet.bytes.chunks_exact(self.input.frame_bytes()) {
            let heard_frames = self.recorded_frames - self.silent_frames;
            self.recorded_frames += 1;
            let is_silent = frame.iter().all(|byte| *byte == 0);
            let wanted = encode(heard_frames, self.input.sample);
            if heard_frames == 0 && is_silent {
                self.silent_frames += 1;
            } else if self.torn.is_none()
                && frame.chunks_exact(width).any(|one| one != &wanted[..width])
            {
                self.torn = Some(heard_frames);
            }
        }
    }

    fn due(&mut self, due: Due<'_>) -> u32 {
        self.is_disturbed |= due.underrun;
        let width = self.output.sample.bytes();
        let frames = due.bytes.chunks_exact_mut(self.output.frame_bytes());
        let count = frames.len();
        for frame in frames {
            let wanted = encode(self.played_frames, self.output.sample);
            self.played_frames += 1;
            for channel in frame.chunks_exact_mut(width) {
                channel.copy_from_slice(&wanted[..width]);
            }
        }
        count as u32
    }
}

/// Plays and records for that many cycles; `None` when the machine was too busy.
fn once(device: &AsioDevice, block_frames: u32, cycles: usize) -> Option<(Cable, u32)> {
    let request = OpenRequest {
        rate_hz: RATE_HZ,
        block_frames,
        sides: Sides::Both,
    };
    let mut stream = device.open(request).unwrap();
    let timing = stream.timing();
    assert_eq!(timing.period_frames, block_frames);
    let told_frames = timing.queued_frames
        + timing.device_frames
        + timing.input_period_frames
        + timing.input_device_frames;
    let mut cable = Cable::new(&*stream);
    stream.start(0).unwrap();
    let before = counts();
    let since = Instant::now();
    let mut cycle = 0;
    while cycle < cycles {
        assert!(since.elapsed() < PATIENCE, "the hardware gives no sign");
        match stream.wait() {
            Wake::TimedOut { .. } => {}
            Wake::Due => {
                rt::section(|| stream.cycle(&mut cable)).unwrap();
                cycle += 1;
            }
            wake => panic!("{wake:?}"),
        }
    }
    let after = counts();
    assert_eq!(
        (after.allocations, after.frees, after.locks),
        (before.allocations, before.frees, before.locks)
    );
    stream.stop();
    (!cable.is_disturbed).then_some((cable, told_frames))
}

/// Plays and records until nothing disturbs it, and demands that all is right then.
fn check_cable(device: &AsioDevice, block_frames: u32, cable_frames: usize) {
    for _ in 0..TRIES {
        let Some((cable, told_frames)) = once(device, block_frames, 200) else {
            continue;
        };
        assert_eq!(cable.torn, None, "what comes back is what was played");
        assert!(cable.recorded_frames > cable.silent_frames + 100 * block_frames as usize);
        assert_eq!(
            cable.silent_frames,
            told_frames as usize + cable_frames,
            "the way is as long as it is said to be"
        );
        println!("{block_frames}: bit-exact, {told_frames} frames and the cable's {cable_frames}");
        return;
    }
    panic!("the machine was too busy {TRIES} times");
}

#[test]
fn what_goes_over_the_cable_comes_back_as_it_was_when_it_was_said_to() {
    let device = local(
        "stall 2ms\nhardware Box\n blocks 512 256 1024\n render O\n latency 47\n capture I\n \
         latency 31\ncable O 1 2 -> I 1 2 delay 77\n",
    );
    check_cable(&device, 512, 77);
    check_cable(&device, 1_024, 77);
}

#[test]
fn packed_samples_pass_as_they_are() {
    let device = local(
        "stall 2ms\nhardware Box\n blocks 1024\n sample int24\n render O\n capture I\n\
         cable O 1 2 -> I 1 2\n",
    );
    let info = device.describe().unwrap();
    assert_eq!(info.output.unwrap().sample, SampleFormat::Int24);
    check_cable(&device, 1_024, 0);
}

#[test]
fn hardware_that_is_unplugged_ends_the_stream_and_is_told_in_a_sentence() {
    let device = local("hardware Box\n render O\n capture I\nat 0s lose Box\n");
    let request = OpenRequest {
        rate_hz: RATE_HZ,
        block_frames: 256,
        sides: Sides::Both,
    };
    let mut stream = device.open(request).unwrap();
    // The script begins with the start, which may find the hardware lost.
    if stream.start(0).is_ok() {
        let since = Instant::now();
        loop {
            match stream.wait() {
                Wake::Lost(fault) => break assert_eq!(fault.kind, FaultKind::Lost),
                _ => assert!(since.elapsed() < PATIENCE),
            }
        }
    }
    drop(stream);
    let refused = device.reopener().open(request).err().unwrap();
    assert_eq!(refused.kind, FaultKind::NotFound);
    assert!(
        refused.message.contains("is unplugged; plug it in"),
        "{refused}"
    );
    assert_eq!(refused.message.matches(". ").count(), 0, "{refused}");
}

/// On the driver as it is installed; the service of the hardware runs, with its cable.
#[cfg(windows)]
mod installed {
    use super::*;
    use asio_io::Installed;

    fn device(name: &str) -> AsioDevice {
        AsioDevice::new(Arc::new(Installed::named(name)), || {
            Box::new(wasapi_io::SystemTicker::new())
        })
    }

    #[test]
    #[ignore = "needs the simulated hardware"]
    fn what_goes_over_the_cable_comes_back_when_it_was_said_to() {
        let device = device("simcard hard");
        let info = device.describe().unwrap();
        assert_eq!(info.name(), simcard_asio::NAME);
        for block_frames in [256, 1_024] {
            check_cable(&device, block_frames, 0);
        }
    }

    #[test]
    #[ignore = "needs the simulated hardware"]
    fn a_driver_that_is_not_there_is_told_with_those_that_are() {
        let refused = device("Fireface").describe().unwrap_err();
        assert_eq!(refused.kind, FaultKind::NotFound);
        assert!(
            refused.message.contains("\"Simcard Hardware\""),
            "{refused}"
        );
        println!("{refused}");
    }

    #[test]
    #[ignore = "needs the simulated hardware"]
    fn t13_our_own_drivers_are_not_hosted() {
        let refused = device("ASIO2WASAPI Shared").describe().unwrap_err();
        println!("{refused}");
        assert_eq!(refused.kind, FaultKind::Unsupported);
        assert!(refused.message.contains("in a circle"), "{refused}");
    }
}
