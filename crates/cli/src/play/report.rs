//! What is said about a file that was played.

use std::fmt;

use serde::Serialize;

/// How it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlayReport {
    /// The driver's name.
    pub driver: String,
    /// Frames per second.
    pub rate_hz: u32,
    /// Channels of the file.
    pub channels: usize,
    /// Frames of the file that were handed to the driver.
    pub frames_played: u64,
    /// Frames of the file.
    pub frames: u64,
    /// The ASIO block in frames.
    pub block_frames: u32,
    /// What the driver says about its output latency, in frames.
    pub output_latency_frames: u32,
    /// Blocks that came too late.
    pub dropouts: u64,
}

impl fmt::Display for PlayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.frames_played as f64 / f64::from(self.rate_hz);
        let latency_ms = f64::from(self.output_latency_frames) * 1000.0 / f64::from(self.rate_hz);
        write!(
            f,
            "Played {seconds:.1} s on {} at {} Hz in blocks of {} frames; latency {} frames = \
             {latency_ms:.1} ms; ",
            self.driver, self.rate_hz, self.block_frames, self.output_latency_frames
        )?;
        match self.dropouts {
            0 => f.write_str("no dropouts."),
            1 => f.write_str("1 dropout."),
            many => write!(f, "{many} dropouts."),
        }
    }
}

/// Seconds as minutes and seconds.
pub fn clock_time(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_one_sentence() {
        let report = PlayReport {
            driver: "Some Driver".to_owned(),
            rate_hz: 48_000,
            channels: 2,
            frames_played: 120_000,
            frames: 120_000,
            block_frames: 480,
            output_latency_frames: 960,
            dropouts: 0,
        };
        let expected = "Played 2.5 s on Some Driver at 48000 Hz in blocks of 480 frames; \
                        latency 960 frames = 20.0 ms; no dropouts.";
        assert_eq!(report.to_string(), expected);
        let two = PlayReport {
            dropouts: 2,
            ..report
        };
        assert!(two.to_string().ends_with("2 dropouts."));
    }

    #[test]
    fn time_is_minutes_and_seconds() {
        assert_eq!(clock_time(0), "0:00");
        assert_eq!(clock_time(3725), "62:05");
    }
}
