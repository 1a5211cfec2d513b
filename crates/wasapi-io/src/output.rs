//! The side of a stream that plays.

use engine::endpoint::{Cycle, Due, Intake, StreamFault};
use engine::format::StreamFormat;

use crate::client::AudioClient;
use crate::clock::now_ns;
use crate::duration::hns_from_frames;
use crate::fault::broken;
use crate::hresult::Hr;
use crate::hresult::codes::{BUFFER_ERROR, BUFFER_TOO_LARGE};
use crate::lateness::Lateness;
use crate::meter::{Bias, Meter, frames_between};
use crate::open::{Basis, Opened};
use crate::plan::Pace;
use crate::position::Position;
use crate::slowdown::Slowdown;
use crate::sync::{Event, Timer};
use crate::writer::Writer;

/// Refusals in a row after which a device that gives no memory counts as broken.
const REFUSALS_MAX: u32 = 50;

/// Periods that are queued beyond the next where the device sets no events. The timer runs out at any
/// instant of the device's period, and such devices report their progress in jumps of several.
const TIMER_SLACK_PERIODS: u32 = 3;

/// A stream has not fallen behind for so long after its start, in nanoseconds: to exchange it for
/// another takes time, and each time is heard.
const FRESH_NS: u64 = 500_000_000;

/// Where the stream was when frames were handed over last, for measuring.
#[derive(Clone, Copy)]
struct HandOver {
    /// Frames handed over before.
    before_frames: u64,
    /// Frames that were queued.
    queued_frames: u32,
    woken_ns: u64,
}

/// An open stream that plays.
pub(crate) struct Output {
    // Dropped in this order: what belongs to the client before the client.
    writer: Writer,
    /// Where the device knows no position there is nothing to measure.
    position: Option<Position>,
    client: AudioClient,
    /// Present where the device sets no events.
    timer: Option<Timer>,

    pub(crate) format: StreamFormat,
    pace: Pace,
    pub(crate) period_frames: u32,
    pub(crate) period_ns: u64,
    pub(crate) buffer_frames: u32,
    pub(crate) intake: Intake,
    /// Frames that are always queued ahead, besides those that the device tells.
    pub(crate) queued_frames: u32,
    /// From the buffer to the output, as the system states it.
    pub(crate) device_frames: u32,

    /// The level at which the queue is kept.
    keep_frames: u32,
    lateness: Lateness,
    slowdown: Slowdown,
    /// The device's wake-ups have become rarer than its periods.
    has_slowed_down: bool,
    started_ns: u64,
    refusals: u32,
    /// How long the last cycle's work took.
    busy_ns: u64,
    handed_over_frames: u64,
    /// Frames that were queued after the last hand-over, as far as the device tells.
    left_frames: u32,
    last: Option<HandOver>,
    /// Frames were played that nobody handed over, so that positions tell nothing.
    ran_dry: bool,
    meter: Meter,
}

impl Output {
    pub(crate) fn new(mut opened: Opened) -> Hr<Self> {
        let Basis {
            buffer_frames,
            latency_frames,
            period_ns,
            timer,
        } = opened.basis()?;
        let Opened {
            asked_frames,
            client,
            format,
            pace,
            period_frames,
            ..
        } = opened;
        let rate_hz = format.rate_hz;
        let (intake, queued_frames, longest_frames) =
            queueing(pace, buffer_frames, period_frames, asked_frames);
        // The system's figure is the longest way of a frame, and a full queue is a part of that way.
        let stated_frames = latency_frames.saturating_sub(longest_frames);
        let device_frames = match pace {
            // Whatever the system states, the mixer works a period ahead.
            Pace::SharedEvent => stated_frames.max(period_frames),
            Pace::ExclusiveEvent | Pace::ExclusiveTimer => stated_frames,
        };
        Ok(Self {
            writer: client.writer(format.frame_bytes())?,
            position: client.position(rate_hz).ok(),
            client,
            timer,
            format,
            pace,
            period_frames,
            period_ns,
            buffer_frames,
            intake,
            queued_frames,
            device_frames,
            keep_frames: 0,
            lateness: Lateness::new(period_ns),
            slowdown: Slowdown::new(period_ns, 0),
            has_slowed_down: false,
            started_ns: 0,
            refusals: 0,
            busy_ns: 0,
            handed_over_frames: 0,
            left_frames: 0,
            last: None,
            ran_dry: false,
            meter: Meter::new(Bias::Shortens, rate_hz),
        })
    }

    /// Queues silence, so that the device finds something when it starts.
    pub(crate) fn prepare(&mut self, keep_frames: u32) -> Hr<()> {
        // Whatever an earlier start that failed has left behind.
        self.client.reset()?;
        self.keep_frames = match self.pace {
            Pace::ExclusiveEvent => self.buffer_frames,
            Pace::SharedEvent | Pace::ExclusiveTimer => self.free_frames()?.min(keep_frames),
        };
        let silence_frames = match self.pace {
            Pace::ExclusiveEvent | Pace::SharedEvent => self.keep_frames,
            // Due at once: the queue is long, and the sound comes a period sooner.
            Pace::ExclusiveTimer => self.keep_frames.saturating_sub(self.period_frames),
        };
        if silence_frames > 0 {
            self.writer.write_silence(silence_frames)?;
        }
        if let Some(event) = self.client.event() {
            event.unset();
        }
        self.refusals = 0;
        self.busy_ns = 0;
        self.lateness = Lateness::new(self.period_ns);
        self.started_ns = now_ns();
        self.slowdown = Slowdown::new(self.period_ns, self.started_ns);
        self.has_slowed_down = false;
        self.handed_over_frames = u64::from(silence_frames);
        self.left_frames = silence_frames;
        self.last = None;
        self.ran_dry = false;
        self.meter.restart();
        Ok(())
    }

    pub(crate) fn start(&mut self) -> Hr<()> {
        self.client.start()
    }

    /// Starts a device anew whose wake-ups have become rarer than its periods, as nothing else helps.
    /// Between two cycles. Tells whether it did.
    pub(crate) fn heal(&mut self) -> Hr<bool> {
        if !std::mem::take(&mut self.has_slowed_down) {
            return Ok(false);
        }
        self.stop();
        self.prepare(self.keep_frames)?;
        // Sound was lost, which the host is to know.
        self.lateness.missed();
        self.start().map(|()| true)
    }

    pub(crate) fn stop(&mut self) {
        // A device that is gone refuses both, and is silent all the same.
        let _ = self.client.stop();
        let _ = self.client.reset();
    }

    /// The event that the device sets, where it sets any.
    pub(crate) fn event(&self) -> Option<&Event> {
        self.client.event()
    }

    /// What stands for the event where there is none.
    pub(crate) fn timer(&self) -> Option<&Timer> {
        self.timer.as_ref()
    }

    /// Frames by which the queue is above the level at which the device is due without an event.
    pub(crate) fn excess_frames(&self) -> Hr<u32> {
        let low_frames = self.keep_frames.saturating_sub(self.period_frames);
        Ok(self.client.padding_frames()?.saturating_sub(low_frames))
    }

    /// Whether so much of the queue is played that the device is due, event or none. One with two
    /// buffers does not tell.
    pub(crate) fn wants_without_event(&self) -> bool {
        self.pace != Pace::ExclusiveEvent && self.excess_frames() == Ok(0)
    }

    /// The device has set no event while all that it had was played, and for a period more.
    pub(crate) fn missed_event(&mut self) {
        if self.client.padding_frames() == Ok(0) {
            self.lateness.missed();
        }
    }

    /// Whether silence that the mixer put in stays queued.
    pub(crate) fn has_fallen_behind(&self) -> bool {
        // As `mixer_slack_frames` knows such a mixer.
        let keeps_silence = self.pace == Pace::SharedEvent
            && matches!(self.intake, Intake::Level { slack_frames } if slack_frames > 0);
        keeps_silence && self.ran_dry && now_ns() >= self.started_ns.saturating_add(FRESH_NS)
    }

    /// Whether the device still answers.
    pub(crate) fn check(&self) -> Hr<()> {
        self.client.padding_frames().map(|_| ())
    }

    fn free_frames(&self) -> Hr<u32> {
        Ok(self
            .buffer_frames
            .saturating_sub(self.client.padding_frames()?))
    }

    /// Frames for which there is room, and frames that are queued.
    fn room(&self) -> Hr<(u32, u32)> {
        if self.pace == Pace::ExclusiveEvent {
            // The device has two such buffers and does not tell what is in them.
            return Ok((self.buffer_frames, 0));
        }
        let padding_frames = self.client.padding_frames()?;
        Ok((
            self.buffer_frames.saturating_sub(padding_frames),
            padding_frames,
        ))
    }

    /// How long what was queued after the last hand-over lasts, in nanoseconds.
    pub(crate) fn left_ns(&self) -> u64 {
        100 * hns_from_frames(self.left_frames, self.format.rate_hz).unsigned_abs()
    }

    /// Lets `work` write what is to be played next. Real-time safe.
    pub(crate) fn cycle(&mut self, work: &mut dyn Cycle, woken_ns: u64) -> Result<(), StreamFault> {
        let (room_frames, queued_frames) = self.room().map_err(broken)?;
        if room_frames == 0 {
            return Ok(());
        }
        let busy_ns = self.busy_ns;
        let underrun = self.lateness.woken(woken_ns);
        self.ran_dry |= underrun;
        if self.pace == Pace::ExclusiveEvent {
            self.has_slowed_down |= self.slowdown.woken(woken_ns, busy_ns);
        }
        let mut filled = false;
        let written = self.writer.write(room_frames, |bytes| {
            filled = true;
            work.due(Due {
                bytes,
                queued_frames,
                now_ns: woken_ns,
                busy_ns,
                underrun,
            })
        });
        let written_frames = match written {
            Ok(frames) => frames,
            Err(code) if !filled && self.refused_for_now(code) => return Ok(()),
            Err(code) => return Err(broken(code)),
        };
        self.refusals = 0;
        self.last = Some(HandOver {
            before_frames: self.handed_over_frames,
            queued_frames,
            woken_ns,
        });
        self.handed_over_frames += u64::from(written_frames);
        self.left_frames = queued_frames.saturating_add(written_frames);
        let handed_over_ns = now_ns();
        self.busy_ns = handed_over_ns.saturating_sub(woken_ns);
        let periods = self.periods_queued(self.left_frames);
        self.lateness.handed_over(handed_over_ns, periods);
        Ok(())
    }

    /// For how many of the device's periods what is queued will last.
    fn periods_queued(&self, queued_frames: u32) -> u64 {
        match self.pace {
            // The other buffer, of which the device has just begun the first half.
            Pace::ExclusiveEvent => 1,
            Pace::SharedEvent | Pace::ExclusiveTimer => {
                u64::from(queued_frames / self.period_frames)
            }
        }
    }

    /// Whether the device may give memory after all, the next time.
    fn refused_for_now(&mut self, code: i32) -> bool {
        self.refusals += 1;
        matches!(code, BUFFER_TOO_LARGE | BUFFER_ERROR) && self.refusals < REFUSALS_MAX
    }

    /// Compares what was handed over last with where the device is. Between two cycles; allocates
    /// nothing and does not block.
    pub(crate) fn sample(&mut self) {
        let Some(last) = self.last.take().filter(|_| !self.ran_dry) else {
            return;
        };
        let Some(place) = self.position.as_ref().and_then(Position::now) else {
            return;
        };
        // A device that has not begun to play tells nothing.
        if place.frames <= 0.0 {
            return;
        }
        let since_frames = frames_between(last.woken_ns, place.at_ns, self.format.rate_hz);
        let ahead_frames = last.before_frames as f64 - place.frames + since_frames;
        let known_frames = f64::from(last.queued_frames) + f64::from(self.queued_frames);
        self.meter.add(ahead_frames - known_frames);
    }

    /// What `device_frames` was found to be.
    pub(crate) fn measured_frames(&self) -> Option<u32> {
        self.meter.frames()
    }
}

/// What the device wants in a cycle, what is always queued, and what the longest queue is.
fn queueing(
    pace: Pace,
    buffer_frames: u32,
    period_frames: u32,
    asked_frames: Option<u32>,
) -> (Intake, u32, u32) {
    let longest_frames = buffer_frames.saturating_sub(period_frames);
    match pace {
        // While one of the two buffers is filled, the other plays.
        Pace::ExclusiveEvent => (Intake::Whole, buffer_frames, buffer_frames),
        Pace::SharedEvent => {
            let slack_frames = mixer_slack_frames(buffer_frames, period_frames, asked_frames);
            (Intake::Level { slack_frames }, 0, longest_frames)
        }
        Pace::ExclusiveTimer => {
            let slack_frames = period_frames.saturating_mul(TIMER_SLACK_PERIODS);
            (Intake::Level { slack_frames }, 0, longest_frames)
        }
    }
}

/// What a mixer needs to have queued beyond the next period.
///
/// One that gives a buffer longer by some periods than the one that was asked for, of two periods at
/// least, needs these to be filled: Wine's runs dry otherwise, and makes up for that by silence that
/// it keeps queued from then on.
fn mixer_slack_frames(buffer_frames: u32, period_frames: u32, asked_frames: Option<u32>) -> u32 {
    let period_frames = period_frames.max(1);
    let Some(asked_frames) = asked_frames else {
        return 0;
    };
    let expected_frames = asked_frames.max(period_frames.saturating_mul(2));
    let more_frames = buffer_frames.saturating_sub(expected_frames);
    // Blocks are no whole periods, so what was asked for is not either.
    let periods = more_frames.saturating_add(period_frames / 2) / period_frames;
    periods.saturating_mul(period_frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixer_that_gives_more_than_was_asked_for_needs_more() {
        // Windows: two periods and a little.
        assert_eq!(mixer_slack_frames(1_056, 480, Some(960)), 0);
        // Wine: three periods at least.
        assert_eq!(mixer_slack_frames(1_440, 480, Some(960)), 480);
        assert_eq!(mixer_slack_frames(1_440, 480, Some(992)), 480);
        assert_eq!(mixer_slack_frames(2_528, 480, Some(2_528)), 0);
        // Low-latency streams get what the system thinks fit.
        assert_eq!(mixer_slack_frames(384, 128, None), 0);
    }
}
