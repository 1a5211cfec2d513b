//! The demo's picture: for each run what was sent, what arrived, and the callbacks' intervals.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Run;
use crate::rig::playback::Played;
use crate::sound::Sound;

const WIDTH: usize = 960;
const WAVE_HEIGHT: f64 = 70.0;
const INTERVAL_HEIGHT: f64 = 60.0;
const TITLE_HEIGHT: f64 = 26.0;
const GAP: f64 = 8.0;
const MARGIN: f64 = 12.0;
const RUN_HEIGHT: f64 = TITLE_HEIGHT + 2.0 * (WAVE_HEIGHT + GAP) + INTERVAL_HEIGHT + 2.0 * GAP;

/// Writes the picture as SVG.
pub fn write(path: &Path, runs: &[Run]) -> Result<()> {
    fs::write(path, draw(runs)).with_context(|| format!("cannot write {}", path.display()))
}

fn draw(runs: &[Run]) -> String {
    let width = WIDTH as f64 + 2.0 * MARGIN;
    let height = runs.len() as f64 * RUN_HEIGHT + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (index, run) in runs.iter().enumerate() {
        draw_run(&mut svg, run, MARGIN + index as f64 * RUN_HEIGHT);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_run(svg: &mut String, run: &Run, top: f64) {
    let verdict = if run.is_good() { "good" } else { "not good" };
    let title = format!(
        "{}: {} to {}, {} Hz: {verdict}",
        run.plan.driver,
        run.plan.format.name(),
        run.sink.pulse_format(),
        run.sent.rate_hz
    );
    text(svg, top + 16.0, &title, "#000");
    let mut y = top + TITLE_HEIGHT;
    wave(svg, y, &run.sent, 0, run.sent.frames(), "sent", "#2b6cb0");
    y += WAVE_HEIGHT + GAP;
    match &run.played {
        Ok(played) => {
            let begin = played.comparison.begin_in_recording.unwrap_or(0);
            let frames = run.sent.frames();
            wave(
                svg,
                y,
                &played.recorded,
                begin,
                frames,
                "received",
                "#2f855a",
            );
            intervals(svg, y + WAVE_HEIGHT + GAP, played);
        }
        Err(error) => text(svg, y + 16.0, &format!("{error:#}"), "#c53030"),
    }
}

fn text(svg: &mut String, y: f64, text: &str, colour: &str) {
    let safe = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\n', " ");
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<text x=\"{MARGIN}\" y=\"{y}\" fill=\"{colour}\">{safe}</text>"
    );
}

/// The first channel: a line from the lowest to the highest sample for each column.
fn wave(
    svg: &mut String,
    top: f64,
    sound: &Sound,
    begin: usize,
    frames: usize,
    label: &str,
    colour: &str,
) {
    let middle = top + WAVE_HEIGHT / 2.0;
    let height = |sample: i32| middle - f64::from(sample) / 2_147_483_648.0 * WAVE_HEIGHT / 2.0;
    let mut path = String::new();
    for column in 0..WIDTH {
        let from = begin + column * frames / WIDTH;
        let to = (begin + (column + 1) * frames / WIDTH)
            .max(from + 1)
            .min(sound.frames());
        let samples = (from..to).map(|index| sound.frame(index)[0]);
        let Some(low) = samples.clone().min() else {
            break;
        };
        let high = samples.max().unwrap_or(low);
        let x = MARGIN + column as f64;
        let _ = write!(
            path,
            "M{x} {:.1}V{:.1}",
            height(low) + 0.5,
            height(high) - 0.5
        );
    }
    frame(svg, top, WAVE_HEIGHT);
    let _ = writeln!(
        svg,
        "<path d=\"{path}\" stroke=\"{colour}\" fill=\"none\"/>"
    );
    text(svg, top + 14.0, label, "#555");
}

/// One point for each callback: how long after the one before it came.
fn intervals(svg: &mut String, top: f64, played: &Played) {
    frame(svg, top, INTERVAL_HEIGHT);
    let times = &played.host.callback_times_ns;
    let gaps: Vec<f64> = times
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]) as f64 / 1e6)
        .collect();
    let top_ms = gaps.iter().copied().fold(1.0, f64::max);
    let mut path = String::new();
    for (index, gap) in gaps.iter().enumerate() {
        let x = MARGIN + index as f64 * WIDTH as f64 / gaps.len() as f64;
        let y = top + INTERVAL_HEIGHT * (1.0 - gap / top_ms);
        let _ = write!(path, "M{x:.1} {y:.1}h2.5");
    }
    let _ = writeln!(
        svg,
        "<path d=\"{path}\" stroke=\"#b7791f\" stroke-width=\"2\"/>"
    );
    text(
        svg,
        top + 14.0,
        &format!("callback intervals, 0 to {top_ms:.1} ms"),
        "#555",
    );
}

fn frame(svg: &mut String, top: f64, height: f64) {
    let _ = writeln!(
        svg,
        "<rect x=\"{MARGIN}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{height}\" \
         fill=\"none\" stroke=\"#ccc\"/>"
    );
}
