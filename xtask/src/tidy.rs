//! `tidy`: the checks that run nothing: layers, file lengths, words that must not be there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::paths::Paths;
use crate::{layers, prove};

/// Written by a program, for the compiler only.
const GENERATED: &str = "bindings.rs";
const LINES_MAX: usize = 700;
/// Files of these kinds are read.
const KINDS: [&str; 9] = ["rs", "toml", "md", "yml", "c", "txt", "svg", "sh", "run"];
const SKIPPED: [&str; 2] = ["target", ".git"];

/// Runs the checks one by one. The value says whether all hold.
pub fn run(paths: &Paths) -> Result<bool> {
    let mut all_hold = true;
    for (name, check) in CHECKS {
        match check(paths) {
            Ok(()) => println!("PASS  {name}"),
            Err(error) => {
                all_hold = false;
                println!("FAIL  {name}\n{error:#}");
            }
        }
    }
    Ok(all_hold)
}

/// One check; its error has a line for each fault.
pub type Check = fn(&Paths) -> Result<()>;

/// All checks, with their names.
pub const CHECKS: [(&str, Check); 4] = [
    ("layers", layers::check),
    ("file lengths", lengths),
    ("forbidden words", words),
    ("claims", prove::check),
];

fn lengths(paths: &Paths) -> Result<()> {
    let too_long = |(path, text): &(PathBuf, String)| {
        let lines = text.lines().count();
        let is_read = path.extension().is_some_and(|end| end == "rs") && !path.ends_with(GENERATED);
        (is_read && lines > LINES_MAX).then(|| {
            format!(
                "{}: {lines} lines; at most {LINES_MAX}, split it",
                path.display()
            )
        })
    };
    report(sources(&paths.root)?.iter().filter_map(too_long).collect())
}

fn words(paths: &Paths) -> Result<()> {
    let forbidden = forbidden();
    let mut faults = Vec::new();
    for (path, text) in sources(&paths.root)? {
        for (number, line) in text.lines().enumerate() {
            for (word, reason) in &forbidden {
                if line.contains(word.as_str()) {
                    let place = format!("{}:{}", path.display(), number + 1);
                    faults.push(format!("{place}: `{word}`: {reason}"));
                }
            }
        }
    }
    report(faults)
}

/// Put together here, so that this file does not hold them.
fn forbidden() -> Vec<(String, &'static str)> {
    let hosts = [
        ["crates", "io"],
        ["pypi", "org"],
        ["pythonhosted", "org"],
        ["debian", "org"],
    ];
    let mut words: Vec<(String, &'static str)> = hosts
        .iter()
        .map(|parts| {
            (
                parts.join("."),
                "hosts come from the machine's own configuration",
            )
        })
        .collect();
    for parts in [["TO", "DO"], ["FIX", "ME"]] {
        words.push((parts.concat(), "finish it, or describe the limit"));
    }
    words
}

fn report(faults: Vec<String>) -> Result<()> {
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

/// All files of the project, by their path from its folder.
fn sources(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() && !path.is_symlink() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
                continue;
            }
            let kind = name.rsplit('.').next().unwrap_or_default();
            if KINDS.contains(&kind) {
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                found.push((path.strip_prefix(root).unwrap_or(&path).to_path_buf(), text));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_project_is_read_and_holds_to_its_own_words() {
        let paths = Paths::find().unwrap();
        let files = sources(&paths.root).unwrap();
        assert!(
            files
                .iter()
                .any(|(path, _)| path.ends_with("xtask/src/tidy.rs"))
        );
        assert!(!files.iter().any(|(path, _)| path.starts_with("target")));
        words(&paths).unwrap();
    }
}
