//! The results as a picture: for each row a bar as long as its frames.

use std::fmt::Write as _;

use super::delay::RATE_HZ;
use super::outcome::Outcome;
use super::rows::Player;

const WIDTH: f64 = 900.0;
const MARGIN: f64 = 16.0;
const TOP: f64 = 72.0;
const NAMES: f64 = 250.0;
const BAR: f64 = 20.0;
const STEP: f64 = 30.0;
/// Room for the figure behind the longest bar.
const FIGURES: f64 = 170.0;

/// Bars of frames; the dark part is behind WASAPI.
pub fn draw(outcomes: &[Outcome]) -> String {
    let height = TOP + outcomes.len() as f64 * STEP + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    text(
        &mut svg,
        MARGIN,
        28.0,
        "Frames from the program to the DAC, simulated card, 48000 Hz",
    );
    text(
        &mut svg,
        MARGIN,
        50.0,
        "dark: behind WASAPI; light: before it; shorter is better",
    );
    let summaries = outcomes.iter().filter_map(Outcome::summary);
    let longest = summaries.map(|found| found.frames).fold(1.0, f64::max);
    let scale = (WIDTH - NAMES - FIGURES - MARGIN) / longest;
    for (index, outcome) in outcomes.iter().enumerate() {
        draw_row(&mut svg, outcome, TOP + index as f64 * STEP, scale);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_row(svg: &mut String, outcome: &Outcome, top: f64, scale: f64) {
    text(svg, MARGIN, top + 15.0, &outcome.row.name());
    let Some(found) = outcome.summary() else {
        text(svg, NAMES, top + 15.0, "no run came to its end");
        return;
    };
    let (dark, light) = match outcome.row.player {
        Player::Bare => ("#4a5568", "#cbd5e0"),
        Player::PortAudio => ("#b7791f", "#f6e05e"),
        Player::Ours => ("#2b6cb0", "#90cdf4"),
    };
    bar(svg, top, found.frames * scale, light);
    bar(
        svg,
        top,
        found.device_frames.min(found.frames) * scale,
        dark,
    );
    let ms = found.frames * 1000.0 / f64::from(RATE_HZ);
    let dropouts = match found.underruns {
        0 => String::new(),
        1 => ", 1 underrun".to_owned(),
        count => format!(", {count} underruns"),
    };
    let figure = format!("{:.0} ({ms:.1} ms){dropouts}", found.frames);
    text(svg, NAMES + found.frames * scale + 8.0, top + 15.0, &figure);
}

fn bar(svg: &mut String, top: f64, length: f64, colour: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<rect x=\"{NAMES}\" y=\"{top:.0}\" width=\"{length:.1}\" height=\"{BAR}\" \
         fill=\"{colour}\"/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.0}\">{text}</text>");
}

#[cfg(test)]
mod tests {
    use super::super::outcome::{empty, tests::taken};
    use super::*;

    #[test]
    fn the_longest_bar_fits_and_failed_rows_say_so() {
        let mut all = empty();
        all[0].runs = vec![taken(2_000, 0)];
        let svg = draw(&all);
        let longest = WIDTH - NAMES - FIGURES - MARGIN;
        assert!(svg.contains(&format!("width=\"{longest:.1}\"")), "{svg}");
        assert_eq!(svg.matches("no run came to its end").count(), all.len() - 1);
        assert!(svg.contains("2000 (41.7 ms), 1 underrun"));
    }
}
