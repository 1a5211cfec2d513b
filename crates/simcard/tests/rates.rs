//! Hosts that run at another rate than the card.

mod support;

use std::sync::Arc;

use asio::driver::Object;
use asio::host::{BlockIo, Driver, Events, Handler};
use session::DirectDriver;
use session::product::DRIVERS;
use simcard::recorder::Track;
use simcard::spec::CardSpec;
use simcard::{Use, VirtualDevice, Wish};
use support::{CHANNELS, Notes, SECOND, rig};

const TONE_HZ: f64 = 997.0;
const LEVEL: f64 = 0.5;

/// Plays a sine from its first frame on.
struct Sine {
    rate_hz: f64,
    next: u64,
    notes: Arc<Notes>,
}

fn sine(frame: f64, rate_hz: f64) -> f64 {
    LEVEL * (std::f64::consts::TAU * TONE_HZ * frame / rate_hz).sin()
}

impl Handler for Sine {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        if let Some(time) = io.time() {
            let block = (time.position.system_ns, self.next as i64);
            self.notes.blocks.lock().push(block);
        }
        for slot in 0..2 {
            let numbers = self.next..;
            let value = |n: u64| sine(n as f64, self.rate_hz);
            if let Some(samples) = io.output_f32(slot) {
                for (n, sample) in numbers.zip(samples) {
                    *sample = value(n) as f32;
                }
            } else if let Some(samples) = io.output_i32(slot) {
                for (n, sample) in numbers.zip(samples) {
                    *sample = (value(n) * 2_147_483_648.0) as i32;
                }
            }
        }
        self.next += u64::from(io.block_frames());
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::clone(&self.notes) as Arc<dyn Events>
    }
}

/// The sine with the least distance to what was played: its first frame, as a frame of the card's
/// with a fraction, and the rest in dB.
fn fit(track: &Track) -> (f64, f64) {
    let rate_hz = f64::from(track.format.rate_hz);
    let all: Vec<f64> = track
        .bytes
        .chunks_exact(track.format.frame_bytes())
        .map(|frame| f64::from(f32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]])))
        .collect();
    // Behind the beginning, and a whole number of turns in a second.
    let from = rate_hz as usize / 2;
    let part = &all[from..from + rate_hz as usize];
    let turn = |n: usize| std::f64::consts::TAU * TONE_HZ * n as f64 / rate_hz;
    let (mut sin, mut cos) = (0.0, 0.0);
    for (n, value) in (from..).zip(part) {
        sin += value * turn(n).sin();
        cos += value * turn(n).cos();
    }
    let half = part.len() as f64 / 2.0;
    let (sin, cos) = (sin / half, cos / half);
    let (mut rest, mut power) = (0.0, 0.0);
    for (n, value) in (from..).zip(part) {
        let ideal = sin * turn(n).sin() + cos * turn(n).cos();
        rest += (value - ideal).powi(2);
        power += ideal.powi(2);
    }
    // sin(turn(n - start)) = sin(turn(n)) cos(turn(start)) - cos(turn(n)) sin(turn(start))
    let start_turns = (-cos).atan2(sin) / std::f64::consts::TAU;
    let start = start_turns * rate_hz / TONE_HZ;
    (start, 10.0 * (rest / power).log10())
}

#[test]
fn a_host_at_another_rate_is_resampled_without_a_trace_and_its_latency_is_true() {
    for usage in [Use::Shared, Use::LowLatency] {
        for (rate_hz, block_frames) in [
            (44_100, 441),
            (44_100, 512),
            (44_100, 64),
            (96_000, 480),
            (88_200, 2_048),
            (192_000, 512),
            (32_000, 100),
        ] {
            let case = format!("{usage:?} {rate_hz} Hz, block {block_frames}");
            let rig = rig(1, &CardSpec::stereo("CARD"));
            let device = VirtualDevice::new(Arc::clone(&rig.time), rig.out, Wish::new(usage));
            let product = &DRIVERS[0];
            let logic = DirectDriver::new(product.name, Arc::new(device));
            let mut driver = Driver::from_object(Object::create(product.clsid, logic));
            driver.init().expect("the device is there");
            driver.set_sample_rate(f64::from(rate_hz)).expect("taken");
            let notes = Arc::<Notes>::default();
            let handler = Sine {
                rate_hz: f64::from(rate_hz),
                next: 0,
                notes: Arc::clone(&notes),
            };
            driver
                .create_buffers(&CHANNELS, block_frames, Box::new(handler))
                .expect("created");
            driver.start().expect("started");
            rig.run_until(2 * SECOND);
            let reported = driver.latencies().expect("known").output_frames;
            driver.stop().expect("stopped");

            let tracks = rig.recording.played(rig.out);
            let (start, rest_db) = fit(&tracks[0]);
            assert!(rest_db < -120.0, "{case}: the rest is at {rest_db:.1} dB");

            // The sine's first frame at the output, against the time of the block that has it.
            let card_hz = f64::from(tracks[0].format.rate_hz);
            let blocks = notes.blocks.lock().clone();
            let turn_frames = card_hz / TONE_HZ;
            for &(stamp_ns, number) in &blocks {
                let at_output = start + number as f64 * card_hz / f64::from(rate_hz);
                let at_output = at_output + tracks[0].first_frame as f64;
                let stamp = stamp_ns as f64 * card_hz * 1e-9;
                let expected = f64::from(reported) * card_hz / f64::from(rate_hz);
                // A sine tells the place within a turn only.
                let error = at_output - stamp - expected;
                let error = error - (error / turn_frames).round() * turn_frames;
                let error = error * f64::from(rate_hz) / card_hz;
                assert!(error.abs() <= 1.0, "{case}: {error:.2} frames off");
            }
            assert_eq!(rig.recording.incidents(), [], "{case}");
        }
    }
}
