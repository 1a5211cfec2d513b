//! `drift`: how the bridge follows clocks, and how its filters sound.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Figure, grouped, integer, list, number, word};

/// What a case that is to be followed may be off by: early and late.
const FILL_EARLY_FRAMES: f64 = 32.0;
const PPM_EARLY: f64 = 20.0;
const FILL_LATE_FRAMES: f64 = 16.0;
const PPM_LATE_RMS: f64 = 2.0;
const THD_N_DB: f64 = -120.0;
const RESPONSE_DB: f64 = 0.1;
const LOW_DELAY_FRAMES: i64 = 32;

/// The worst of the cases that are followed.
#[derive(Default)]
struct Worst {
    fill_early: f64,
    ppm_early: f64,
    fill_late: f64,
    ppm_late: f64,
}

impl Worst {
    fn add(&mut self, row: &Value) -> Result<()> {
        self.fill_early = self.fill_early.max(number(row, "fill_early_frames")?);
        self.ppm_early = self.ppm_early.max(number(row, "ppm_early")?);
        self.fill_late = self.fill_late.max(number(row, "fill_late_frames")?);
        self.ppm_late = self.ppm_late.max(number(row, "ppm_late_rms")?);
        Ok(())
    }

    fn holds(&self) -> bool {
        self.fill_early <= FILL_EARLY_FRAMES
            && self.ppm_early <= PPM_EARLY
            && self.fill_late <= FILL_LATE_FRAMES
            && self.ppm_late <= PPM_LATE_RMS
    }
}

/// `drift`.
pub fn drift(data: &Value) -> Result<Figure> {
    let rows = list(data, "rows")?;
    let mut worst = Worst::default();
    let (mut followed, mut broken, mut altered, mut exact) = (0, 0, 0, 0);
    let (mut frames, mut longest_s) = (0, 0);
    let mut all_heard = true;
    for row in rows {
        for name in ["jumps", "underruns", "overruns"] {
            broken += integer(row, name)?;
        }
        let heard = integer(row, "frames")?;
        all_heard &= heard > 0;
        frames += heard;
        longest_s = longest_s.max(integer(row, "seconds")?);
        match word(row, "kind")? {
            "followed" => {
                followed += 1;
                worst.add(row)?;
            }
            "exact" => {
                exact += 1;
                altered += integer(row, "altered")?;
            }
            "survived" => {}
            other => bail!("it has a case of an unknown kind, `{other}`"),
        }
    }
    let best = filter(data, "best")?;
    let low = filter(data, "low delay")?;
    let (thd_n, response) = (
        number(best, "thd_n_db")?,
        number(best, "response_20_hz_to_20_khz_db")?,
    );
    let reach = integer(low, "reach_frames")?;
    let text = format!(
        "{} frames lost or repeated, underruns or overruns in {} frames of {} cases, up to {} s \
         long; {} altered with equal clocks; in {followed} cases after 5 s at most {:.1} ppm and \
         {:.1} frames off, after 30 s {:.2} ppm rms and {:.1} frames; THD+N {thd_n:.0} dB, response \
         within {response:.4} dB; low delay: {reach} frames, {:.0} dB, {:.3} dB",
        grouped(broken),
        grouped(frames),
        rows.len(),
        grouped(longest_s),
        grouped(altered),
        worst.ppm_early,
        worst.fill_early,
        worst.ppm_late,
        worst.fill_late,
        number(low, "thd_n_db")?,
        number(low, "response_20_hz_to_20_khz_db")?,
    );
    Ok(Figure {
        text,
        values: json!({ "rows": rows, "filters": data["filters"] }),
        holds: broken == 0
            && altered == 0
            && exact > 0
            && followed > 0
            && all_heard
            && worst.holds()
            && thd_n <= THD_N_DB
            && response <= RESPONSE_DB
            && reach <= LOW_DELAY_FRAMES,
    })
}

fn filter<'a>(data: &'a Value, name: &str) -> Result<&'a Value> {
    let filters = list(data, "filters")?;
    let found = filters.iter().find(|filter| filter["filter"] == name);
    found.with_context(|| format!("it tells nothing of the filter `{name}`"))
}
