//! A sink that is a file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::super::super::{Passed, passed, stage::Stage};
use super::{FRAMES, prepare};
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};
use crate::rig::router::Router;
use crate::rig::witness::{Watch, undisturbed};
use crate::routed::{CHANNELS, RATE_HZ, how};
use crate::sound::compare::compare;
use crate::sound::{make, wav};

/// What is heard of a host is in the file, bit for bit, when the router has ended.
pub fn take(stage: &mut Stage<'_>) -> Result<Passed> {
    let (card, product) = prepare(stage)?;
    let folder = stage.paths.rig().join("router-takes");
    let config = stage.paths.rig().join("router-file.toml");
    let take = places::windows_path(&folder.join("Take.wav"));
    let text = routing("pa-host", &take, false);
    fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
    let noise = make::noise(RATE_HZ, CHANNELS, 24, FRAMES);
    let ((found, heard), tries) = undisturbed(
        &Watch::between(stage.paths),
        || {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).context("cannot make a folder for takes")?;
            stage.rig()?.wine(Backend::Card)?.use_config(Some(&config));
            let service = Service::start(stage.rig()?, &card)?;
            let router = Router::start(stage.rig()?, &product);
            let outcome = router.and_then(|router| {
                stage
                    .rig()?
                    .start_host(&how(), &noise, "router-file")?
                    .finish()?;
                let output = router.finish(stage.rig()?, &product)?;
                ensure!(output.status.success(), "{}", output.last_words());
                ensure!(output.stdout.contains("frames."), "{}", output.stdout);
                Ok(())
            });
            stage.rig()?.wine(Backend::Card)?.use_config(None);
            let (report, truth) = service.finish(stage.rig()?, &card)?;
            outcome?;
            let heard = report.played(&truth, &noise)?;
            let (recorded, _) = wav::read(&only_file(&folder)?)?;
            Ok((compare(&noise, &recorded, 0), heard))
        },
        |(found, _)| found.is_complete(),
    )?;
    // What the host was late for is in neither.
    ensure!(
        found.frames_found >= heard.frames_found && found.max_error_lsb == 0,
        "{} of {} frames are in the file, {} were heard; {}",
        found.frames_found,
        found.frames_played,
        heard.frames_found,
        tries.testimony()
    );
    let remark = tries
        .remark()
        .map_or(String::new(), |remark| format!("; {remark}"));
    let name = only_file(&folder)?;
    let name = name.file_name().unwrap_or_default().to_string_lossy();
    Ok(passed(format!(
        "{} of {} frames bit-exact in \"{name}\", {} heard{remark}",
        found.frames_found, found.frames_played, heard.frames_found
    )))
}

/// A host is played to the default device and to the file `take`; that one only when it is asked for, if so
/// wished.
pub(super) fn routing(host: &str, take: &str, on_demand: bool) -> String {
    format!(
        "[router.source.\"{host}\"]\nkind = \"client\"\n\n\
         [router.sink.\"Output\"]\nkind = \"device\"\ndevice = \"default\"\nmode = \"shared\"\n\n\
         [router.sink.\"Take\"]\nkind = \"file\"\ndevice = '{take}'\non_demand = {on_demand}\n\n\
         [router.mix.\"all\"]\nroutes = [\n  {{ from = \"{host}\", to = \"Output\" }},\n  \
         {{ from = \"{host}\", to = \"Take\" }},\n]\n"
    )
}

/// The one file of that folder.
pub(super) fn only_file(folder: &Path) -> Result<PathBuf> {
    let found = fs::read_dir(folder).context("the folder for takes cannot be read")?;
    let found: Vec<PathBuf> = found.flatten().map(|entry| entry.path()).collect();
    ensure!(
        found.len() == 1,
        "one file is wanted, but there are {found:?}"
    );
    Ok(found[0].clone())
}
