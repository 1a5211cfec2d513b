//! What is said about a run.

use std::fmt;

use serde::Serialize;

/// How it went. Latencies are in frames.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SimulateReport {
    pub(crate) mode: &'static str,
    pub(crate) seed: u64,
    pub(crate) jitter_us: f64,
    pub(crate) rate_hz: u32,
    pub(crate) format: &'static str,
    pub(crate) channels: u16,
    pub(crate) period_frames: u32,
    pub(crate) block_frames: u32,
    pub(crate) latency: LatencyParts,
    /// What the driver reported.
    pub(crate) reported_frames: u32,
    /// From the call of the first block to the DAC's output; one for each opening.
    pub(crate) measured_frames: Vec<i64>,
    pub(crate) file_frames: u64,
    pub(crate) played_file_frames: u64,
    pub(crate) altered_frames: u64,
    pub(crate) dropouts: u64,
    pub(crate) dropout_frames: u64,
    pub(crate) overloads_told: u64,
    /// How often a device that was lost was taken again, and the frames of the file that nobody heard
    /// meanwhile.
    pub(crate) returns: u64,
    pub(crate) lost_frames: u64,
    /// Frames of the file that the program made in its rhythm while the device gave no sign; they are
    /// as long as silence that was heard.
    pub(crate) skipped_frames: u64,
    /// The card's clock against reference time, as measured.
    pub(crate) drift_ppm: f64,
    pub(crate) drift_frames: f64,
    pub(crate) resampler: Option<&'static str>,
}

/// Where the latency comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LatencyParts {
    /// Queued ahead in the device's buffer.
    pub(crate) device_queue_frames: u32,
    /// The system's mixer.
    pub(crate) mixer_frames: u32,
    /// The converter behind the buffer.
    pub(crate) converter_frames: u32,
    /// A block more because the host does not call `outputReady`.
    pub(crate) output_ready_frames: u32,
}

impl LatencyParts {
    fn total_frames(&self) -> u32 {
        self.device_queue_frames
            + self.mixer_frames
            + self.converter_frames
            + self.output_ready_frames
    }
}

impl SimulateReport {
    fn ms(&self, frames: f64) -> f64 {
        frames * 1000.0 / f64::from(self.rate_hz)
    }
}

impl fmt::Display for SimulateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LatencyParts {
            device_queue_frames,
            mixer_frames,
            converter_frames,
            output_ready_frames,
        } = self.latency;
        writeln!(
            f,
            "Card      simulated, {}, {}, {} channels, {} Hz, period {} frames, seed {}",
            self.mode, self.format, self.channels, self.rate_hz, self.period_frames, self.seed
        )?;
        writeln!(f, "Block     {} frames", self.block_frames)?;
        let total = self.latency.total_frames();
        writeln!(
            f,
            "Latency   {device_queue_frames} queued + {mixer_frames} mixer + {converter_frames} \
             converter + {output_ready_frames} outputReady = {total} frames = {:.2} ms",
            self.ms(f64::from(total))
        )?;
        let measured: Vec<String> = self.measured_frames.iter().map(i64::to_string).collect();
        let measured = match measured.len() {
            0 => "nothing, as no sound was heard".to_owned(),
            _ => measured.join(" and "),
        };
        // A thread that wakes late has less time until its sound is heard.
        let why = if self.jitter_us > 0.0 {
            " (from a first wake-up that was late)"
        } else {
            ""
        };
        let reported = self.reported_frames;
        writeln!(f, "          reported {reported}, measured {measured}{why}")?;
        writeln!(
            f,
            "Played    {} of {} frames of the file, {}",
            self.played_file_frames,
            self.file_frames,
            match self.altered_frames {
                0 => "every bit as it should be".to_owned(),
                altered => format!("{altered} of them altered"),
            }
        )?;
        match self.dropouts {
            0 => write!(f, "Dropouts  none")?,
            dropouts => write!(
                f,
                "Dropouts  {dropouts}, {} frames of silence = {:.1} ms; {} told to the host",
                self.dropout_frames,
                self.ms(self.dropout_frames as f64),
                self.overloads_told
            )?,
        }
        if self.skipped_frames > 0 {
            let skipped = self.skipped_frames;
            write!(f, "; {skipped} frames of the file passed meanwhile")?;
        }
        let lost = self.lost_frames;
        match self.returns {
            0 => writeln!(f)?,
            1 => writeln!(
                f,
                "; the device was lost and taken again, {lost} frames unheard"
            )?,
            times => writeln!(
                f,
                "; the device was lost and taken again {times} times, {lost} frames unheard"
            )?,
        }
        write!(
            f,
            "Drift     {:+.3} ppm, {:+.1} frames; there is no resampler in this path: the host follows \
             the card",
            self.drift_ppm, self.drift_frames
        )
    }
}

#[cfg(test)]
pub(crate) fn example() -> SimulateReport {
    SimulateReport {
        mode: "shared",
        seed: 7,
        jitter_us: 0.0,
        rate_hz: 48_000,
        format: "float32",
        channels: 2,
        period_frames: 480,
        block_frames: 480,
        latency: LatencyParts {
            device_queue_frames: 480,
            mixer_frames: 960,
            converter_frames: 24,
            output_ready_frames: 0,
        },
        reported_frames: 1464,
        measured_frames: vec![1464],
        file_frames: 240_000,
        played_file_frames: 240_000,
        altered_frames: 0,
        dropouts: 2,
        dropout_frames: 960,
        overloads_told: 2,
        returns: 0,
        lost_frames: 0,
        skipped_frames: 0,
        drift_ppm: -12.5,
        drift_frames: -3.0,
        resampler: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_tells_the_parts() {
        let text = example().to_string();
        for part in [
            "shared, float32, 2 channels, 48000 Hz, period 480 frames, seed 7",
            "480 queued + 960 mixer + 24 converter + 0 outputReady = 1464 frames = 30.50 ms",
            "reported 1464, measured 1464",
            "240000 of 240000 frames of the file, every bit as it should be",
            "2, 960 frames of silence = 20.0 ms; 2 told",
            "-12.500 ppm, -3.0 frames; there is no resampler",
        ] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }
}
