//! The same commands on Windows: built natively, played on the real default device.

/// `setup`: Windows needs nothing that could be installed from here.
pub mod setup {
    use anyhow::Result;

    use crate::paths::Paths;

    /// Says what is needed.
    pub fn run(_paths: &Paths) -> Result<()> {
        println!(
            "On Windows only Rust is needed, with the Visual C++ build tools that its installer \
             asks for. `cargo xtask build` makes the driver."
        );
        Ok(())
    }
}

/// `demo`: through the driver to the default device.
pub mod demo {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::Duration;

    use anyhow::{Context, Result, bail};

    use crate::build;
    use crate::paths::Paths;
    use crate::process;
    use crate::sound::{make, wav};

    const DRIVER: &str = "ASIO2WASAPI Shared";
    const LIMIT: Duration = Duration::from_secs(3600);

    /// Plays the file, or a tune. The value says whether all of it was played.
    pub fn run(paths: &Paths, file: Option<&Path>) -> Result<bool> {
        let file = match file {
            Some(file) => {
                wav::read(file)?;
                file.to_path_buf()
            }
            None => tune(paths)?,
        };
        let dist = build::product(paths, &build::default_target()?, false)?;
        let program = dist.join("asio2wasapi.exe");
        if !process::show(Command::new(&program).arg("register"), LIMIT)? {
            bail!("the driver could not be registered; the reason is above");
        }
        let mut play = Command::new(&program);
        play.arg("play").arg(&file).args(["--driver", DRIVER]);
        let played = process::show(&mut play, LIMIT);
        let unregistered = process::show(Command::new(&program).arg("unregister"), LIMIT)?;
        Ok(played? && unregistered)
    }

    fn tune(paths: &Paths) -> Result<PathBuf> {
        let folder = paths.demo();
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = folder.join("tune.wav");
        wav::write(&file, &make::tune(48_000, 24))?;
        Ok(file)
    }
}

/// `test`: the unit tests.
pub mod suite {
    use std::process::Command;
    use std::time::Duration;

    use anyhow::Result;

    use crate::paths::Paths;
    use crate::{process, tidy};

    /// Runs them. The value says whether all passed.
    pub fn run(paths: &Paths, filter: Option<&str>, list_only: bool) -> Result<bool> {
        if list_only {
            println!("unit tests");
            return Ok(true);
        }
        let tidied = tidy::run(paths)?;
        let mut tests = Command::new("cargo");
        tests
            .args(["test", "--workspace"])
            .args(filter)
            .current_dir(&paths.root);
        Ok(process::show(&mut tests, Duration::from_secs(3600))? && tidied)
    }
}
