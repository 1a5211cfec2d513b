//! Numbers that the real-time thread keeps.

use rt::{Counter, Gauge};
use serde::{Deserialize, Serialize};

/// Numbers of a running stream, each written by one thread and read by any. Wait-free: writing one is
/// fit for the real-time path.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Wake-ups that were served.
    pub cycles: Counter,
    /// How often the device ran dry.
    pub underruns: Counter,
    /// How often a cycle, the host's blocks in it, took longer than a period.
    pub overloads: Counter,
    /// Frames that the host was called for since its last start.
    pub played_frames: Gauge,
    /// Latency of what is played, in frames of the host's rate.
    pub output_latency_frames: Gauge,
    /// Latency of what is recorded, in frames of the host's rate.
    pub input_latency_frames: Gauge,
    /// Frames that wait in the device's queue or the bridge.
    pub fill_frames: Gauge,
    /// See [`set_drift_ppm`](Self::set_drift_ppm).
    drift: Gauge,
}

impl Gauges {
    /// How much faster the input's clock is than the output's, in ppm.
    pub fn set_drift_ppm(&self, ppm: f64) {
        self.drift.set(ppm.to_bits());
    }

    /// What they say now.
    pub fn read(&self) -> Readings {
        let drift_ppm = f64::from_bits(self.drift.get());
        Readings {
            cycles: self.cycles.get(),
            underruns: self.underruns.get(),
            overloads: self.overloads.get(),
            played_frames: self.played_frames.get(),
            output_latency_frames: self.output_latency_frames.get(),
            input_latency_frames: self.input_latency_frames.get(),
            fill_frames: self.fill_frames.get(),
            // JSON has no other numbers.
            drift_ppm: if drift_ppm.is_finite() {
                drift_ppm
            } else {
                0.0
            },
        }
    }
}

/// What [`Gauges`] said at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Readings {
    /// Wake-ups that were served.
    pub cycles: u64,
    /// How often the device ran dry.
    pub underruns: u64,
    /// How often a cycle, the host's blocks in it, took longer than a period.
    pub overloads: u64,
    /// Frames that the host was called for since its last start.
    pub played_frames: u64,
    /// Latency of what is played, in frames of the host's rate.
    pub output_latency_frames: u64,
    /// Latency of what is recorded, in frames of the host's rate.
    pub input_latency_frames: u64,
    /// Frames that wait in the device's queue or the bridge.
    pub fill_frames: u64,
    /// How much faster the input's clock is than the output's, in ppm.
    pub drift_ppm: f64,
}
