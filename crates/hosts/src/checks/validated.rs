//! Checks of the validator, in this process.

use anyhow::Result;

use super::Options;
use crate::sheet::Sheet;

/// Runs those checks one after the other. A check that has no subject is an error here: these
/// drivers can do everything that is checked.
#[cfg(windows)]
pub fn run(ids: &[&str], options: &Options, sheet: &Sheet) -> Result<()> {
    use anyhow::{Context, bail};
    use serde_json::json;
    use validator::{Installed, Outcome, Settings, find, here};

    let (clsid, _) = super::installed::find(&options.driver)?;
    for id in ids {
        let check = find(id).with_context(|| format!("the validator has no check {id}"))?;
        // Only what is nothing but repetition is repeated as often as the user says.
        let is_repetition = matches!(*id, "start-stop" | "open-close");
        let settings = Settings {
            rounds: Some(options.count).filter(|_| is_repetition),
            second_must_play: !options.may_refuse,
            ..Settings::new(0)
        };
        let step = |step: &str| sheet.step(step);
        let (outcome, text) = here(check, &Installed { clsid }, settings, &step);
        sheet.note(id, json!({ "outcome": outcome, "text": text }));
        if !matches!(outcome, Outcome::Passed | Outcome::Warning) {
            bail!("{id} {outcome}: {text}");
        }
    }
    Ok(())
}

/// There is nothing to load.
#[cfg(not(windows))]
pub fn run(_ids: &[&str], _options: &Options, _sheet: &Sheet) -> Result<()> {
    super::installed::nowhere()
}
