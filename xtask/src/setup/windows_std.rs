//! Rust's standard library for a Windows target: from rustup, or built from Debian's source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::packages;
use crate::paths::Paths;
use crate::{captured, progress};

/// The source of the pinned compiler's own version, below a Debian mirror.
const SOURCE: Source = Source {
    version: "1.95.0",
    file: "pool/main/r/rustc/rust-src_1.95.0+dfsg1-2~bpo13+1_all.deb",
    sha256: "7b76db5b880a77f9e52975d2baa6209d2f76d2c9c2789515c3088cb960e2c83b",
};

struct Source {
    version: &'static str,
    file: &'static str,
    sha256: &'static str,
}

const FETCH_LIMIT: Duration = Duration::from_secs(300);
const BUILD_LIMIT: Duration = Duration::from_secs(900);

/// Sees to it that the pinned compiler can build for `target`.
pub fn ensure(paths: &Paths, target: &str) -> Result<()> {
    let libraries = target_libraries(paths, target)?;
    if has_std(&libraries) {
        return Ok(());
    }
    let log = paths.rig().join("logs").join(format!("rustup-{target}"));
    let mut rustup = Command::new("rustup");
    rustup
        .args(["target", "add", target])
        .current_dir(&paths.root);
    let added = progress::step(
        &format!("adding Rust's standard library for {target}"),
        || {
            // A refusal is an answer here, and so is the absence of rustup.
            Ok(captured::succeed(&mut rustup, &log, FETCH_LIMIT).is_ok())
        },
    )?;
    crate::interrupt::check()?;
    if added && has_std(&libraries) {
        return Ok(());
    }
    progress::note(&format!("rustup could not (see {}.err)", log.display()));
    from_source(paths, target, &libraries)
}

fn target_libraries(paths: &Paths, target: &str) -> Result<PathBuf> {
    let text = rustc(paths, &["--print", "target-libdir", "--target", target])?;
    Ok(PathBuf::from(text.trim()))
}

/// The build below installs `libstd` last, so it stands for all of them.
fn has_std(libraries: &Path) -> bool {
    let Ok(entries) = fs::read_dir(libraries) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

fn rustc(paths: &Paths, arguments: &[&str]) -> Result<String> {
    let output = Command::new("rustc")
        .args(arguments)
        .current_dir(&paths.root)
        .output()
        .context("rustc cannot be started")?;
    if !output.status.success() {
        bail!(
            "rustc failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn from_source(paths: &Paths, target: &str, libraries: &Path) -> Result<()> {
    packages::install(paths, packages::STD_SOURCE)?;
    let text = rustc(paths, &["-vV"])?;
    let version = text.lines().find_map(|line| line.strip_prefix("release: "));
    let version = version.context("rustc names no version")?;
    let work = paths.rig().join("rust-src");
    if version != SOURCE.version {
        bail!(
            "Rust {version} cannot be helped: the known source is that of {}",
            SOURCE.version
        );
    }
    let library = work.join(format!("src/usr/src/rustc-{version}/library"));
    if !library.join("Cargo.toml").is_file() {
        progress::step(
            &format!("fetching the source of Rust {version} from Debian"),
            || fetch_source(&work),
        )?;
    }
    progress::step(
        &format!("building the standard library for {target} (about 40 s)"),
        || {
            let built = build(paths, target, &library, &work, libraries);
            if built.is_err() {
                // Half a library would keep rustup from adding the whole one later.
                let _ = fs::remove_dir_all(libraries);
            }
            built
        },
    )?;
    install(&work.join("target").join(target), libraries)
}

fn fetch_source(work: &Path) -> Result<()> {
    fs::create_dir_all(work).with_context(|| format!("cannot make {}", work.display()))?;
    let package = work.join("rust-src.deb");
    fetch(&format!("{}/{}", mirror()?, SOURCE.file), &package)?;
    verify(&package, SOURCE.sha256)?;
    let mut unpack = Command::new("dpkg");
    unpack.arg("-x").arg(&package).arg(work.join("src"));
    captured::succeed(&mut unpack, &work.join("dpkg"), FETCH_LIMIT)?;
    Ok(())
}

/// The Debian mirror of this machine's own apt configuration.
fn mirror() -> Result<String> {
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)"])
        .output()
        .context("apt-get cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    choose_mirror(&text).context("apt's configuration names no Debian mirror")
}

/// The first that is not the security archive. Mirrors refuse a double slash, so none is left
/// at the end.
fn choose_mirror(listed: &str) -> Option<String> {
    let is_main = |uri: &&str| uri.starts_with("http") && !uri.contains("security");
    Some(
        listed
            .lines()
            .find(is_main)?
            .trim_end_matches('/')
            .to_owned(),
    )
}

fn fetch(address: &str, to: &Path) -> Result<()> {
    let mut curl = Command::new("curl");
    curl.args([
        "--fail",
        "--silent",
        "--show-error",
        "--location",
        "--retry",
        "3",
        "--output",
    ]);
    curl.arg(to).arg(address);
    captured::succeed(&mut curl, &to.with_extension("curl"), FETCH_LIMIT)?;
    Ok(())
}

fn verify(file: &Path, sha256: &str) -> Result<()> {
    let mut command = Command::new("sha256sum");
    let log = file.with_extension("sum");
    let sum = captured::succeed(command.arg(file), &log, FETCH_LIMIT)?.stdout;
    if sum.split_whitespace().next() != Some(sha256) {
        bail!(
            "{} is not the file that is known (SHA-256 {sha256})",
            file.display()
        );
    }
    Ok(())
}

/// Builds the library as the compiler's own build would: same flags, precompiled start-up files.
/// These go to their final place first, because the 32-bit library's own link wants them there.
fn build(paths: &Paths, target: &str, library: &Path, work: &Path, libraries: &Path) -> Result<()> {
    fs::create_dir_all(libraries)
        .with_context(|| format!("cannot write to {}", libraries.display()))?;
    for object in ["rsbegin", "rsend"] {
        let mut rustc = Command::new("rustc");
        rustc.env("RUSTC_BOOTSTRAP", "1").current_dir(&paths.root);
        rustc.args([
            "--target",
            target,
            "--emit=obj",
            "--crate-type",
            "lib",
            "-O",
            "-Cpanic=abort",
        ]);
        rustc.arg("-o").arg(libraries.join(format!("{object}.o")));
        rustc.arg(library.join(format!("rtstartup/{object}.rs")));
        captured::succeed(&mut rustc, &work.join(object), BUILD_LIMIT)?;
    }
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&paths.root).env("RUSTC_BOOTSTRAP", "1");
    cargo.env("__CARGO_DEFAULT_LIB_METADATA", "winstd");
    let flags = "-Cforce-unwind-tables=yes -Cembed-bitcode=yes -Zforce-unstable-if-unmarked";
    cargo.env("RUSTFLAGS", flags);
    cargo.args(["build", "--release", "--target", target]);
    cargo.args(["--features", "panic-unwind backtrace"]);
    cargo
        .arg("--manifest-path")
        .arg(library.join("sysroot/Cargo.toml"));
    cargo.arg("--target-dir").arg(work.join("target"));
    captured::succeed(&mut cargo, &work.join(format!("std-{target}")), BUILD_LIMIT)?;
    Ok(())
}

/// Copies the results into the toolchain, as `rustup target add` would; `libstd` last.
fn install(built: &Path, libraries: &Path) -> Result<()> {
    let deps = built.join("release/deps");
    let mut files: Vec<PathBuf> = fs::read_dir(&deps)
        .with_context(|| format!("cannot read {}", deps.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    files.retain(|path| {
        let name = name(path);
        !name.starts_with("libsysroot") && name.ends_with(".rlib")
    });
    files.sort_by_key(|path| name(path).starts_with("libstd-"));
    for file in files {
        fs::copy(&file, libraries.join(name(&file)))
            .with_context(|| format!("cannot copy {} into the toolchain", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_not_the_security_archive_and_has_no_slash_at_its_end() {
        let listed = "http://a/debian-security/\nfile:/srv\nhttp://a/debian/\nhttp://a/debian/\n";
        assert_eq!(choose_mirror(listed).as_deref(), Some("http://a/debian"));
        assert_eq!(choose_mirror(""), None);
    }

    #[test]
    fn the_source_is_that_of_the_pinned_compiler() {
        let pin = include_str!("../../../rust-toolchain.toml");
        assert!(pin.contains(&format!("\"{}\"", SOURCE.version)), "{pin}");
        assert!(SOURCE.file.contains(&format!("_{}+", SOURCE.version)));
    }
}
