//! Processor time of a program while it plays.

use std::fs;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the program is looked at.
const PAUSE: Duration = Duration::from_millis(50);
/// The system counts in hundredths of a second.
const TICK_MS: f64 = 10.0;
/// Before its end, a program plays silence and closes the device.
const CLOSING: Duration = Duration::from_millis(750);

/// The processor time that a program had used up at an instant.
#[derive(Clone, Copy)]
struct Sample {
    at: Instant,
    ticks: u64,
}

/// Watches a program from outside.
pub struct Watch(JoinHandle<Vec<Sample>>);

impl Watch {
    /// Watches until the program ends.
    pub fn start(process: u32) -> Watch {
        Watch(thread::spawn(move || {
            let mut samples = Vec::new();
            let stat = format!("/proc/{process}/stat");
            while let Some(ticks) = fs::read_to_string(&stat).ok().and_then(|text| used(&text)) {
                samples.push(Sample {
                    at: Instant::now(),
                    ticks,
                });
                thread::sleep(PAUSE);
            }
            samples
        }))
    }

    /// Milliseconds of processor time per second, over the last `sound` before the program closed
    /// the device. Call it when the program has ended. None for a program that was too short.
    pub fn finish(self, sound: Duration) -> Option<f64> {
        let samples = self.0.join().ok()?;
        let end = samples.last()?.at.checked_sub(CLOSING)?;
        share(&samples, end.checked_sub(sound)?, end)
    }
}

/// Processor time per second between two instants.
fn share(samples: &[Sample], from: Instant, to: Instant) -> Option<f64> {
    let first = samples.iter().find(|sample| sample.at >= from)?;
    let last = samples.iter().rfind(|sample| sample.at <= to)?;
    let seconds = last.at.checked_duration_since(first.at)?.as_secs_f64();
    let used_ms = last.ticks.saturating_sub(first.ticks) as f64 * TICK_MS;
    (seconds > 0.0).then(|| used_ms / seconds)
}

/// Ticks of user and system time. The second field is a name in brackets that may hold anything.
/// None for a program that has ended.
fn used(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    if fields.next() == Some("Z") {
        return None;
    }
    let (user, system) = (fields.nth(10)?, fields.next()?);
    Some(user.parse::<u64>().ok()? + system.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_times_are_found_behind_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4 1 0 0 0 30 12 0 0 20 0 1 0 4711 9 9";
        assert_eq!(used(stat), Some(42));
        assert_eq!(used(&stat.replace(" S ", " Z ")), None);
        assert_eq!(used(""), None);
    }

    #[test]
    fn only_the_time_between_counts() {
        let begin = Instant::now();
        let sample = |seconds, ticks| Sample {
            at: begin + Duration::from_secs(seconds),
            ticks,
        };
        let samples = [sample(0, 0), sample(1, 90), sample(3, 94), sample(4, 200)];
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(share(&samples, at(1), at(3)), Some(20.0));
        assert_eq!(share(&samples, at(4), at(4)), None);
    }
}
