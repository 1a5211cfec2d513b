//! How full the buffers were over time, as a picture (SVG).

use std::fmt::Write;

use super::report::SimulateReport;
use super::witness::{COLUMNS, Facts};

const LEFT: usize = 70;
const TOP: usize = 50;
const HEIGHT: usize = 260;
const WIDTH: usize = LEFT + COLUMNS + 20;

/// The picture's text.
pub(crate) fn draw(report: &SimulateReport, facts: &Facts, length_ns: u64) -> String {
    let most = facts.levels.iter().flatten().map(|level| level.1).max();
    let most = most.unwrap_or(0).max(1);
    let y = |frames: u64| TOP as f64 + HEIGHT as f64 * (1.0 - frames as f64 / most as f64);
    let mut svg = String::new();
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="{LEFT}" y="22" font-size="16">Frames queued, {}, block {}, {} Hz</text>
<text x="{LEFT}" y="40" fill="#555">Dropouts: {}; latency {} frames; no resampler in this path</text>
"##,
        TOP + HEIGHT + 50,
        report.mode,
        report.block_frames,
        report.rate_hz,
        report.dropouts,
        report.reported_frames,
    );
    for part in 0..=4 {
        let frames = most * part / 4;
        let _ = writeln!(
            svg,
            r##"<path d="M{LEFT} {y:.1}h{COLUMNS}" stroke="#ddd"/><text x="{}" y="{:.1}" text-anchor="end">{frames}</text>"##,
            LEFT - 8,
            y(frames) + 4.0,
            y = y(frames),
        );
    }
    for part in 0..=4_u32 {
        let _ = writeln!(
            svg,
            r#"<text x="{}" y="{}" text-anchor="middle">{:.2} s</text>"#,
            LEFT + COLUMNS * part as usize / 4,
            TOP + HEIGHT + 20,
            length_ns as f64 * 1e-9 * f64::from(part) / 4.0,
        );
    }
    for (column, silent) in facts.silent.iter().enumerate() {
        if *silent {
            let x = LEFT + column;
            let _ = writeln!(
                svg,
                r##"<path d="M{x} {TOP}v{HEIGHT}" stroke="#d33" stroke-opacity="0.5"/>"##
            );
        }
    }
    let mut band = String::new();
    for (column, level) in facts.levels.iter().enumerate() {
        if let Some((low, high)) = level {
            let x = LEFT + column;
            let _ = write!(band, "M{x} {:.1}V{:.1}", y(*high) - 0.5, y(*low) + 0.5);
        }
    }
    let _ = writeln!(
        svg,
        r##"<path d="{band}" stroke="#27c" stroke-width="1.2"/>"##
    );
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::report::example;

    #[test]
    fn levels_and_silence_are_drawn() {
        let mut facts = Facts {
            levels: vec![None; COLUMNS],
            silent: vec![false; COLUMNS],
            ..Facts::default()
        };
        facts.levels[10] = Some((480, 960));
        facts.silent[20] = true;
        let svg = draw(&example(), &facts, 5_000_000_000);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains(r#"d="M80 49.5V180.5""#), "{svg}");
        assert!(svg.contains(r#"d="M90 50v260""#), "{svg}");
        assert!(svg.contains("no resampler in this path"));
    }
}
