//! Makes the committed bindings to Windows anew, from the `bindgen.txt` of each crate that has one.
//!
//! Run it in the root of the project: `cargo run --manifest-path tools/bindings/Cargo.toml`.
//! `git diff` then shows what has changed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    match make_all() {
        Ok(made) => {
            println!("{made} bindings made; `git diff` shows what has changed");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bindings: {error}");
            ExitCode::FAILURE
        }
    }
}

fn make_all() -> io::Result<usize> {
    let root = env::current_dir()?;
    let crates = root.join("crates");
    let mut lists: Vec<PathBuf> = fs::read_dir(&crates)
        .map_err(|error| io::Error::other(format!("{} cannot be read: {error}", crates.display())))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("bindgen.txt").is_file())
        .collect();
    lists.sort();
    for folder in &lists {
        println!("{}", folder.display());
        // The lists name their output relative to their own folder.
        env::set_current_dir(folder)?;
        windows_bindgen::bindgen(["--etc", "bindgen.txt"]);
    }
    Ok(lists.len())
}
