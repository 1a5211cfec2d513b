//! Where the rig's parts are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::paths::{DEFAULT_TARGET, Paths, TARGET_32};

/// Which of Wine's audio drivers a prefix uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// To the sound server directly. Shared mode only.
    Pulse,
    /// Through ALSA's plug-in to the same server. Shared and exclusive mode.
    Alsa,
    /// No way to the sound server: the simulated card stands in for the system's devices.
    Card,
    /// As [`Backend::Pulse`], for 32-bit programs.
    Pulse32,
    /// As [`Backend::Alsa`], for 32-bit programs.
    Alsa32,
}

impl Backend {
    /// Those that play to the sound server.
    pub const ALL: [Backend; 2] = [Backend::Pulse, Backend::Alsa];
    /// Whatever there is.
    pub const EVERY: [Backend; 5] = [
        Backend::Pulse,
        Backend::Alsa,
        Backend::Card,
        Backend::Pulse32,
        Backend::Alsa32,
    ];

    /// Whose programs are 32-bit.
    pub fn is_32_bit(self) -> bool {
        matches!(self, Backend::Pulse32 | Backend::Alsa32)
    }

    /// What its programs are built for.
    pub fn target(self) -> &'static str {
        match self.is_32_bit() {
            true => TARGET_32,
            false => DEFAULT_TARGET,
        }
    }
}

/// A backend's Wine prefix.
pub fn prefix(paths: &Paths, backend: Backend) -> PathBuf {
    paths.rig().join(match backend {
        Backend::Pulse => "prefix-pulse",
        Backend::Alsa => "prefix-alsa",
        Backend::Card => "prefix-card",
        Backend::Pulse32 => "prefix-32-pulse",
        Backend::Alsa32 => "prefix-32-alsa",
    })
}

/// The test programs.
pub fn programs(paths: &Paths) -> PathBuf {
    programs_for(paths, Backend::Pulse)
}

/// The test programs that run on a backend.
pub fn programs_for(paths: &Paths, backend: Backend) -> PathBuf {
    paths.rig().join(match backend.is_32_bit() {
        true => "bin-32",
        false => "bin",
    })
}

/// PortAudio with ASIO, 64-bit.
pub fn portaudio(paths: &Paths) -> PathBuf {
    portaudio_for(paths, Backend::Pulse)
}

/// PortAudio with ASIO, for the programs of a backend.
pub fn portaudio_for(paths: &Paths, backend: Backend) -> PathBuf {
    paths.rig().join(match backend.is_32_bit() {
        true => "libportaudio32bit-asio.dll",
        false => "libportaudio64bit-asio.dll",
    })
}

/// 32-bit packages and what belongs to them.
pub fn overlay(paths: &Paths) -> PathBuf {
    paths.rig().join("32-bit")
}

/// The script that runs a program with those packages in place.
pub fn with_32_bit(paths: &Paths) -> PathBuf {
    overlay(paths).join("with-32-bit")
}

/// SDL 2, 64-bit.
pub fn sdl(paths: &Paths) -> PathBuf {
    paths.rig().join("SDL2.dll")
}

/// What the programs said.
pub fn logs(paths: &Paths) -> PathBuf {
    paths.rig().join("logs")
}

/// A file of ours as a program in Wine must name it.
pub fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', "\\"))
}

/// The program that starts a Windows program.
pub fn wine_loader() -> Result<PathBuf> {
    first_of(&["/usr/lib/wine/wine64", "/usr/bin/wine64", "/usr/bin/wine"])
}

/// Wine's server.
pub fn wine_server() -> Result<PathBuf> {
    first_of(&[
        "/usr/lib/wine/wineserver64",
        "/usr/bin/wineserver64",
        "/usr/bin/wineserver",
    ])
}

fn first_of(candidates: &[&str]) -> Result<PathBuf> {
    let found = candidates.iter().map(Path::new).find(|path| path.exists());
    let found = found.with_context(|| {
        format!(
            "Wine is not installed ({} is missing); run `cargo xtask setup`",
            candidates[0]
        )
    })?;
    Ok(found.to_path_buf())
}
