//! Finds the exclusive stream that a device will open: which format, which durations, with events or
//! with a timer. Knows the system only as [`Opener`], so that its stubbornness is tested anywhere.

use engine::endpoint::FaultKind;
use engine::format::{SampleFormat, StreamFormat};

use crate::candidates::{Candidate, Layout, forms};
use crate::duration::hns_from_frames;
use crate::hresult::codes::{
    BUFFER_SIZE_ERROR, BUFFER_SIZE_NOT_ALIGNED, DEVICE_IN_USE, E_INVALIDARG, E_NOTIMPL,
    EXCLUSIVE_MODE_NOT_ALLOWED, INVALID_DEVICE_PERIOD, UNSUPPORTED_FORMAT,
};
use crate::hresult::{Hr, fact};
use crate::plan::{DevicePeriods, Durations, Pace, event_attempts, timer_attempts};

/// How often a buffer size is mended when the device wants it aligned.
const ALIGN_ROUNDS_MAX: usize = 3;

/// What an exclusive stream shall be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) rate_hz: u32,
    pub(crate) block_frames: u32,
    /// With events where the system has them, else with a timer at once.
    pub(crate) with_events: bool,
}

/// A device that can be asked to open a stream.
pub(crate) trait Opener {
    /// An open stream.
    type Client;

    /// Whether the device may take that format. It may be wrong.
    fn may_take(&mut self, candidate: &Candidate) -> Hr<()>;

    /// Opens a stream, with a client made for this one attempt, as a refused client is spent.
    fn open(&mut self, pace: Pace, durations: Durations, format: &[u8]) -> Attempt<Self::Client>;
}

/// What comes of one attempt to open a stream.
pub(crate) enum Attempt<Client> {
    Opened(Client),
    /// The device wants its buffer to have this many frames.
    NotAligned {
        frames: u32,
    },
    /// Anything else, with the `HRESULT`.
    Refused(i32),
}

/// A stream that a device opened, and what it is like.
pub(crate) struct Negotiated<Client> {
    pub(crate) client: Client,
    pub(crate) format: StreamFormat,
    pub(crate) pace: Pace,
    pub(crate) durations: Durations,
}

/// Opens an exclusive stream in the first of `formats` that the device takes, in the layout of its
/// mixer if it can. What the device says it takes is tried in earnest; the code of the most telling
/// refusal is returned when nothing works.
pub(crate) fn negotiate<O: Opener>(
    opener: &mut O,
    mix: Layout,
    formats: &[SampleFormat],
    periods: DevicePeriods,
    wish: Wish,
) -> Hr<Negotiated<O::Client>> {
    let mut telling = UNSUPPORTED_FORMAT;
    for layout in Layout::to_try(mix) {
        for &sample in formats {
            for candidate in forms(sample, layout, wish.rate_hz) {
                let attempt = match opener.may_take(&candidate) {
                    Ok(()) => try_candidate(opener, &candidate, periods, wish),
                    Err(code) => Err(code),
                };
                match attempt {
                    Ok(negotiated) => return Ok(negotiated),
                    Err(code) if is_about_device(code) => return Err(code),
                    // That one format is not taken is no news.
                    Err(UNSUPPORTED_FORMAT) => {}
                    Err(code) => telling = code,
                }
            }
        }
    }
    Err(telling)
}

/// Whether a refusal is about the device, so that no other format will do better.
fn is_about_device(code: i32) -> bool {
    use FaultKind::{InUse, Lost, NotFound, ServiceGone};
    code == EXCLUSIVE_MODE_NOT_ALLOWED
        || matches!(fact(code).kind, InUse | Lost | NotFound | ServiceGone)
}

/// Opens a stream of that format: with events, or, where the system has none for exclusive streams
/// and says so by calling the device in use or exclusive mode forbidden, with a timer. A device that
/// really is in use refuses both.
fn try_candidate<O: Opener>(
    opener: &mut O,
    candidate: &Candidate,
    periods: DevicePeriods,
    wish: Wish,
) -> Hr<Negotiated<O::Client>> {
    let Wish {
        rate_hz,
        block_frames,
        with_events,
    } = wish;
    if with_events {
        let attempts = event_attempts(periods, block_frames, rate_hz);
        match try_durations(opener, candidate, Pace::ExclusiveEvent, &attempts) {
            Err(DEVICE_IN_USE | EXCLUSIVE_MODE_NOT_ALLOWED | E_NOTIMPL) => {}
            answer => return answer,
        }
    }
    let attempts = timer_attempts(periods, block_frames, rate_hz);
    try_durations(opener, candidate, Pace::ExclusiveTimer, &attempts)
}

/// Tries one pair of durations after the other, as long as it is them that are refused.
fn try_durations<O: Opener>(
    opener: &mut O,
    candidate: &Candidate,
    pace: Pace,
    attempts: &[Durations],
) -> Hr<Negotiated<O::Client>> {
    let mut last = INVALID_DEVICE_PERIOD;
    for &durations in attempts {
        match open_aligned(opener, candidate, pace, durations) {
            Ok(negotiated) => return Ok(negotiated),
            Err(code) => last = code,
        }
        let about_durations = matches!(
            last,
            BUFFER_SIZE_ERROR | BUFFER_SIZE_NOT_ALIGNED | INVALID_DEVICE_PERIOD | E_INVALIDARG
        );
        if !about_durations {
            break;
        }
    }
    Err(last)
}

/// Opens a stream; where the device wants another number of frames for alignment, takes that.
fn open_aligned<O: Opener>(
    opener: &mut O,
    candidate: &Candidate,
    pace: Pace,
    mut durations: Durations,
) -> Hr<Negotiated<O::Client>> {
    let format = candidate.format;
    for _ in 0..ALIGN_ROUNDS_MAX {
        match opener.open(pace, durations, candidate.wave.as_bytes()) {
            Attempt::Opened(client) => {
                return Ok(Negotiated {
                    client,
                    format,
                    pace,
                    durations,
                });
            }
            Attempt::NotAligned { frames } => {
                durations.buffer_hns = hns_from_frames(frames, format.rate_hz);
                if pace == Pace::ExclusiveEvent {
                    durations.period_hns = durations.buffer_hns;
                }
            }
            Attempt::Refused(code) => return Err(code),
        }
    }
    Err(BUFFER_SIZE_NOT_ALIGNED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hresult::codes::E_FAIL;
    use crate::wave::decode;

    const STEREO: Layout = Layout {
        channels: 2,
        channel_mask: 3,
    };
    const PERIODS: DevicePeriods = DevicePeriods {
        default_hns: 100_000,
        min_hns: 30_000,
    };
    const WISH: Wish = Wish {
        rate_hz: 48_000,
        block_frames: 480,
        with_events: true,
    };

    type Log = Vec<(Pace, Durations, SampleFormat)>;

    /// A device that says yes to the formats of `claims` and answers attempts as `answer` does.
    struct Fake<F> {
        claims: &'static [SampleFormat],
        answer: F,
        log: Log,
    }

    impl<F: FnMut(Pace, Durations, SampleFormat) -> Attempt<()>> Opener for Fake<F> {
        type Client = ();

        fn may_take(&mut self, candidate: &Candidate) -> Hr<()> {
            let claimed = self.claims.contains(&candidate.format.sample);
            if claimed {
                Ok(())
            } else {
                Err(UNSUPPORTED_FORMAT)
            }
        }

        fn open(&mut self, pace: Pace, durations: Durations, format: &[u8]) -> Attempt<()> {
            let sample = decode(format).unwrap().sample;
            self.log.push((pace, durations, sample));
            (self.answer)(pace, durations, sample)
        }
    }

    fn run(
        claims: &'static [SampleFormat],
        wish: Wish,
        answer: impl FnMut(Pace, Durations, SampleFormat) -> Attempt<()>,
    ) -> (Hr<Negotiated<()>>, Log) {
        let mut fake = Fake {
            claims,
            answer,
            log: Vec::new(),
        };
        let formats = SampleFormat::PREFERENCE;
        let result = negotiate(&mut fake, STEREO, &formats, PERIODS, wish);
        (result, fake.log)
    }

    #[test]
    fn the_first_claimed_format_is_opened_with_events() {
        let claims = &[SampleFormat::Int16, SampleFormat::Int24];
        let (result, log) = run(claims, WISH, |_, _, _| Attempt::Opened(()));
        let negotiated = result.ok().unwrap();
        assert_eq!(negotiated.format.sample, SampleFormat::Int24);
        assert_eq!(negotiated.pace, Pace::ExclusiveEvent);
        let period = Durations {
            period_hns: 100_000,
            buffer_hns: 100_000,
        };
        assert_eq!(log, [(Pace::ExclusiveEvent, period, SampleFormat::Int24)]);
    }

    #[test]
    fn t1_a_buffer_that_is_not_aligned_is_mended_to_the_nearest_duration() {
        let wish = Wish {
            rate_hz: 96_000,
            block_frames: 320,
            with_events: true,
        };
        let aligned_hns = 26_667; // 256 frames, rounded up.
        let answer = |_, durations: Durations, _| match durations.buffer_hns {
            26_667 => Attempt::Opened(()),
            _ => Attempt::NotAligned { frames: 256 },
        };
        let (result, log) = run(&[SampleFormat::Int32], wish, answer);
        assert!(result.is_ok());
        assert_eq!(log.len(), 2);
        assert_eq!(
            log[1].1,
            Durations {
                period_hns: aligned_hns,
                buffer_hns: aligned_hns
            }
        );
    }

    #[test]
    fn t1_a_device_that_is_never_content_is_given_up() {
        let answer = |_, _, _| Attempt::NotAligned { frames: 448 };
        let (result, log) = run(&[SampleFormat::Int32], WISH, answer);
        assert_eq!(result.err(), Some(BUFFER_SIZE_NOT_ALIGNED));
        // Three forms of the format, each with three rounds.
        assert_eq!(log.len(), 3 * ALIGN_ROUNDS_MAX);
    }

    #[test]
    fn a_period_that_is_refused_gives_way_to_the_devices_own() {
        let wish = Wish {
            block_frames: 256,
            ..WISH
        };
        let answer = |_, durations: Durations, _| match durations.period_hns {
            100_000 => Attempt::Opened(()),
            _ => Attempt::Refused(INVALID_DEVICE_PERIOD),
        };
        let (result, log) = run(&[SampleFormat::Int16], wish, answer);
        assert_eq!(result.ok().unwrap().durations.period_hns, 100_000);
        assert_eq!(log.len(), 2);
    }

    #[test]
    fn a_system_without_exclusive_events_gets_a_timer() {
        for refusal in [DEVICE_IN_USE, EXCLUSIVE_MODE_NOT_ALLOWED, E_NOTIMPL] {
            let answer = |pace, _, _| match pace {
                Pace::ExclusiveTimer => Attempt::Opened(()),
                _ => Attempt::Refused(refusal),
            };
            let (result, _) = run(&[SampleFormat::Int32], WISH, answer);
            assert_eq!(result.ok().unwrap().pace, Pace::ExclusiveTimer);
        }
    }

    #[test]
    fn t22_a_timer_can_be_had_without_asking_for_events() {
        let wish = Wish {
            with_events: false,
            ..WISH
        };
        let (result, log) = run(&[SampleFormat::Int16], wish, |_, _, _| Attempt::Opened(()));
        assert_eq!(result.ok().unwrap().pace, Pace::ExclusiveTimer);
        assert_eq!(log.len(), 1);
    }

    #[test]
    fn a_device_in_use_is_reported_as_such_and_not_pestered() {
        let claims = &[SampleFormat::Int32, SampleFormat::Int16];
        let (result, log) = run(claims, WISH, |_, _, _| Attempt::Refused(DEVICE_IN_USE));
        assert_eq!(result.err(), Some(DEVICE_IN_USE));
        let paces: Vec<Pace> = log.iter().map(|attempt| attempt.0).collect();
        assert_eq!(paces, [Pace::ExclusiveEvent, Pace::ExclusiveTimer]);
    }

    #[test]
    fn t15_a_format_that_is_claimed_and_then_refused_gives_way_to_the_next() {
        let claims = &[SampleFormat::Int32, SampleFormat::Int16];
        let answer = |_, _, sample| match sample {
            SampleFormat::Int16 => Attempt::Opened(()),
            _ => Attempt::Refused(UNSUPPORTED_FORMAT),
        };
        let (result, _) = run(claims, WISH, answer);
        assert_eq!(result.ok().unwrap().format.sample, SampleFormat::Int16);
    }

    #[test]
    fn the_most_telling_refusal_is_told() {
        let claims = &[SampleFormat::Int32, SampleFormat::Int16];
        let answer = |_, _, sample| match sample {
            SampleFormat::Int16 => Attempt::Refused(UNSUPPORTED_FORMAT),
            _ => Attempt::Refused(E_FAIL),
        };
        assert_eq!(run(claims, WISH, answer).0.err(), Some(E_FAIL));
        let nothing = run(&[], WISH, |_, _, _| Attempt::Opened(()));
        assert_eq!(nothing.0.err(), Some(UNSUPPORTED_FORMAT));
    }

    #[test]
    fn a_senseless_request_asks_the_device_nothing() {
        let wish = Wish {
            rate_hz: 0,
            block_frames: 0,
            with_events: true,
        };
        let (result, log) = run(&SampleFormat::PREFERENCE, wish, |_, _, _| {
            Attempt::Opened(())
        });
        assert_eq!(result.err(), Some(UNSUPPORTED_FORMAT));
        assert!(log.is_empty());
    }
}
