//! Devices that come and go for minutes, drawn from a seed, and what a host may notice of it: nothing.

use std::fmt::Write as _;

use engine::resample::Quality;
use simcard::clock::ClockSpec;
use simcard::rng::SplitMix64;
use simcard::spec::CardSpec;
use simcard::spec::Flow;
use simcard::wake::WakeSpec;
use simcard::{EndpointId, Use, fault};

use super::moving::{Listening, Moving, Stream, moving, ramp};

const MS: u64 = 1_000_000;
/// After a fault nothing else happens for so long.
const REST_NS: u64 = 300 * MS;
/// So late a wake-up may be without a fault.
const JITTER_NS: u64 = 50_000;

/// What came of a scenario.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub faults: u64,
    /// The longest time from one call of the host to the next, in periods: of the device or, if that is
    /// longer, of the block. As blocks are asked for at the ends of the device's periods, a long one may
    /// come one of these later than usual.
    pub gap_periods: f64,
    /// The longest silence while a device is usable, until its first sound, in ns: at the rate of before
    /// and at another.
    pub back_ns: [u64; 2],
    /// Frames that were heard twice, and positions or times that went back.
    pub repeated: u64,
    /// Everything that is wrong beyond figures.
    pub wrong: Vec<String>,
}

/// What was expected from an instant on.
struct Expected {
    from_ns: u64,
    /// The endpoint that should be heard.
    on: Option<EndpointId>,
    rate_hz: Option<u32>,
    /// It is another than before.
    has_new_rate: bool,
}

/// Runs scenario `seed` for that long.
pub fn run(seed: u64, seconds: u64) -> Outcome {
    let mut rng = SplitMix64::derived(seed, "scenario");
    let mut pick = |bound: u64| rng.next_u64() % bound;
    let usage = [
        Use::Shared,
        Use::LowLatency,
        Use::Exclusive,
        Use::ExclusiveTimer,
    ][pick(4) as usize];
    let block_frames = [64, 128, 256, 441, 480, 512, 1024][pick(7) as usize];
    let names = ["ONE", "TWO", "THREE"];
    let cards: Vec<CardSpec> = names[..2 + pick(2) as usize]
        .iter()
        .map(|name| {
            let mut card = CardSpec::stereo(name);
            card.clock = ClockSpec::with_ppm(pick(400) as f64 - 200.0);
            card.wake = WakeSpec {
                rms_ns: pick(2) * JITTER_NS / 5,
                ..WakeSpec::default()
            };
            let render = card.render.as_mut().expect("it plays");
            render.name = format!("{name} OUT");
            card.capture = None;
            card
        })
        .collect();
    let listening = Listening::default();
    let made = std::sync::Arc::clone(&listening.made);
    let machine = moving(
        seed,
        &cards,
        Stream {
            usage,
            block_frames,
            is_stereo: seed.is_multiple_of(2),
            quality: [Quality::LowDelay, Quality::Best][usize::from(seed.is_multiple_of(4))],
        },
        listening.clone(),
        (ramp, made),
    );

    let mut outcome = Outcome::default();
    let mut expected = Vec::new();
    let mut told = String::new();
    let mut lost: Vec<bool> = vec![false; cards.len()];
    let mut service_gone = false;
    let mut now_ns = 0;
    let end_ns = seconds * 1_000 * MS;
    let look = |machine: &Moving, from_ns, is_there: bool, expected: &mut Vec<Expected>| {
        machine.time.with(|world| {
            let on = world.default_endpoint(Flow::Render).filter(|_| is_there);
            let rate_hz = on.and_then(|id| world.clock(id).ok().map(|clock| clock.rate_hz()));
            let last_hz = expected.iter().rev().find_map(|last| last.rate_hz);
            expected.push(Expected {
                from_ns,
                on,
                rate_hz,
                has_new_rate: last_hz.is_some() && rate_hz != last_hz,
            });
        });
    };
    let in_use = |expected: &[Expected]| {
        let on = expected.last().and_then(|last| last.on)?;
        let card = machine.outs.iter().position(|out| *out == on)?;
        Some(names[card])
    };
    look(&machine, 0, true, &mut expected);
    loop {
        now_ns += REST_NS + pick(12_000) * MS + pick(1_000_000);
        if now_ns + 2_000 * MS > end_ns {
            break;
        }
        let card = pick(cards.len() as u64) as usize;
        let name = names[card];
        let line = match pick(6) {
            0 | 1 => {
                lost[card] = !lost[card];
                format!("{} {name}", if lost[card] { "lose" } else { "back" })
            }
            2 => format!("default {name} OUT"),
            3 => format!(
                "format {} on {name} OUT",
                [44_100, 48_000, 96_000][pick(3) as usize]
            ),
            // Of a device that nobody uses, the first wake-up would be late, whenever that is; and a
            // timer's wake-ups are the client's own: what is late then is the program.
            4 if usage != Use::ExclusiveTimer && in_use(&expected) == Some(name) => {
                format!("late {} periods on {name} OUT", 1 + pick(6))
            }
            _ => {
                service_gone = !service_gone;
                format!("service {}", if service_gone { "gone" } else { "back" })
            }
        };
        let _ = writeln!(told, "at {now_ns}ns {line}");
        outcome.faults += 1;
        let script = fault::parse_script(&format!("at {now_ns}ns {line}")).expect("a script");
        if let Err(error) = machine.time.with(|world| world.add_faults(script)) {
            outcome.wrong.push(format!("{line}: {error}"));
            break;
        }
        if machine.time.run_until(now_ns + 1).is_err() {
            outcome.wrong.push("time stands still".into());
            break;
        }
        look(&machine, now_ns, !service_gone, &mut expected);
    }
    if machine.time.run_until(end_ns).is_err() {
        outcome.wrong.push("time stands still".into());
    }
    let device_ns = 10 * MS;
    let block_ns = u64::from(block_frames) * 1_000 * MS / 48_000;
    {
        let calls = machine.calls.lock();
        // Blocks are asked for at the ends of periods.
        let own_ns = block_ns.div_ceil(device_ns) * device_ns;
        let allowed_ns = (2 * device_ns.max(block_ns)).max(own_ns + device_ns);
        let period_ns = allowed_ns as f64 / 2.0;
        outcome.gap_periods = calls.longest.0 as f64 / period_ns;
        if outcome.gap_periods > 2.0 + 10.0 * JITTER_NS as f64 / period_ns {
            let (ns, at_ns) = calls.longest;
            outcome
                .wrong
                .push(format!("{ns} ns without a call at {at_ns} ns"));
        }
        outcome.repeated += calls.backwards;
    }
    judge_sound(&listening, &expected, end_ns, &mut outcome);
    if !machine.end() {
        outcome
            .wrong
            .push("something of the stream is still there".into());
    }
    if !outcome.wrong.is_empty() {
        let setting = format!("seed {seed}: {usage:?}, block {block_frames}\n{told}");
        outcome.wrong.push(setting);
    }
    outcome
}

/// How soon there was sound where it was to be.
fn judge_sound(listening: &Listening, expected: &[Expected], end_ns: u64, outcome: &mut Outcome) {
    let ears = listening.ears.lock();
    outcome.repeated += ears.repeats.count;
    if let Some((at_ns, number, last)) = ears.repeats.first {
        let text = format!("frame {number} at {at_ns} ns after frame {last}");
        outcome.wrong.push(text);
    }
    let ends = expected
        .iter()
        .skip(1)
        .map(|next| next.from_ns)
        .chain([end_ns]);
    for (
        Expected {
            from_ns,
            on,
            has_new_rate,
            ..
        },
        until_ns,
    ) in expected.iter().zip(ends)
    {
        let Some(on) = on else { continue };
        let spans = ears.heard.get(on).map_or(&[][..], |heard| &heard.spans);
        let first = spans.iter().find(|(_, end)| *end > *from_ns);
        let first_ns = first.map_or(u64::MAX, |(begun, _)| *begun);
        // Until the sound moves, it is heard where it was.
        let elsewhere = ears.heard.values().flat_map(|heard| &heard.spans);
        let ended = elsewhere.map(|(_, end)| *end).filter(|end| *end < first_ns);
        let silent_ns = ended.max().unwrap_or(0).max(*from_ns);
        let back_ns = first_ns.saturating_sub(silent_ns);
        let limit_ns = if *has_new_rate { 100 * MS } else { 50 * MS };
        if first_ns > until_ns {
            if until_ns - from_ns > limit_ns {
                outcome.wrong.push(format!("no sound after {from_ns} ns"));
            }
            continue;
        }
        let slot = &mut outcome.back_ns[usize::from(*has_new_rate)];
        *slot = (*slot).max(back_ns);
        if back_ns > limit_ns {
            let text = format!("sound {back_ns} ns after {from_ns} ns");
            outcome.wrong.push(text);
        }
    }
}
