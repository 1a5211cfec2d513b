//! The results as a page.

use std::fmt::Write as _;

use super::gaps::Dropouts;
use super::outcome::{Faults, Outcome, Ratios, Summary};
use super::results::Circumstances;
use super::rows::Player;

const LATENCY: &str = "\
| program, mode, block | frames to the DAC | of them behind WASAPI | round trip | told | period |
|---|--:|--:|--:|--:|--:|
";
const RELIABILITY: &str = "\
| program, mode, block | wake-up to hand-over p50 / p99 / max, us | CPU, ms per s \
| dropouts alone | dropouts beside a busy program | stalls alone / busy | runs |
|---|--:|--:|--:|--:|--:|--:|
";
const LEGEND: &str = include_str!("legend.md");

/// The whole page.
pub fn page(circumstances: &Circumstances, outcomes: &[Outcome]) -> String {
    let mut page = String::from("# Side by side\n\n");
    page.push_str(&made_by(circumstances));
    page.push_str("![Frames from the program to the DAC, and of a round trip](bench.svg)\n\n");
    page.push_str("## Latency, in frames\n\n");
    page.push_str(&latency(outcomes));
    page.push_str("\n## Time and dropouts\n\n");
    page.push_str(&reliability(outcomes));
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

fn made_by(circumstances: &Circumstances) -> String {
    let commit = circumstances.commit.as_deref().unwrap_or("unknown");
    let [before, after] = circumstances.load;
    let (repeats, seconds) = (circumstances.repeats, circumstances.seconds);
    let priority = match circumstances.real_time {
        true => "real-time priority",
        false => "normal priority, as nothing else was permitted",
    };
    let minutes = (repeats * seconds) as f64 / 60.0;
    format!(
        "Made by `{}` on {} from commit {commit}. Runs of each row, interleaved: {repeats} alone and \
         {repeats} beside a busy program, of {seconds} s each ({minutes:.1} min of either), and \
         {repeats} over the cable. {} under Wine ({}), {} cores, load average {before:.1} before and \
         {after:.1} after; the card and Wine's server at {priority}.\n\n",
        circumstances.command,
        circumstances.date,
        std::env::consts::OS,
        circumstances.wine,
        circumstances.cores,
    )
}

/// The table of latency.
pub fn latency(outcomes: &[Outcome]) -> String {
    rows(LATENCY, outcomes, latency_cells)
}

/// The table of times and dropouts.
pub fn reliability(outcomes: &[Outcome]) -> String {
    rows(RELIABILITY, outcomes, reliability_cells)
}

type Cells = fn(&Outcome, Option<Summary>, Ratios) -> Vec<String>;

fn rows(head: &str, outcomes: &[Outcome], cells: Cells) -> String {
    let mut text = head.to_owned();
    for outcome in outcomes {
        let cells = cells(outcome, outcome.summary(), outcome.ratios(outcomes));
        // A driver may have any name.
        let name = outcome.name().replace('|', "\\|");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    text
}

fn latency_cells(_: &Outcome, summary: Option<Summary>, ratios: Ratios) -> Vec<String> {
    let Some(found) = summary else {
        return vec!["-".to_owned(); 5];
    };
    let whole = |frames: f64| format!("{frames:.0}");
    vec![
        with_ratio(Some(whole(found.frames)), ratios.frames),
        whole(found.device_frames),
        with_ratio(found.round_trip_frames.map(whole), ratios.round_trip)
            + &torn(found.round_trip_dropouts),
        whole(found.told_frames),
        whole(found.period_frames),
    ]
}

fn reliability_cells(outcome: &Outcome, summary: Option<Summary>, ratios: Ratios) -> Vec<String> {
    let done = outcome.runs.len() + outcome.busy.len() + outcome.round_trips.len();
    let runs = format!("{done} of {}", done + outcome.failures.len());
    let Some(found) = summary else {
        let mut cells = vec!["-".to_owned(); 5];
        cells.push(runs);
        return cells;
    };
    let hand_over = found.hand_over_us;
    let hand_over = hand_over.map(|[p50, p99, max]| format!("{p50:.0} / {p99:.0} / {max:.0}"));
    let of_busy = |tell: fn(Faults) -> String| found.busy.map_or("-".to_owned(), tell);
    vec![
        with_ratio(hand_over, ratios.hand_over),
        with_ratio(found.cpu_ms_per_s.map(|ms| format!("{ms:.0}")), ratios.cpu),
        dropouts(found.idle.dropouts),
        of_busy(|faults| dropouts(faults.dropouts)),
        format!(
            "{} / {}",
            found.idle.stalls,
            of_busy(|faults| faults.stalls.to_string())
        ),
        runs,
    ]
}

fn with_ratio(figure: Option<String>, ratio: Option<f64>) -> String {
    match (figure, ratio) {
        (None, _) => "-".to_owned(),
        (Some(figure), None) => figure,
        (Some(figure), Some(ratio)) => format!("{figure} ({ratio:.2})"),
    }
}

/// In the table and in the picture, behind a round trip.
pub fn torn(found: Dropouts) -> String {
    match found.count {
        0 => String::new(),
        1 => ", 1 dropout".to_owned(),
        count => format!(", {count} dropouts"),
    }
}

fn dropouts(found: Dropouts) -> String {
    match found.count {
        0 => "0".to_owned(),
        count => format!("{count} ({} frames)", found.frames),
    }
}

/// One sentence for each of our rows that PortAudio's WASAPI has, too.
fn rivals(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    for ours in outcomes.iter().filter(|o| o.row.player == Player::Ours) {
        let is_rival =
            |o: &&Outcome| o.row.player == Player::PortAudio && o.row.is_rival_of(&ours.row);
        let theirs = outcomes.iter().find(is_rival).and_then(Outcome::summary);
        let (Some(own), Some(theirs)) = (ours.summary(), theirs) else {
            continue;
        };
        let to_the_dac = verdict(own.frames, theirs.frames);
        let _ = write!(text, "- {}: to the DAC {to_the_dac}", ours.row.name());
        if let (Some(own), Some(theirs)) = (own.round_trip_frames, theirs.round_trip_frames) {
            let _ = write!(text, "; round trip {}", verdict(own, theirs));
        }
        text.push_str(".\n");
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
            let _ = writeln!(text, "- {}, {failure}", outcome.row.name());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::outcome::tests::{back, empty, taken};
    use super::super::results::tests::circumstances;
    use super::*;

    #[test]
    fn every_line_has_as_many_cells_as_the_head() {
        let mut all = empty();
        all[0].runs = vec![taken(500, 90_000)];
        all[2].runs = vec![taken(750, 90_000)];
        all[2].busy = vec![taken(750, 90_000), taken(760, 80_000)];
        all[2].round_trips = vec![back(1_300)];
        all[2].failures = vec!["it\nfell".to_owned()];
        for text in [latency(&all), reliability(&all)] {
            let cells = |line: &str| line.matches('|').count();
            let expected = text.lines().next().map(cells);
            assert!(text.lines().all(|line| Some(cells(line)) == expected));
        }
        let ours =
            "| asio2wasapi, exclusive 256 | 750 (1.50) | 375 | 1300, 1 dropout | 600 | 256 |";
        assert!(latency(&all).contains(ours), "{}", latency(&all));
        let ours = "| asio2wasapi, exclusive 256 | 10 / 20 / 90 (1.00) | 5 (1.00) | 1 (30 frames) \
                    | 2 (60 frames) | 2 / 4 | 4 of 5 |";
        assert!(reliability(&all).contains(ours), "{}", reliability(&all));
        assert_eq!(failures(&all), "- asio2wasapi, exclusive 256, it fell\n");
    }

    #[test]
    fn a_driver_with_any_name_has_one_cell() {
        let mut all = empty();
        all.truncate(1);
        all[0].row.player = Player::Other;
        all[0].row.driver = Some("A | B".to_owned());
        assert!(latency(&all).contains("| A \\| B, "));
    }

    #[test]
    fn a_loss_is_called_a_loss() {
        let mut all = empty();
        all[1].runs = vec![taken(500, 0)];
        all[2].runs = vec![taken(750, 0)];
        let expected = "- asio2wasapi, exclusive 256: to the DAC 250 frames more, the driver loses";
        assert_eq!(rivals(&all), format!("{expected}.\n"));
        all[1].round_trips = vec![back(800)];
        all[2].round_trips = vec![back(700)];
        let round_trip = "; round trip 100 frames less, the driver is ahead.\n";
        assert_eq!(rivals(&all), format!("{expected}{round_trip}"));
        assert_eq!(verdict(4.0, 4.0), "the same");
    }

    #[test]
    fn the_page_tells_how_it_was_made() {
        let page = page(&circumstances(), &empty());
        let made = "Made by `bench` on 2026-01-02 from commit unknown. Runs of each row, \
                    interleaved: 3 alone and 3 beside a busy program, of 4 s each (0.2 min of \
                    either), and 3 over the cable.";
        assert!(page.contains(made), "{page}");
    }
}
