//! The rig's own home and run-time folders, and the lock that keeps a second run out.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::daemon;
use crate::paths::Paths;

/// A socket's path may have 107 bytes, and the server adds a name to the folder's.
const SOCKET_PATH_MAX: usize = 107;
/// Sends ALSA's default device to the sound server.
const ALSA_TO_PULSE: &str = "pcm.!default { type pulse }\nctl.!default { type pulse }\n";
const SOCKET_NAME: &str = "/pulse/native";

/// The claimed folders. Dropping them releases the lock and removes what is outside of target.
pub struct PrivateDirs {
    environment: PrivateEnvironment,
    is_temporary: bool,
    pids: PathBuf,
    _lock: File,
}

impl PrivateDirs {
    /// Takes the rig for this process, and ends what a killed earlier run has left behind.
    ///
    /// # Errors
    /// Another run holds the rig, or a folder cannot be made.
    pub fn claim(paths: &Paths) -> Result<PrivateDirs> {
        let rig = paths.rig();
        let home = rig.join("home");
        let pids = rig.join("pids");
        for folder in [&home, &pids] {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let lock = lock(&rig.join("lock"))?;
        daemon::end_leftovers(&pids)?;
        fs::write(home.join(".asoundrc"), ALSA_TO_PULSE)?;
        let (run, is_temporary) = run_folder(&rig)?;
        let environment = PrivateEnvironment { home, run };
        Ok(PrivateDirs {
            environment,
            is_temporary,
            pids,
            _lock: lock,
        })
    }

    /// Where the running programs are noted.
    pub fn pids(&self) -> &Path {
        &self.pids
    }

    /// What our programs see.
    pub fn environment(&self) -> &PrivateEnvironment {
        &self.environment
    }
}

/// Our folders and our sound server, as a program finds them; none of the user's.
#[derive(Clone)]
pub struct PrivateEnvironment {
    home: PathBuf,
    run: PathBuf,
}

impl PrivateEnvironment {
    /// The sound server's socket.
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(format!("{}{SOCKET_NAME}", self.run.display()))
    }

    /// Sets it for a program.
    pub fn apply(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            // A 32-bit program that looks for its own backtrace crashes in Wine.
            let starts = ["PULSE_", "XDG_", "WINE", "ALSA_", "DBUS_", "RUST_"];
            if starts.iter().any(|start| name.starts_with(start)) {
                command.env_remove(&*name);
            }
        }
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command
            .env("HOME", &self.home)
            .env("XDG_RUNTIME_DIR", &self.run);
        command.env("PULSE_SERVER", format!("unix:{}", self.socket().display()));
    }
}

impl Drop for PrivateDirs {
    fn drop(&mut self) {
        if self.is_temporary {
            // Nobody is hurt by an empty folder that stays.
            let _ = fs::remove_dir_all(&self.environment.run);
        }
    }
}

fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another `cargo xtask` is using the rig in {}; wait for it to end",
            path.parent().unwrap_or(path).display()
        ),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the rig"),
    }
}

fn run_folder(rig: &Path) -> Result<(PathBuf, bool)> {
    let near = rig.join("run");
    let fits = near.as_os_str().len() + SOCKET_NAME.len() <= SOCKET_PATH_MAX;
    let run = if fits {
        near
    } else {
        std::env::temp_dir().join(format!("asio2wasapi-rig-{}", std::process::id()))
    };
    // Left by a killed run; sockets in it would only confuse.
    let _ = fs::remove_dir_all(&run);
    fs::create_dir_all(run.join("pulse"))
        .with_context(|| format!("cannot make {}", run.display()))?;
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700))?;
    Ok((run, !fits))
}
