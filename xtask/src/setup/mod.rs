//! `setup`: everything that a bare Debian machine with Rust lacks, once.

mod overlay;
mod packages;
mod prefix;
mod stamp;
mod wheel;
mod windows_std;

use anyhow::Result;
pub use overlay::Unavailable;
pub use packages::NeedsRoot;

use crate::paths::Paths;
use crate::progress;

/// Prepares everything. What is in place is left alone.
pub fn run(paths: &Paths) -> Result<()> {
    eprintln!("setting up (what is in place is left alone):");
    compiler(paths)?;
    rig(paths)?;
    progress::note("all is in place");
    Ok(())
}

/// What `build` needs: the linker for Windows and Rust's standard library for it.
pub fn compiler(paths: &Paths) -> Result<()> {
    packages::install(paths, packages::COMPILER)?;
    windows_std::ensure(paths, "x86_64-pc-windows-gnu")?;
    windows_std::ensure(paths, "i686-pc-windows-gnu")
}

/// What counts instructions, for the claim `cost`.
#[cfg(not(windows))]
pub fn counter(paths: &Paths) -> Result<()> {
    packages::install(paths, packages::COUNTER)
}

/// What `demo` and `test` need besides: Wine, a sound server, PortAudio, SDL.
pub fn rig(paths: &Paths) -> Result<()> {
    packages::install(paths, packages::RIG)?;
    wheel::ensure(paths)?;
    prefix::ensure(paths)
}

/// What the legs of 32-bit programs need besides; about a minute, 170 MB to fetch and 2 GB of disk.
///
/// # Errors
/// [`Unavailable`] where the machine cannot have it.
pub fn wine_32(paths: &Paths) -> Result<()> {
    overlay::ensure(paths)?;
    prefix::ensure_32(paths)
}
