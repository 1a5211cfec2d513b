//! Wine in one of the rig's prefixes.

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};

use super::daemon::Daemon;
use super::places::{self, Backend};
use super::private_dir::{PrivateDirs, PrivateEnvironment};
use super::saves::Saves;
use super::server::Sink;
use crate::captured::{self, Output};
use crate::paths::Paths;
use crate::process;

/// How long a server may take until it listens.
const SERVER_LIMIT: Duration = Duration::from_secs(1);
/// The file in a prefix in which Debian's Wine names its folder of sockets.
const SOCKET_NOTE: &str = "wineserver";

/// A running Wine server; programs run in it.
pub struct Wine {
    /// What programs are started with; none: they are started directly.
    through: Option<PathBuf>,
    loader: PathBuf,
    server: PathBuf,
    prefix: PathBuf,
    logs: PathBuf,
    environment: PrivateEnvironment,
    daemon: Option<Daemon>,
    started: SystemTime,
    /// Words before programs that play or record.
    sound_first: Cell<&'static [&'static str]>,
    /// Our programs' configuration; none: they have none.
    config: RefCell<Option<PathBuf>>,
}

impl Wine {
    /// Starts the prefix's server, so that programs start quickly and none of them owns it.
    pub fn start(paths: &Paths, dirs: &PrivateDirs, backend: Backend) -> Result<Wine> {
        let (loader, server) = (places::wine_loader()?, places::wine_server()?);
        let prefix = places::prefix(paths, backend);
        fs::create_dir_all(&prefix).with_context(|| format!("cannot make {}", prefix.display()))?;
        let environment = dirs.environment().clone();
        let logs = places::logs(paths);
        let through = backend.is_32_bit().then(|| places::with_32_bit(paths));
        let mut wine = Wine {
            through,
            loader,
            server,
            prefix,
            logs,
            environment,
            daemon: None,
            started: SystemTime::now(),
            // The card's clock stands still while the machine keeps it waiting; a sound server's does not.
            sound_first: Cell::new(match backend {
                Backend::Card => &[],
                _ => process::real_time_for_sound(),
            }),
            config: RefCell::default(),
        };
        // All events go through the server: it is part of the machine.
        let mut words = process::real_time()
            .iter()
            .map(OsStr::new)
            .chain(wine.through.iter().map(|script| script.as_os_str()))
            .chain([wine.server.as_os_str()]);
        let mut command = Command::new(words.next().expect("the server is one of them"));
        command.args(words);
        wine.set_environment(&mut command);
        command
            .args(["-f", "-p"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        wine.daemon = Some(Daemon::start(&mut command, dirs.pids())?);
        wine.await_server()?;
        Ok(wine)
    }

    /// Waits until the server can be asked: a program that comes earlier starts one of its own, and of the two
    /// one fails.
    fn await_server(&self) -> Result<()> {
        let end = Instant::now() + SERVER_LIMIT;
        // A Wine that keeps its sockets elsewhere is not worth failing for.
        while !has_socket(&self.prefix) && Instant::now() < end {
            captured::pause(Duration::from_millis(5))?;
        }
        Ok(())
    }

    /// Waits, if the server would [be away for a save](super::saves) within that time, until it has been.
    pub fn let_save_pass(&self, length: Duration) -> Result<()> {
        let saves = Saves::of_prefix(&self.prefix);
        captured::pause(saves.until_none_within(length, self.started))
    }

    /// A Windows program, by its path here or by its name in Wine. When we are killed it is too:
    /// one that hangs would outlive its server.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        self.command_after(&[], program)
    }

    /// As [`Wine::command`], before everything else that wants the processor, where that is
    /// permitted.
    pub fn command_in_real_time(&self, program: impl AsRef<Path>) -> Command {
        self.command_after(process::real_time(), program)
    }

    /// As [`Wine::command`], for a program that plays or records. What Windows does for the threads of such
    /// programs and of its mixer (MMCSS) Wine does not; here the whole program has it, where there is a
    /// sound server that waits for nobody, or [where it is asked for](Wine::let_sound_run_first), and where
    /// it is permitted.
    pub fn sound_command(&self, program: impl AsRef<Path>) -> Command {
        self.command_after(self.sound_first.get(), program)
    }

    /// From now on programs that play or record run before all others on the simulated card, too.
    pub fn let_sound_run_first(&self) {
        self.sound_first.set(process::real_time_for_sound());
    }

    /// Whether programs that play or record run before all others.
    pub fn sound_runs_first(&self) -> bool {
        !self.sound_first.get().is_empty()
    }

    /// As [`Wine::sound_command`], and what it plays to the default device goes to `sink`.
    pub fn command_to(&self, program: impl AsRef<Path>, sink: Sink) -> Command {
        let mut command = self.sound_command(program);
        command.env("PULSE_SINK", sink.name());
        command
    }

    fn command_after(&self, first: &[&str], program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        command.args(first).args(&self.through).arg(&self.loader);
        self.set_environment(&mut command);
        command.arg(program.as_ref());
        command
    }

    /// From now on our programs here have that configuration, or none.
    pub fn use_config(&self, config: Option<&Path>) {
        *self.config.borrow_mut() = config.map(Path::to_path_buf);
    }

    /// Registers or unregisters the driver as an installer would.
    pub fn register(&self, driver: &Path, wanted: bool) -> Result<Output> {
        let mut command = self.command("regsvr32");
        if !wanted {
            command.arg("/u");
        }
        self.run_registration(command, driver)
    }

    /// Registers the driver with the profiles of that configuration.
    pub fn register_as(&self, driver: &Path, config: &Path) -> Result<Output> {
        let mut command = self.command("regsvr32");
        command.env("ASIO2WASAPI_CONFIG", places::windows_path(config));
        self.run_registration(command, driver)
    }

    fn run_registration(&self, mut command: Command, driver: &Path) -> Result<Output> {
        command.arg("/s").arg(places::windows_path(driver));
        let log = self.logs.join("regsvr32");
        captured::succeed(&mut command, &log, Duration::from_secs(60))
    }

    fn set_environment(&self, command: &mut Command) {
        self.environment.apply(command);
        if let Some(config) = &*self.config.borrow() {
            command.env("ASIO2WASAPI_CONFIG", places::windows_path(config));
        }
        command
            .env("WINEPREFIX", &self.prefix)
            // Arguments reach programs whole whatever the language of whoever runs this; every Debian
            // has this one.
            .env("LC_ALL", "C.UTF-8")
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all");
        command
            .env("WINELOADER", &self.loader)
            .env("WINESERVER", &self.server);
        // No questions about .NET and HTML engines, no entries in the user's menus.
        command.env("WINEDLLOVERRIDES", "mscoree,mshtml=;winemenubuilder.exe=d");
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        let mut end = Command::new(&self.server);
        self.set_environment(&mut end);
        end.arg("-k");
        // Must run to its end after Ctrl-C too, hence not through `process`. It ends the programs
        // of this prefix and lets the server write the registry back.
        let _ = end.stdout(Stdio::null()).stderr(Stdio::null()).status();
        drop(self.daemon.take());
        remove_socket_folder(&self.prefix);
    }
}

/// Debian's Wine keeps its socket in a folder below /tmp that the prefix names, and leaves it.
fn remove_socket_folder(prefix: &Path) {
    if let Some(folder) = socket_folder(prefix) {
        // What cannot be removed is in use or gone.
        let _ = fs::remove_dir_all(folder);
        let _ = fs::remove_file(prefix.join(SOCKET_NOTE));
    }
}

/// The folder that Debian's Wine has noted in the prefix.
fn socket_folder(prefix: &Path) -> Option<PathBuf> {
    let note = fs::read_to_string(prefix.join(SOCKET_NOTE)).ok()?;
    let name = note.trim();
    let is_plain = name.chars().all(|c| c == '-' || c.is_ascii_alphanumeric());
    (name.starts_with("wine-") && is_plain).then(|| Path::new("/tmp").join(name))
}

/// Whether the prefix's server listens, in Debian's folder or in that of other Wines.
fn has_socket(prefix: &Path) -> bool {
    let Ok(about) = fs::metadata(prefix) else {
        return false;
    };
    let socket = format!("server-{:x}-{:x}/socket", about.dev(), about.ino());
    let common = PathBuf::from(format!("/tmp/.wine-{}", about.uid()));
    let folders = [socket_folder(prefix), Some(common)];
    folders
        .iter()
        .flatten()
        .any(|folder| folder.join(&socket).exists())
}
