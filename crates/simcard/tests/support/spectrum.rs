//! How much of a click there is in a tone.

use std::f64::consts::TAU;

/// Frames of a window: 21 ms at 48 kHz.
const WINDOW: usize = 1024;
/// Frames from one window to the next.
const HOP: usize = 64;
/// So near to the tone, in Hz, it is the tone, with what a fade of 10 ms and the window make of it.
const TONE_HZ: f64 = 700.0;

/// The most energy that any window has away from the tone, up to 20 kHz, in dB below a full-scale tone.
///
/// Each window is weighted by the four-term Blackman-Harris window (92 dB of suppression; F. J. Harris,
/// "On the use of windows for harmonic analysis", 1978).
pub fn click_dbfs(samples: &[f64], rate_hz: f64, tone_hz: f64) -> f64 {
    let window: Vec<f64> = (0..WINDOW)
        .map(|n| {
            let x = TAU * n as f64 / WINDOW as f64;
            0.35875 - 0.48829 * x.cos() + 0.14128 * (2.0 * x).cos() - 0.01168 * (3.0 * x).cos()
        })
        .collect();
    // A full-scale tone has the power 1/2; by Parseval's theorem, in the bins of one side.
    let full: f64 = window.iter().map(|w| w * w).sum::<f64>() * WINDOW as f64 / 4.0;
    let bin_hz = rate_hz / WINDOW as f64;
    let mut most: f64 = 0.0;
    let starts = (0..samples.len().saturating_sub(WINDOW)).step_by(HOP);
    for start in starts {
        let part = &samples[start..start + WINDOW];
        if part.iter().all(|sample| *sample == 0.0) {
            continue;
        }
        let mut bins: Vec<(f64, f64)> = part
            .iter()
            .zip(&window)
            .map(|(s, w)| (s * w, 0.0))
            .collect();
        transform(&mut bins);
        let away = (1..WINDOW / 2).filter(|bin| {
            let hz = *bin as f64 * bin_hz;
            (hz - tone_hz).abs() > TONE_HZ && hz <= 20_000.0
        });
        let energy: f64 = away
            .map(|bin| bins[bin].0.powi(2) + bins[bin].1.powi(2))
            .sum();
        most = most.max(energy);
    }
    10.0 * (most / full).max(1e-20).log10()
}

/// The discrete Fourier transform of a power of two, in place (Cooley and Tukey, 1965).
fn transform(bins: &mut [(f64, f64)]) {
    let len = bins.len();
    if len < 2 {
        return;
    }
    let mut even: Vec<_> = bins.iter().step_by(2).copied().collect();
    let mut odd: Vec<_> = bins.iter().skip(1).step_by(2).copied().collect();
    transform(&mut even);
    transform(&mut odd);
    for n in 0..len / 2 {
        let (sin, cos) = (-TAU * n as f64 / len as f64).sin_cos();
        let turned = (
            odd[n].0 * cos - odd[n].1 * sin,
            odd[n].0 * sin + odd[n].1 * cos,
        );
        bins[n] = (even[n].0 + turned.0, even[n].1 + turned.1);
        bins[n + len / 2] = (even[n].0 - turned.0, even[n].1 - turned.1);
    }
}
