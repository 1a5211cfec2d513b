//! What Wine needs to run 32-bit programs: Debian's packages for i386, unpacked below the target
//! directory. The machine's own packages stay as they are. A script lays the files over `/usr`, for
//! the program alone that it starts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{packages, stamp};
use crate::paths::Paths;
use crate::rig::places;
use crate::{captured, progress};

const LIMIT: Duration = Duration::from_secs(600);
/// Wine's own copy of zlib, which its package makes when it is installed. The 64-bit package makes
/// the 32-bit copy too.
const ZLIB_THERE: &str = "/usr/lib/x86_64-linux-gnu/wine/i386-windows/zlib1.dll";
const ZLIB_HERE: &str = "usr/lib/i386-linux-gnu/wine/i386-windows/zlib1.dll";

/// The machine cannot have it; the text says why.
#[derive(Debug)]
pub struct Unavailable(String);

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "32-bit Wine cannot be had here: {}", self.0)
    }
}

impl std::error::Error for Unavailable {}

fn unavailable(what: &str, error: &anyhow::Error) -> anyhow::Error {
    Unavailable(format!("{what}: {error:#}")).into()
}

/// Sees to it that [`places::with_32_bit`] runs programs with the packages in place.
///
/// # Errors
/// [`Unavailable`] without a Debian mirror, or where no mount of one's own is permitted.
pub fn ensure(paths: &Paths) -> Result<()> {
    let folder = places::overlay(paths);
    let version = packages::version("wine64")?;
    let script = script(&folder.join("root/usr"));
    let key = format!("recipe 1\n{version}\n{script}");
    let mark = folder.join("done.stamp");
    if !stamp::is_current(&mark, &key) {
        let _ = fs::remove_dir_all(&folder);
        progress::step("fetching 32-bit Wine (170 MB)", || {
            fetch(paths, &folder, &version).map_err(|error| unavailable("no packages", &error))
        })?;
        progress::step("unpacking it", || unpack(paths, &folder))?;
        let program = places::with_32_bit(paths);
        fs::write(&program, script)
            .with_context(|| format!("cannot write {}", program.display()))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        stamp::set(&mark, &key)?;
    }
    let mut trial = Command::new(places::with_32_bit(paths));
    trial.args(["test", "-e", "/usr/lib/wine/wine"]);
    captured::succeed(&mut trial, &places::logs(paths).join("with-32-bit"), LIMIT)
        .map_err(|error| unavailable("no mount is permitted", &error))?;
    Ok(())
}

/// A program that is started so ends with the one that started it, as all others of the rig.
fn script(files: &Path) -> String {
    let rights = match packages::is_root() {
        true => "",
        false => " --map-root-user",
    };
    // Inode numbers stay short: 32-bit programs know no others.
    format!(
        "#!/bin/sh\n\
         # Runs a program that finds 32-bit libraries in /usr; nobody else does.\n\
         exec unshare --mount{rights} sh -c '\n\
         \x20   mount -t overlay -o \"ro,xino=off,lowerdir=/usr:$1\" 32-bit /usr || exit 1\n\
         \x20   shift\n\
         \x20   exec setpriv --pdeathsig KILL \"$@\"\n\
         ' sh '{}' \"$@\"\n",
        files.display()
    )
}

/// Apt decides what belongs to it, in folders of ours and as on a machine where nothing is installed.
fn fetch(paths: &Paths, folder: &Path, version: &str) -> Result<()> {
    let state = folder.join("apt");
    for part in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(state.join(part))?;
    }
    fs::write(state.join("status"), "")?;
    let apt = |arguments: &[&str]| {
        let mut apt = packages::apt();
        let ours = [
            ("APT::Architecture", "i386".to_owned()),
            ("APT::Architectures::", "i386".to_owned()),
            ("APT::Sandbox::User", "root".to_owned()),
            ("Dir::State", state.display().to_string()),
            (
                "Dir::State::status",
                state.join("status").display().to_string(),
            ),
            ("Dir::Cache", state.join("cache").display().to_string()),
        ];
        for (name, value) in ours {
            apt.arg("-o").arg(format!("{name}={value}"));
        }
        apt.arg("-q").args(arguments);
        let log = places::logs(paths).join(format!("apt-32-bit-{}", arguments[0]));
        captured::succeed(&mut apt, &log, LIMIT)
    };
    // One list that cannot be read need not matter: what is wanted is found in the others, or not.
    let _ = apt(&["update"]);
    let wine = format!("wine32={version}");
    apt(&[
        "install",
        "--yes",
        "--download-only",
        "--no-install-recommends",
        &wine,
        "libasound2-plugins",
    ])?;
    Ok(())
}

fn unpack(paths: &Paths, folder: &Path) -> Result<()> {
    let root = folder.join("root");
    let archives = folder.join("apt/cache/archives");
    let log = places::logs(paths).join("unpack-32-bit");
    for package in packages_in(&archives)? {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("-x").arg(package).arg(&root);
        captured::succeed(&mut dpkg, &log, LIMIT)?;
    }
    // Some packages still have their libraries where /lib is a folder of its own.
    let mut link = Command::new("cp");
    link.arg("-al").arg(root.join("lib/."));
    link.arg(root.join("usr/lib"));
    captured::succeed(&mut link, &log, LIMIT)?;
    fs::copy(ZLIB_THERE, root.join(ZLIB_HERE))
        .with_context(|| format!("cannot copy {ZLIB_THERE}"))?;
    fs::remove_dir_all(folder.join("apt"))?;
    for unused in ["lib", "etc", "usr/share"] {
        fs::remove_dir_all(root.join(unused))
            .with_context(|| format!("cannot remove {unused} of the 32-bit packages"))?;
    }
    Ok(())
}

/// Those with libraries; the others are for every architecture, and the machine has them.
fn packages_in(archives: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(archives)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with("_i386.deb") {
            found.push(path);
        }
    }
    ensure!(!found.is_empty(), "apt has fetched no package");
    Ok(found)
}
