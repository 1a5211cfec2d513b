//! From instants to frames of a recording.

use crate::bench::delay::RATE_HZ;
use crate::rig::listener::Arrival;

/// How far around an instant the parts of the recording tell its frame.
const AROUND_NS: u64 = 1_000_000_000;

/// What comes within this time of a part belongs to it.
const PIECES_NS: u64 = 1_000_000;

/// When each frame of a recording came, as the parts that came soonest tell it.
pub struct Timeline {
    /// For each part: when it came, and when frame 0 would have come if each frame after it had come as
    /// much later as it is played later, both in nanoseconds.
    parts: Vec<(u64, f64)>,
}

/// So many frames in nanoseconds.
fn nanoseconds(frames: f64) -> f64 {
    frames * 1e9 / f64::from(RATE_HZ)
}

impl Timeline {
    /// Of a recording's parts.
    pub fn new(arrivals: &[Arrival]) -> Timeline {
        let mut parts: Vec<(u64, f64)> = Vec::new();
        let mut first_frame = 0;
        for arrival in arrivals {
            // A part may be read in pieces; the first of them has its first frame.
            let is_piece = parts
                .last()
                .is_some_and(|(at, _)| arrival.time_ns < at + PIECES_NS);
            if !is_piece {
                let origin_ns = arrival.time_ns as f64 - nanoseconds(first_frame as f64);
                parts.push((arrival.time_ns, origin_ns));
            }
            first_frame = arrival.frames;
        }
        Timeline { parts }
    }

    /// The frame that came at this instant; none where nothing was recorded around it.
    pub fn frame_at(&self, time_ns: u64) -> Option<f64> {
        let from = self
            .parts
            .partition_point(|(at, _)| *at < time_ns.saturating_sub(AROUND_NS));
        let near = self.parts[from..]
            .iter()
            .take_while(|(at, _)| *at <= time_ns + AROUND_NS);
        let origin_ns = near
            .map(|(_, origin_ns)| *origin_ns)
            .min_by(f64::total_cmp)?;
        Some((time_ns as f64 - origin_ns) * f64::from(RATE_HZ) / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn arrival(frames: u64, ms: u64) -> Arrival {
        Arrival {
            frames,
            time_ns: 700 * MS + ms * MS,
        }
    }

    #[test]
    fn parts_that_were_late_do_not_count() {
        // The second came 4 ms late, the third a little.
        let parts = [arrival(480, 0), arrival(960, 14), arrival(1_440, 21)];
        let timeline = Timeline::new(&parts);
        for (ms, frame) in [(10, 480.0), (20, 960.0), (5, 240.0), (100, 4_800.0)] {
            let found = timeline.frame_at(700 * MS + ms * MS).unwrap();
            assert!((found - frame).abs() < 1e-3, "{found} at {ms} ms");
        }
    }

    #[test]
    fn a_clock_that_goes_its_own_way_is_followed() {
        // 100 frames lost after 5 s: from then on every frame comes later.
        let mut parts: Vec<Arrival> = (0..1_000).map(|n| arrival((n + 1) * 480, n * 10)).collect();
        for part in &mut parts[500..] {
            part.frames -= 100;
        }
        let timeline = Timeline::new(&parts);
        let at = |s: u64| timeline.frame_at(700 * MS + s * 1_000 * MS).unwrap();
        assert!((at(2) - 96_000.0).abs() < 1e-2);
        assert!((at(8) - (384_000.0 - 100.0)).abs() < 1e-2);
    }

    #[test]
    fn pieces_of_a_part_came_with_its_first_frame() {
        let part = arrival(480, 0);
        let (piece, rest) = (
            arrival(600, 10),
            Arrival {
                time_ns: 710 * MS + 9_000,
                ..arrival(960, 0)
            },
        );
        let timeline = Timeline::new(&[part, piece, rest]);
        assert!((timeline.frame_at(710 * MS).unwrap() - 480.0).abs() < 1e-3);
    }

    #[test]
    fn far_away_nothing_is_known() {
        let timeline = Timeline::new(&[arrival(480, 10)]);
        assert_eq!(timeline.frame_at(5_000 * MS), None);
        assert_eq!(Timeline::new(&[]).frame_at(0), None);
    }
}
