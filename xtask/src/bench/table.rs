//! The results as a page.

use std::fmt::Write as _;

use super::outcome::Outcome;
use super::rows::Player;
use super::run::Circumstances;

const HEAD: &str = "\
| program, mode, block | frames to the DAC | of them behind WASAPI | ratio to the floor | told \
| period | wake-up to hand-over p50 / p99 / max, us | CPU, ms per s | underruns | stalls | runs |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

const LEGEND: &str = "\
All rows play the same numbered frames at 48000 Hz on the simulated card in real time, one after
another, each on a card of its own. Figures are medians of the runs' medians; underruns and stalls
are sums over the runs, and the longest hand-over is that of all runs.

- Frames to the DAC: from the instant when the program is asked for a block until the block's first
  frame is at the analogue output, waiting inside the driver or PortAudio included. A bare program
  is asked by the device's event and hands over at once, so its time counts from the hand-over.
- Behind WASAPI: the part of it after the hand-over to WASAPI. The rest is what the software adds.
  The two are medians of their own, so this one may come out a little larger than the whole.
- Floor: a bare WASAPI program in the same mode, in exclusive mode also with the same block. In
  shared mode it keeps the device's whole buffer full. A program that keeps less in it gets below 1
  and has less time to spare.
- Wake-up to hand-over: only for programs that wait for the device's event.
- Told: what the program is told of its output latency, in frames. A bare program is told
  `GetStreamLatency`, PortAudio tells what it reckons, ASIO tells what the driver says.
- CPU: of the program's process, with the card's own part in it. The system counts it in steps of
  10 ms, so short runs tell it roughly. The driver is optimised; the card and the programs are not.
- Underruns: the card had to play silence because the program was late. Some may be at the end,
  when the program stops.
- Stalls: the card's own service was kept waiting by the machine and stopped its time. A row with
  many tells more of the machine than of the program.
";

/// The whole page.
pub fn page(circumstances: &Circumstances, outcomes: &[Outcome]) -> String {
    let mut page = String::from("# Latency side by side\n\n");
    let commit = circumstances.commit.as_deref().unwrap_or("unknown");
    let [before, after] = circumstances.load;
    // Writing to a string cannot fail.
    let _ = writeln!(
        page,
        "Made by `{}` on {} from commit {commit}: {} runs of {} s for each row, interleaved; {} \
         under Wine ({}), {} cores, load average {before:.1} before and {after:.1} after.\n",
        circumstances.command,
        circumstances.date,
        circumstances.repeats,
        circumstances.seconds,
        std::env::consts::OS,
        circumstances.wine,
        circumstances.cores,
    );
    page.push_str("![Frames from the program to the DAC](bench.svg)\n\n");
    page.push_str(&rows(outcomes));
    page.push_str("\n## Against PortAudio's own WASAPI\n\n");
    page.push_str(&rivals(outcomes));
    page.push_str("\n## What the columns mean\n\n");
    page.push_str(LEGEND);
    let failures = failures(outcomes);
    if !failures.is_empty() {
        let _ = write!(page, "\n## Runs that failed\n\n{failures}");
    }
    page
}

/// The table.
pub fn rows(outcomes: &[Outcome]) -> String {
    let mut text = HEAD.to_owned();
    for outcome in outcomes {
        let cells = cells(outcome, outcomes).join(" | ");
        let _ = writeln!(text, "| {} | {cells} |", outcome.row.name());
    }
    text
}

fn cells(outcome: &Outcome, all: &[Outcome]) -> Vec<String> {
    let runs = outcome.runs.len();
    let tried = runs + outcome.failures.len();
    let runs = format!("{runs} of {tried}");
    let Some(found) = outcome.summary() else {
        let mut cells = vec!["-".to_owned(); 9];
        cells.push(runs);
        return cells;
    };
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let hand_over = found.hand_over_us;
    vec![
        format!("{:.0}", found.frames),
        format!("{:.0}", found.device_frames),
        or_dash(outcome.ratio(all).map(|ratio| format!("{ratio:.2}"))),
        format!("{:.0}", found.told_frames),
        format!("{:.0}", found.period_frames),
        or_dash(hand_over.map(|[p50, p99, max]| format!("{p50:.0} / {p99:.0} / {max:.0}"))),
        or_dash(found.cpu_ms_per_s.map(|ms| format!("{ms:.0}"))),
        found.underruns.to_string(),
        found.stalls.to_string(),
        runs,
    ]
}

/// One sentence for each of our rows that PortAudio's WASAPI has, too.
fn rivals(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for ours in outcomes.iter().filter(|o| o.row.player == Player::Ours) {
        let is_rival =
            |o: &&Outcome| o.row.player == Player::PortAudio && o.row.is_rival_of(&ours.row);
        let theirs = outcomes.iter().find(is_rival).and_then(Outcome::summary);
        if let (Some(own), Some(theirs)) = (ours.summary(), theirs) {
            let verdict = verdict(own.frames, theirs.frames);
            let _ = writeln!(text, "- {}: {verdict}.", ours.row.name());
        }
    }
    text
}

fn verdict(own: f64, theirs: f64) -> String {
    let difference = (own - theirs).abs();
    match own.total_cmp(&theirs) {
        std::cmp::Ordering::Less => format!("{difference:.0} frames less, the driver is ahead"),
        std::cmp::Ordering::Equal => "the same".to_owned(),
        std::cmp::Ordering::Greater => format!("{difference:.0} frames more, the driver loses"),
    }
}

fn failures(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        for failure in &outcome.failures {
            let failure = failure.replace('\n', " ");
            let _ = writeln!(text, "- {}: {failure}", outcome.row.name());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::outcome::{empty, tests::taken};
    use super::*;

    #[test]
    fn every_line_has_as_many_cells_as_the_head() {
        let mut all = empty();
        all[0].runs = vec![taken(500, 90_000)];
        all[2].runs = vec![taken(750, 90_000)];
        all[2].failures = vec!["it\nfell".to_owned()];
        let text = rows(&all);
        let cells = |line: &str| line.matches('|').count();
        let expected = text.lines().next().map(cells);
        assert!(text.lines().all(|line| Some(cells(line)) == expected));
        let ours = "| asio2wasapi, exclusive 256 | 750 | 375 | 1.50 | 600 | 256 | 10 / 20 / 90 | 5 \
                    | 1 | 2 | 1 of 2 |";
        assert!(text.contains(ours), "{text}");
        assert_eq!(failures(&all), "- asio2wasapi, exclusive 256: it fell\n");
    }

    #[test]
    fn a_loss_is_called_a_loss() {
        let mut all = empty();
        all[1].runs = vec![taken(500, 0)];
        all[2].runs = vec![taken(750, 0)];
        let expected = "- asio2wasapi, exclusive 256: 250 frames more, the driver loses.\n";
        assert_eq!(rivals(&all), expected);
        assert!(verdict(3.0, 4.0).contains("ahead"));
        assert_eq!(verdict(4.0, 4.0), "the same");
    }
}
