//! Rust's standard library for a Windows target: from rustup, or built from Debian's source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::packages;
use crate::paths::Paths;
use crate::{captured, progress};

/// Where Debian keeps compilers newer than the release's own.
const SUITE: &str = "trixie-backports";
const LIST: &str = "main/binary-all/Packages.xz";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
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
    let library = work.join(format!("src/usr/src/rustc-{version}/library"));
    if !library.join("Cargo.toml").is_file() {
        progress::step(
            &format!("fetching the source of Rust {version} from Debian"),
            || fetch_source(&work, version),
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

/// Fetches the source package: the release file's signature vouches for the list's hash, the
/// list for the package's.
fn fetch_source(work: &Path, version: &str) -> Result<()> {
    fs::create_dir_all(work).with_context(|| format!("cannot make {}", work.display()))?;
    let mirror = mirror()?;
    let suite = format!("{mirror}/dists/{SUITE}");
    let (signed, release) = (work.join("InRelease"), work.join("Release"));
    fetch(&format!("{suite}/InRelease"), &signed)?;
    let mut gpgv = Command::new("gpgv");
    gpgv.args(["--keyring", KEYRING, "--output"])
        .arg(&release)
        .arg(&signed);
    // gpgv refuses to write over a file of an earlier try.
    let _ = fs::remove_file(&release);
    captured::succeed(&mut gpgv, &work.join("gpgv"), FETCH_LIMIT)?;
    let release = read(&release)?;

    let packed = work.join("Packages.xz");
    fetch(&format!("{suite}/{LIST}"), &packed)?;
    let hash = hash_in_release(&release, LIST).context("the suite has no package list")?;
    verify(&packed, hash)?;
    let mut xz = Command::new("xz");
    let list = captured::succeed(xz.arg("-dc").arg(&packed), &work.join("xz"), FETCH_LIMIT)?.stdout;

    let source = find_source(&list, version).with_context(|| {
        format!(
            "{SUITE} has no rust-src {version}. Let rustup add the target, \
             or install a toolchain that Debian has the source of"
        )
    })?;
    let package = work.join("rust-src.deb");
    fetch(&format!("{mirror}/{}", source.file), &package)?;
    verify(&package, source.sha256)?;
    let mut unpack = Command::new("dpkg");
    unpack.arg("-x").arg(&package).arg(work.join("src"));
    captured::succeed(&mut unpack, &work.join("dpkg"), FETCH_LIMIT)?;
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
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
            "{} is not what the archive promises (SHA-256 {sha256})",
            file.display()
        );
    }
    Ok(())
}

/// The hash of `file` in the section `SHA256:` of a release file.
fn hash_in_release<'a>(release: &'a str, file: &str) -> Option<&'a str> {
    let section = release
        .lines()
        .skip_while(|line| *line != "SHA256:")
        .skip(1);
    section
        .take_while(|line| line.starts_with(' '))
        .find_map(|line| {
            let mut words = line.split_whitespace();
            let hash = words.next()?;
            (words.nth(1)? == file).then_some(hash)
        })
}

struct Source<'a> {
    file: &'a str,
    sha256: &'a str,
}

/// Finds the last listed package of exactly `version` in a package list, which holds several.
fn find_source<'a>(list: &'a str, version: &str) -> Option<Source<'a>> {
    let upstream = format!("{version}+");
    list.rsplit("\n\n").find_map(|entry| {
        let field = |name: &str| {
            entry
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let is_it = field("Package")? == "rust-src" && field("Version")?.starts_with(&upstream);
        is_it.then_some(())?;
        Some(Source {
            file: field("Filename")?,
            sha256: field("SHA256")?,
        })
    })
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
    fn the_right_version_is_picked_from_several() {
        let list = "Package: rust-src\nVersion: 1.94.1+dfsg1-1\nFilename: a\nSHA256: 1\n\n\
                    Package: rust-src\nVersion: 1.95.0+dfsg1-2\nFilename: b\nSHA256: 2\n\n\
                    Package: rust-doc\nVersion: 1.95.0+dfsg1-2\nFilename: c\nSHA256: 3\n";
        let found = find_source(list, "1.95.0").unwrap();
        assert_eq!((found.file, found.sha256), ("b", "2"));
        assert!(find_source(list, "1.95").is_none());
        assert!(find_source(list, "1.96.0").is_none());
    }

    #[test]
    fn only_the_sha256_section_counts() {
        let release = "MD5Sum:\n aa 10 main/x\nSHA256:\n bb 10 main/x\n cc 9 main/y\nOther: 1\n";
        assert_eq!(hash_in_release(release, "main/x"), Some("bb"));
        assert_eq!(hash_in_release(release, "main/z"), None);
    }
}
