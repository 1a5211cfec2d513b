//! The results as a picture: for each row a bar as long as its frames to the DAC, and below the same
//! of the round trips.

use std::fmt::Write as _;

use super::delay::RATE_HZ;
use super::outcome::{Outcome, Summary};
use super::rows::Player;
use super::table::torn;

const WIDTH: f64 = 900.0;
const MARGIN: f64 = 16.0;
/// Title and legend of a panel.
const TOP: f64 = 64.0;
const NAMES: f64 = 290.0;
const BAR: f64 = 18.0;
const STEP: f64 = 26.0;
/// Room for the figure behind the longest bar.
const FIGURES: f64 = 240.0;
/// A longer name does not fit before the bars.
const NAME_LETTERS: usize = 40;

/// Two panels of bars.
pub fn draw(outcomes: &[Outcome]) -> String {
    let all: Vec<Bar> = outcomes.iter().map(to_the_dac).collect();
    let back: Vec<Bar> = outcomes.iter().filter_map(round_trip).collect();
    let tall = |bars: &[Bar]| TOP + bars.len() as f64 * STEP + MARGIN;
    let below = tall(&all);
    let height = match back.is_empty() {
        true => below,
        false => below + tall(&back),
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let title = "Frames from the program to the DAC, simulated card, 48000 Hz";
    let legend = "dark: behind WASAPI; light: before it; shorter is better; dropouts: alone, and \
                  beside a busy program";
    panel(&mut svg, 0.0, [title, legend], &all);
    if !back.is_empty() {
        let title = "Frames from the program over the cable and back to it";
        let legend = "shorter is better";
        panel(&mut svg, below, [title, legend], &back);
    }
    svg.push_str("</svg>\n");
    svg
}

/// One bar.
struct Bar {
    name: String,
    colours: [&'static str; 2],
    /// Its length, and that of its dark part; none where no run came to its end.
    frames: Option<[f64; 2]>,
    remark: String,
}

fn to_the_dac(outcome: &Outcome) -> Bar {
    let summary = outcome.summary();
    Bar {
        name: outcome.name(),
        colours: colours(outcome.row.player),
        frames: summary.as_ref().map(|found| {
            let dark = found.device_frames.min(found.frames);
            [found.frames, dark]
        }),
        remark: summary.as_ref().map(faults).unwrap_or_default(),
    }
}

fn faults(found: &Summary) -> String {
    let (idle, busy) = (found.idle.dropouts.count, found.busy);
    let busy = busy.map_or(0, |busy| busy.dropouts.count);
    match idle + busy {
        0 => String::new(),
        _ => format!(", dropouts {idle} and {busy}"),
    }
}

fn round_trip(outcome: &Outcome) -> Option<Bar> {
    let found = outcome.summary()?;
    let frames = found.round_trip_frames?;
    Some(Bar {
        name: outcome.name(),
        colours: colours(outcome.row.player),
        frames: Some([frames; 2]),
        remark: torn(found.round_trip_dropouts),
    })
}

/// Light and dark.
fn colours(player: Player) -> [&'static str; 2] {
    match player {
        Player::Bare => ["#cbd5e0", "#4a5568"],
        Player::PortAudio => ["#f6e05e", "#b7791f"],
        Player::Ours => ["#90cdf4", "#2b6cb0"],
        Player::Other => ["#d6bcfa", "#6b46c1"],
    }
}

fn panel(svg: &mut String, top: f64, [title, legend]: [&str; 2], bars: &[Bar]) {
    text(svg, MARGIN, top + 26.0, title);
    text(svg, MARGIN, top + 46.0, legend);
    let frames = bars.iter().filter_map(|bar| bar.frames);
    let longest = frames.map(|[whole, _]| whole).fold(1.0, f64::max);
    let scale = (WIDTH - NAMES - FIGURES - MARGIN) / longest;
    for (index, bar) in bars.iter().enumerate() {
        row(svg, bar, top + TOP + index as f64 * STEP, scale);
    }
}

fn row(svg: &mut String, bar: &Bar, top: f64, scale: f64) {
    text(svg, MARGIN, top + 14.0, &shortened(&bar.name));
    let Some(frames) = bar.frames else {
        text(svg, NAMES, top + 14.0, "no run came to its end");
        return;
    };
    for (length, colour) in frames.iter().zip(bar.colours) {
        let length = length * scale;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<rect x=\"{NAMES}\" y=\"{top:.0}\" width=\"{length:.1}\" height=\"{BAR}\" \
             fill=\"{colour}\"/>"
        );
    }
    let [whole, _] = frames;
    let ms = whole * 1000.0 / f64::from(RATE_HZ);
    let figure = format!("{whole:.0} ({ms:.1} ms){}", bar.remark);
    text(svg, NAMES + whole * scale + 8.0, top + 14.0, &figure);
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_LETTERS {
        return name.to_owned();
    }
    let kept: String = name.chars().take(NAME_LETTERS - 1).collect();
    kept + "\u{2026}"
}

fn text(svg: &mut String, x: f64, y: f64, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.0}\">{text}</text>");
}

#[cfg(test)]
mod tests {
    use super::super::outcome::tests::{back, empty, taken};
    use super::*;

    #[test]
    fn the_longest_bar_fits_and_failed_rows_say_so() {
        let mut all = empty();
        all[0].runs = vec![taken(2_000, 0)];
        let svg = draw(&all);
        let longest = WIDTH - NAMES - FIGURES - MARGIN;
        assert!(svg.contains(&format!("width=\"{longest:.1}\"")), "{svg}");
        assert_eq!(svg.matches("no run came to its end").count(), all.len() - 1);
        assert!(svg.contains("2000 (41.7 ms), dropouts 1 and 0"), "{svg}");
        assert!(!svg.contains("and back to it"));
    }

    #[test]
    fn round_trips_have_a_panel_of_their_own() {
        let mut all = empty();
        all[0].runs = vec![taken(500, 0)];
        all[0].round_trips = vec![back(960)];
        let svg = draw(&all);
        assert_eq!(svg.matches("and back to it").count(), 1);
        assert!(svg.contains("960 (20.0 ms), 1 dropout</text>"), "{svg}");
    }

    #[test]
    fn a_driver_with_any_name_is_drawn() {
        let mut all = empty();
        all.truncate(1);
        all[0].row.player = Player::Other;
        all[0].row.driver = Some("A & <B> with a name that is longer than most are".to_owned());
        let svg = draw(&all);
        assert!(
            svg.contains("A &amp; &lt;B> with a name that is longer than"),
            "{svg}"
        );
        assert!(svg.contains('\u{2026}'));
    }
}
