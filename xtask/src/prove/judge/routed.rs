//! `router-mix` and `router-isolation`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Figure, grouped, integer, list};

/// How far two latencies that are the same may be apart, in frames: they are told by two clocks.
const OFF_FRAMES_MAX: i64 = 16;
/// How long it may be silent after the router was killed.
const SILENCE_MS_MAX: i64 = 1_000;

/// `router-mix`: each host's sound whole and exact in each sum; what is added, in the median.
pub fn router_mix(data: &Value) -> Result<Figure> {
    let (mut frames, mut found, mut inexact) = (0, 0, 0);
    for mix in list(data, "mixes")? {
        for host in list(mix, "hosts")? {
            frames += integer(host, "frames")?;
            found += integer(host, "found")?;
            let is_exact = host["exact"].as_bool().context("it tells no `exact`")?;
            inexact += i64::from(!is_exact);
        }
    }
    ensure!(frames > 0, "nothing was played");
    let block = integer(data, "block_frames")?;
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
    Ok(Figure {
        text: format!(
            "{} of {} frames of two hosts found in their sum, {inexact} sounds not exact; measured at \
             the DAC inside the cycle {inside:+} frames, beside it {beside:+} of a block of {block}; \
             told {inside_told:+} and {beside_told:+}",
            grouped(found),
            grouped(frames),
        ),
        values: json!({
            "frames": frames, "found": found, "inexact": inexact, "inside_frames": inside,
            "beside_frames": beside, "inside_told_frames": inside_told,
            "beside_told_frames": beside_told,
        }),
        holds: found == frames && inexact == 0 && latencies_hold,
    })
}

/// `router-isolation`.
pub fn router_isolation(data: &Value) -> Result<Figure> {
    let clients = &data["clients"];
    let (kills, gaps) = (integer(clients, "kills")?, integer(clients, "gaps")?);
    let (frames, found) = (integer(clients, "frames")?, integer(clients, "found")?);
    let routers = &data["routers"];
    let router_kills = integer(routers, "kills")?;
    let silences = list(routers, "silences_ms")?
        .iter()
        .map(|ms| ms.as_i64().context("a silence is no number"));
    let silences = silences.collect::<Result<Vec<i64>>>()?;
    let longest = silences.iter().copied().max().unwrap_or(0);
    let repeated = integer(routers, "repeated")?;
    let (heard, all) = (
        integer(routers, "heard_to_frame")?,
        integer(routers, "frames")?,
    );
    ensure!(kills > 0 && router_kills > 0, "nobody was killed");
    let all_back = silences.len() as i64 == router_kills;
    Ok(Figure {
        text: format!(
            "{kills} clients killed: {gaps} gaps in the other's {} frames, {} of them missing; router \
             killed {router_kills} times: {} silences of at most {longest} ms, heard to frame {} of {}",
            grouped(frames),
            grouped(frames - found),
            silences.len(),
            grouped(heard),
            grouped(all),
        ),
        values: json!({
            "client_kills": kills, "gaps": gaps, "missing_frames": frames - found,
            "router_kills": router_kills, "silences_ms": silences, "repeated": repeated,
        }),
        holds: gaps == 0
            && frames == found
            && all_back
            && longest <= SILENCE_MS_MAX
            && repeated == 0
            && heard == all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_or_a_block_is_enough_to_fall_short() {
        let data = |found: i64, inside: i64, beside: i64| {
            json!({
                "block_frames": 512,
                "mixes": [{ "hosts": [
                    { "frames": 100, "found": 100, "exact": true },
                    { "frames": 100, "found": found, "exact": true },
                ]}],
                "latencies": [[[532, 536], [inside, 536], [beside, 1048]]],
            })
        };
        assert!(router_mix(&data(100, 527, 1038)).unwrap().holds);
        assert!(!router_mix(&data(99, 527, 1038)).unwrap().holds);
        assert!(!router_mix(&data(100, 1038, 1038)).unwrap().holds);
        assert!(!router_mix(&data(100, 527, 1550)).unwrap().holds);
        assert!(router_mix(&json!({ "block_frames": 1, "mixes": [] })).is_err());
    }

    #[test]
    fn a_gap_or_a_long_silence_falls_short() {
        let data = |gaps: i64, silences: &[i64], heard: i64| {
            json!({
                "clients": { "kills": 3, "gaps": gaps, "frames": 9, "found": 9 },
                "routers": {
                    "kills": 2, "silences_ms": silences, "repeated": 0, "heard_to_frame": heard,
                    "frames": 50,
                },
            })
        };
        assert!(router_isolation(&data(0, &[200, 1000], 50)).unwrap().holds);
        assert!(!router_isolation(&data(1, &[200, 1000], 50)).unwrap().holds);
        assert!(!router_isolation(&data(0, &[200, 1001], 50)).unwrap().holds);
        assert!(!router_isolation(&data(0, &[200], 50)).unwrap().holds);
        assert!(!router_isolation(&data(0, &[200, 200], 49)).unwrap().holds);
    }
}
