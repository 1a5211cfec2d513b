//! Profiles of the configuration file: each is a driver of its own name on the device of its choice.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::playback;
use crate::captured::{self, Output};
use crate::rig::Rig;
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};
use crate::rig::witness::{Watch, undisturbed};
use crate::sound::compare::Comparison;
use crate::sound::{Sound, make, wav};

const LIMIT: Duration = Duration::from_secs(60);
const NAME: &str = "Test profile, größer";
/// Two devices; the first is the default one.
const CARDS: &str = "card Desk\n render MAIN\ncard Head\n render PHONES\n";
const FRAMES: usize = 48_000;

/// One leg.
pub fn legs() -> Vec<Leg> {
    vec![Leg::new(
        "profiles: a driver of its own on the device of its choice",
        run,
    )]
}

fn run(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    let product = stage.product()?;
    stage.rig_with_driver(Backend::Card)?;
    let rig = stage.rig()?;
    let user = User {
        program: product.join("asio2wasapi.exe"),
        config: rig.paths.rig().join("profiles.toml"),
    };
    user.forget()?;
    user.run(
        rig,
        &[
            "profile",
            "new",
            NAME,
            "mode=exclusive",
            "output=['Nowhere', 'phones']",
        ],
    )?;
    user.run(rig, &["register"])?;
    let outcome = play_both_ways(rig, &user, &programs);
    // The file is gone: what it had in the list must go, and the rest must stay.
    user.forget()?;
    user.run(rig, &["register"])?;
    outcome?;
    let listed = user.run(rig, &["drivers", "--json"])?.stdout;
    ensure!(!listed.contains(NAME), "the profile's driver stays behind");
    for driver in [super::SHARED, super::EXCLUSIVE] {
        ensure!(listed.contains(driver.name), "{} is gone", driver.name);
    }
    Ok(passed(
        "bit-exact on the chosen device; on the default one without the file",
    ))
}

/// With its file the profile plays to the device that it names; without, to the default device.
fn play_both_ways(rig: &mut Rig<'_>, user: &User, programs: &Path) -> Result<()> {
    let sound = make::noise(48_000, 2, 16, FRAMES);
    let watch = Watch::each_alone(rig.paths);
    for device in ["PHONES", "MAIN"] {
        if device == "MAIN" {
            user.forget()?;
        }
        let play = || user.play(rig, programs, &sound, device);
        let (found, tries) = undisturbed(&watch, play, Comparison::is_complete)?;
        playback::demand(&found, 0)
            .with_context(|| tries.testimony())
            .with_context(|| format!("on {device}"))?;
    }
    Ok(())
}

/// Somebody with a configuration file.
struct User {
    program: PathBuf,
    config: PathBuf,
}

impl User {
    fn forget(&self) -> Result<()> {
        if self.config.exists() {
            fs::remove_file(&self.config)
                .with_context(|| format!("cannot remove {}", self.config.display()))?;
        }
        Ok(())
    }

    fn run(&self, rig: &mut Rig<'_>, arguments: &[&str]) -> Result<Output> {
        let log = places::logs(rig.paths).join("profile");
        let mut command = rig.wine(Backend::Card)?.command(&self.program);
        command
            .env("ASIO2WASAPI_CONFIG", places::windows_path(&self.config))
            .args(arguments);
        captured::succeed(&mut command, &log, LIMIT)
    }

    /// Plays the sound through the profile's driver; what of it that device has played.
    fn play(
        &self,
        rig: &mut Rig<'_>,
        programs: &Path,
        sound: &Sound,
        device: &str,
    ) -> Result<Comparison> {
        let file = rig.paths.rig().join("profile.wav");
        wav::write(&file, sound)?;
        let service = Service::start_as(rig, programs, Some(CARDS))?;
        let played = self.run(
            rig,
            &["play", &places::windows_path(&file), "--driver", NAME],
        );
        let (mut report, folder) = service.finish(rig, programs)?;
        played?;
        report.tracks.retain(|track| track.file.starts_with(device));
        report.played(&folder, sound)
    }
}
