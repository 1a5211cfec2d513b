//! `router-mix` and `router-isolation`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Figure, grouped, integer, list, number};

/// How far two latencies that are the same may be apart, in frames: they are told by two clocks.
const OFF_FRAMES_MAX: i64 = 16;
/// How long it may be silent after the router was killed.
const SILENCE_MS_MAX: i64 = 1_000;

/// How long sound may take from its loopback packet to the hardware: 30 ms at 48 kHz.
const LOOPBACK_FRAMES_MAX: i64 = 1_440;
/// How far a gain may be off, in decibels.
const GAIN_OFF_DB_MAX: f64 = 0.1;
/// Below this a stretch of sound is another; 1 is the same.
pub const LIKENESS_MIN: f64 = 0.9;

/// The sound that came by loopback.
struct Loopback {
    /// From the packet's coming to the hardware's DAC: the middle, and the longest.
    frames: (i64, i64),
    gain_off_db: f64,
    likeness: f64,
}

fn loopback(mixes: &[Value], gain_db: f64) -> Result<Loopback> {
    let numbers = |name: &str| -> Result<Vec<f64>> {
        let mut all = Vec::new();
        for mix in mixes {
            for number in list(&mix["loopback"], name)? {
                all.push(number.as_f64().context("a number is missing")?);
            }
        }
        Ok(all)
    };
    let mut frames: Vec<i64> = numbers("frames")?.into_iter().map(|n| n as i64).collect();
    frames.sort_unstable();
    let longest = frames.last().copied().context("nothing was found")?;
    let gains = numbers("gain_db")?.into_iter();
    Ok(Loopback {
        frames: (frames[frames.len() / 2], longest),
        gain_off_db: gains.map(|db| (db - gain_db).abs()).fold(0.0, f64::max),
        likeness: numbers("likeness")?.into_iter().fold(1.0, f64::min),
    })
}

/// `router-mix`: each host's sound whole and exact in each sum, the WASAPI program's found, as loud as it
/// is to be; what is added, in the median.
pub fn router_mix(data: &Value) -> Result<Figure> {
    let (mut frames, mut found, mut inexact, mut repeats) = (0, 0, 0, 0);
    let mixes = list(data, "mixes")?;
    for mix in mixes {
        repeats += integer(mix, "tries")? - 1;
        for host in list(mix, "hosts")? {
            frames += integer(host, "frames")?;
            found += integer(host, "found")?;
            let is_exact = host["exact"].as_bool().context("it tells no `exact`")?;
            inexact += i64::from(!is_exact);
        }
    }
    ensure!(frames > 0, "nothing was played");
    let block = integer(data, "block_frames")?;
    let by_loopback = loopback(mixes, number(data, "gain_db")?)?;
    let median = |way: usize, what: usize| -> Result<i64> {
        let of_run = |run: &Value| run[way][what].as_i64().context("a latency is missing");
        let runs = list(data, "latencies")?.iter().map(of_run);
        let mut all = runs.collect::<Result<Vec<i64>>>()?;
        all.sort_unstable();
        all.get(all.len() / 2).copied().context("no latency at all")
    };
    let added =
        |way: usize, what: usize| Ok::<i64, anyhow::Error>(median(way, what)? - median(0, what)?);
    let (inside, beside) = (added(1, 0)?, added(2, 0)?);
    let (inside_told, beside_told) = (added(1, 1)?, added(2, 1)?);
    let is = |frames: i64, wanted: i64| (frames - wanted).abs() <= OFF_FRAMES_MAX;
    let latencies_hold =
        is(inside, 0) && is(beside, block) && inside_told == 0 && is(beside_told, block);
    let Loopback {
        frames: (middle, longest),
        gain_off_db,
        likeness,
    } = by_loopback;
    let loopback_holds = longest <= LOOPBACK_FRAMES_MAX
        && gain_off_db <= GAIN_OFF_DB_MAX
        && likeness >= LIKENESS_MIN;
    let mut text = format!(
        "{} of {} frames of two hosts found in their sum, {inexact} sounds not exact; a WASAPI program \
         by loopback at most {gain_off_db:.2} dB off, likeness at least {likeness:.3}, {middle} frames \
         from its packet's coming to the hardware's DAC in the middle and {longest} at most; measured at the \
         hardware's DAC inside the cycle {inside:+} frames, beside it {beside:+} of a block of {block}; \
         told {inside_told:+} and {beside_told:+}",
        grouped(found),
        grouped(frames),
    );
    if repeats > 0 {
        text.push_str(&format!(
            "; {repeats} mixes again, as the machine kept even the hardware waiting"
        ));
    }
    Ok(Figure {
        text,
        values: json!({
            "frames": frames, "found": found, "inexact": inexact, "inside_frames": inside,
            "beside_frames": beside, "inside_told_frames": inside_told,
            "beside_told_frames": beside_told, "loopback_frames": middle,
            "loopback_frames_max": longest, "loopback_gain_off_db": gain_off_db,
            "loopback_likeness_min": likeness, "mixes_again": repeats, "mixes": mixes,
            "latencies": data["latencies"],
        }),
        holds: found == frames && inexact == 0 && latencies_hold && loopback_holds,
    })
}

/// What became of the others while clients were killed.
#[derive(Default)]
struct Survived {
    kills: i64,
    judged_frames: i64,
    gaps: i64,
    missing: i64,
    /// Before the kills, while programs began: told, not judged.
    before: i64,
    repeats: i64,
}

fn survived(clients: &Value) -> Result<Survived> {
    let mut sum = Survived::default();
    for round in list(clients, "rounds")? {
        sum.kills += integer(round, "kills")?;
        sum.judged_frames += integer(round, "judged_frames")?;
        sum.repeats += integer(round, "tries")? - 1;
        let places = |name: &str| {
            let places = round[name].as_array();
            places.with_context(|| format!("it tells no list `{name}`"))
        };
        for gap in places("gaps")? {
            sum.gaps += 1;
            sum.missing += integer(gap, "missing")?;
        }
        sum.before += places("before")?.len() as i64;
    }
    Ok(sum)
}

/// What became of the hosts while routers were killed.
struct Bridged {
    kills: i64,
    repeats: i64,
    /// The longest silence, and the longest time from a kill to the end of all that it disturbed, in ms.
    silence_ms: i64,
    over_ms: i64,
    holds: bool,
}

fn bridged(data: &Value) -> Result<Bridged> {
    let mut bridged = Bridged {
        kills: 0,
        repeats: 0,
        silence_ms: 0,
        over_ms: 0,
        holds: true,
    };
    for round in list(data, "routers")? {
        let kills = integer(round, "kills")?;
        bridged.kills += kills;
        bridged.repeats += integer(round, "tries")? - 1;
        for host in list(round, "hosts")? {
            let longest = |name: &str| -> Result<i64> {
                let all = list(host, name)?;
                ensure!(all.len() as i64 == kills, "it tells not each of `{name}`");
                let all = all.iter().map(|ms| ms.as_i64().context("no number"));
                let all = all.collect::<Result<Vec<i64>>>()?;
                Ok(all.into_iter().max().unwrap_or(0))
            };
            let over_ms = longest("over_after_ms")?;
            // A kill that nobody heard has hit somebody else.
            let silences = list(host, "silences_ms")?;
            bridged.holds &= silences.iter().all(|ms| ms.as_i64() > Some(0));
            bridged.silence_ms = bridged.silence_ms.max(longest("silences_ms")?);
            bridged.over_ms = bridged.over_ms.max(over_ms);
            bridged.holds &= over_ms <= SILENCE_MS_MAX
                && integer(host, "repeated")? == 0
                && integer(host, "heard_to_frame")? == integer(host, "frames")?;
        }
    }
    Ok(bridged)
}

/// `router-isolation`: nobody's kill is heard in another's sound; a router's is soon over.
pub fn router_isolation(data: &Value) -> Result<Figure> {
    let Survived {
        kills,
        judged_frames,
        gaps,
        missing,
        before,
        repeats,
    } = survived(&data["clients"])?;
    let routers = bridged(data)?;
    ensure!(
        kills > 0 && routers.kills > 0 && judged_frames > 0,
        "nobody was killed"
    );
    let to_the_end = match routers.holds {
        true => "both hosts heard to their ends",
        false => "not as it should be",
    };
    Ok(Figure {
        text: format!(
            "{kills} clients killed: {gaps} gaps in the {} frames of two others meanwhile, {} frames \
             missing ({before} gaps before, while programs began); router killed {} times: silence of at \
             most {} ms, all over {} ms after at most, {to_the_end}; {} runs again, as the machine was \
             busy",
            grouped(judged_frames),
            grouped(missing),
            routers.kills,
            routers.silence_ms,
            routers.over_ms,
            repeats + routers.repeats,
        ),
        values: json!({
            "client_kills": kills, "judged_frames": judged_frames, "gaps": gaps,
            "missing_frames": missing, "gaps_before": before, "rounds_again": repeats,
            "rounds": data["clients"]["rounds"],
            "router_kills": routers.kills, "silence_ms": routers.silence_ms,
            "over_after_ms": routers.over_ms, "router_rounds": data["routers"],
        }),
        holds: gaps == 0 && routers.holds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_or_a_block_is_enough_to_fall_short() {
        let data = |found: i64, inside: i64, beside: i64, way: i64, gain_db: f64| {
            json!({
                "block_frames": 512, "gain_db": -6.0,
                "mixes": [{ "tries": 1,
                    "hosts": [
                        { "frames": 100, "found": 100, "exact": true },
                        { "frames": 100, "found": found, "exact": true },
                    ],
                    "loopback": {
                        "frames": [900, way], "gain_db": [gain_db, -6.0], "likeness": [0.99, 1.0],
                    },
                }],
                "latencies": [[[532, 536], [inside, 536], [beside, 1048]]],
            })
        };
        let holds = |data: Value| router_mix(&data).unwrap().holds;
        assert!(holds(data(100, 527, 1038, 1_440, -6.0)));
        assert!(!holds(data(99, 527, 1038, 1_440, -6.0)));
        assert!(!holds(data(100, 1038, 1038, 1_440, -6.0)));
        assert!(!holds(data(100, 527, 1550, 1_440, -6.0)));
        assert!(!holds(data(100, 527, 1038, 1_441, -6.0)));
        assert!(!holds(data(100, 527, 1038, 1_440, -6.2)));
        assert!(router_mix(&json!({ "block_frames": 1, "mixes": [] })).is_err());
    }

    #[test]
    fn a_gap_or_a_long_silence_falls_short() {
        let data = |gaps: usize, over: &[i64], heard: i64| {
            json!({
                "clients": { "rounds": [{
                    "kills": 3, "judged_frames": 90, "tries": 1,
                    "gaps": vec![json!({ "missing": 480 }); gaps],
                    "before": [{ "missing": 480 }],
                }]},
                "routers": [{ "kills": 2, "tries": 1, "hosts": [{
                    "silences_ms": over, "over_after_ms": over, "repeated": 0,
                    "heard_to_frame": heard, "frames": 50,
                }]}],
            })
        };
        assert!(router_isolation(&data(0, &[200, 1000], 50)).unwrap().holds);
        assert!(!router_isolation(&data(1, &[200, 1000], 50)).unwrap().holds);
        assert!(!router_isolation(&data(0, &[200, 1001], 50)).unwrap().holds);
        assert!(router_isolation(&data(0, &[200], 50)).is_err());
        assert!(!router_isolation(&data(0, &[0, 200], 50)).unwrap().holds);
        assert!(!router_isolation(&data(0, &[200, 200], 49)).unwrap().holds);
    }
}
