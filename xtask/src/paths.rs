//! Where things are: the workspace, and what we put below its target directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The target that the driver is built for when none is named.
#[cfg(not(windows))]
pub const DEFAULT_TARGET: &str = "x86_64-pc-windows-gnu";
/// The target of 32-bit programs.
#[cfg(not(windows))]
pub const TARGET_32: &str = "i686-pc-windows-gnu";

/// The folders of one checkout.
pub struct Paths {
    /// The workspace's folder.
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
}

impl Paths {
    /// Asks Cargo.
    pub fn find() -> Result<Paths> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest
            .parent()
            .context("xtask has no folder above it")?
            .to_path_buf();
        let metadata = cargo_metadata(&root)?;
        let target = metadata["target_directory"]
            .as_str()
            .context("cargo names no target")?;
        Ok(Paths {
            target: PathBuf::from(target),
            root,
        })
    }

    /// What is handed to a user, for one target.
    pub fn dist(&self, target: &str) -> PathBuf {
        self.target.join("dist").join(target)
    }

    /// The demo's results.
    pub fn demo(&self) -> PathBuf {
        self.target.join("demo")
    }

    /// Everything that belongs to the test rig.
    #[cfg(not(windows))]
    pub fn rig(&self) -> PathBuf {
        self.target.join("rig")
    }
}

/// The workspace as Cargo describes it, without packages from elsewhere.
pub fn cargo_metadata(root: &Path) -> Result<serde_json::Value> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("cargo cannot be started")?;
    if !output.status.success() {
        bail!(
            "`cargo metadata` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    serde_json::from_slice(&output.stdout).context("`cargo metadata` printed no JSON")
}
