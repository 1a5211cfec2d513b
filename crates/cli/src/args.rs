//! The command line.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use session::product::DRIVERS;

use crate::simulate::SimulateArguments;

/// ASIO programs on Windows' own sound devices: what there is, setting it up, trying it out.
#[derive(Debug, Parser)]
#[command(
    name = "asio2wasapi",
    version,
    after_help = "\
Examples:
  asio2wasapi register              put the drivers into every ASIO program's list
  asio2wasapi devices               what can be played to, and how
  asio2wasapi play song.wav         listen to the driver's work
  asio2wasapi record take.wav --loopback default
                                    record what the computer plays
  asio2wasapi doctor                why there is no sound
  asio2wasapi route                 several programs on one device, until Ctrl-C
  asio2wasapi status --watch        what runs, its latency, what goes wrong
  asio2wasapi validate FlexASIO     whether any ASIO driver does what programs rely on

Exit status: 0 done, 1 failed (standard error says why), 2 wrong usage, 5 needs an administrator."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the sound devices: names, mix formats, periods, exclusive formats
    Devices {
        /// Print one JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// List the installed ASIO drivers, of any maker, 64- and 32-bit
    Drivers {
        /// Print one JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Choose the devices of each driver, their mode and more: the configuration file
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Install this project's ASIO drivers, one for each profile (needs an administrator)
    ///
    /// Writes the COM classes and the entries in the ASIO list, and removes those of profiles that
    /// are no more. asio2wasapi.dll serves 64-bit programs and asio2wasapi32.dll 32-bit programs. The
    /// DLLs stay where they are. Doing it again, for instance after they have moved, does no harm.
    Register {
        /// The driver DLL; without this asio2wasapi.dll and asio2wasapi32.dll beside this program
        #[arg(long, value_name = "PATH")]
        dll: Option<PathBuf>,
    },
    /// Remove what `register` has written (needs an administrator)
    Unregister,
    /// Play a WAV file through an ASIO driver
    Play(PlayArguments),
    /// Record a device, what it plays, what a program plays, or an ASIO driver, to a WAV file
    Record(RecordArguments),
    /// Play a WAV file onto a sound card that exists only in this program
    Simulate(SimulateArguments),
    /// Look for whatever keeps this project's drivers from working
    ///
    /// Tells what is installed, which DLL it is, which device and format each driver would open, and
    /// what is wrong. The exit status is 1 when something is broken.
    Doctor {
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Show which programs use the drivers now, and how that goes
    Status(StatusArguments),
    /// Run the router: several ASIO programs on one device
    Route(RouteArguments),
    /// Check whether an ASIO driver, of any maker, does what programs rely on
    Validate(ValidateArguments),
    /// An ASIO driver in a process of its own, for the router that has started this
    #[command(hide = true)]
    HostDriver(HostDriverArguments),
    /// One check of `validate`, in a process of its own
    #[command(hide = true)]
    ValidateCheck(ValidateCheckArguments),
}

/// What `profile` can do.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  asio2wasapi profile list
  asio2wasapi profile set \"ASIO2WASAPI Shared\" \"output=Headphones\"
  asio2wasapi profile set \"ASIO2WASAPI Shared\" \"output=['USB Mixer', 'default']\" block_frames=256
  asio2wasapi profile new Studio --like \"ASIO2WASAPI Exclusive\" rate_hz=96000
  asio2wasapi profile set Studio rate_hz=          back to the default

A value is TOML; where it is none it stands for a text without quotes. `devices` lists what can be an
output or an input, and `profile show` what else can be set.")]
pub enum ProfileCommand {
    /// List the profiles, each of which is an ASIO driver
    List {
        /// Print one JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show all of a profile, as it can be written in the file
    Show {
        /// Name of the profile
        name: String,
        /// Print one JSON object instead
        #[arg(long)]
        json: bool,
    },
    /// Make a profile
    New {
        /// Its name, and the driver's: at most 31 letters
        name: String,
        /// The profile that it is to be like
        #[arg(long, value_name = "NAME")]
        like: Option<String>,
        /// What is to be different
        #[arg(value_name = "KEY=VALUE", value_parser = setting)]
        settings: Vec<Setting>,
    },
    /// Change a profile
    Set {
        /// Name of the profile
        name: String,
        /// What is to be different; without a value the default holds again
        #[arg(value_name = "KEY=VALUE", value_parser = setting, required = true)]
        settings: Vec<Setting>,
    },
    /// Take a profile out of the file; a built-in one has its defaults again
    Remove {
        /// Name of the profile
        name: String,
    },
    /// Print where the configuration file belongs
    Path,
    /// Look whether the configuration file is right
    Check {
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
}

/// A key and its value; an empty one stands for the default.
pub type Setting = (String, String);

fn setting(text: &str) -> Result<Setting, String> {
    match text.split_once('=') {
        Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
        None => Err("write it with an equals sign, as in mode=shared".to_owned()),
    }
}

/// What `validate` wants to know.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  asio2wasapi validate --list
  asio2wasapi validate \"ASIO2WASAPI Shared\"
  asio2wasapi validate \"FlexASIO\" --check call-orders --check random-calls --seed 7

Each check runs in a process of its own: a crash or a hang is a result like any other. The driver
plays silence meanwhile. The exit status is 1 when a check failed or crashed.")]
pub struct ValidateArguments {
    /// Name of an installed ASIO driver; `drivers` lists them
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub driver: Option<String>,
    /// Only this check; can be given several times
    #[arg(long, value_name = "ID", value_parser = check_ids())]
    pub check: Vec<String>,
    /// List the checks and what each guards against
    #[arg(long)]
    pub list: bool,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Repeat everything random of a run that printed this seed
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Fewer rounds and shorter streams
    #[arg(long)]
    pub quick: bool,
    /// Seconds that a check may take before it counts as hung
    #[arg(long, value_name = "S", default_value_t = validator::Settings::LIMIT.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
    /// Write the JSON object to a file, too
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// What the process of a driver is told.
#[derive(Debug, Args)]
pub struct HostDriverArguments {
    /// A name that the driver may have, the most wanted first
    #[arg(long = "driver", value_name = "NAME", required = true)]
    pub drivers: Vec<String>,
    /// Channels to play
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=64))]
    pub outputs: u32,
    /// Channels to record
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=64))]
    pub inputs: u32,
    /// The rate in Hz; without this the hardware's
    #[arg(long)]
    pub rate: Option<u32>,
    /// Frames in a cycle; without this the hardware's
    #[arg(long, value_parser = clap::value_parser!(u32).range(16..=8192))]
    pub cycle: Option<u32>,
}

/// What the process of a single check is told.
#[derive(Debug, Args)]
pub struct ValidateCheckArguments {
    /// Class of the driver
    pub clsid: String,
    /// Id of the check
    #[arg(value_parser = check_ids())]
    pub check: String,
    /// The seed
    #[arg(long)]
    pub seed: u64,
    /// Fewer rounds
    #[arg(long)]
    pub quick: bool,
    /// Seconds that the parent waits
    #[arg(long)]
    pub limit: u64,
}

fn check_ids() -> PossibleValuesParser {
    validator::CHECKS
        .iter()
        .map(|check| check.id)
        .collect::<Vec<_>>()
        .into()
}

/// What `route` wants to know.
#[derive(Debug, Args)]
#[command(after_help = "\
The router has the devices, so that nobody else needs them: programs that use the driver ASIO2WASAPI
Router play to it, all at once, and what they play is mixed. It plays to the default device; the part
[router] of the configuration file says otherwise. One runs for each user, until Ctrl-C. The driver
starts one by itself if there is none, which ends some seconds after its last program.

Examples:
  asio2wasapi route                              run it, until Ctrl-C
  asio2wasapi route list                         who is there, what goes where, how loud
  asio2wasapi route set Reaper Output --gain -6  the program Reaper at -6 dB, from now on
  asio2wasapi route remove Reaper Output
  asio2wasapi route mix live --mute true         all that `set` has set, silent
  asio2wasapi route save                         keep it in the configuration file
  asio2wasapi route record start Take            write the sink Take, a file, from now on
  asio2wasapi route watch                        who comes and goes, what is lost and back, live
  asio2wasapi route end")]
pub struct RouteArguments {
    /// What the router that runs is to do; without this, run it
    #[command(subcommand)]
    pub command: Option<RouteCommand>,
    /// End when no program needs it; so the driver starts it
    #[arg(long)]
    pub on_demand: bool,
}

/// What can be asked of the router that runs.
#[derive(Debug, Subcommand)]
pub enum RouteCommand {
    /// Tell who is there, what goes where and how loud, and what happened last
    List {
        /// Print one JSON object instead
        #[arg(long)]
        json: bool,
        /// Show it again every second until Ctrl-C
        #[arg(long)]
        watch: bool,
    },
    /// Let sound go from a source or a program to a sink, or change what is on its way
    ///
    /// A program is named by a part of its name. From then on it is heard only where routes lead.
    Set {
        /// A source, or a part of a program's name
        from: String,
        /// A sink, or a part of a program's name
        to: String,
        /// Where it is.
        #[command(flatten)]
        place: RoutePlace,
        /// Gain in dB, -144 to 24
        #[arg(long, value_name = "DB", allow_negative_numbers = true)]
        gain: Option<f64>,
        /// Silent or not
        #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
        mute: Option<bool>,
        /// Alone or not
        #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
        solo: Option<bool>,
        /// Turned over or not
        #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
        invert: Option<bool>,
    },
    /// Take a route out
    Remove {
        /// The source
        from: String,
        /// The sink
        to: String,
        /// Where it is.
        #[command(flatten)]
        place: RoutePlace,
    },
    /// Set gain and mute of a whole mix
    Mix {
        /// Its name
        name: String,
        /// Gain in dB, -144 to 24
        #[arg(long, value_name = "DB", allow_negative_numbers = true)]
        gain: Option<f64>,
        /// Silent or not
        #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
        mute: Option<bool>,
    },
    /// Tell what happens as it happens, until Ctrl-C or the router's end
    Watch {
        /// Print one JSON object a line instead
        #[arg(long)]
        json: bool,
    },
    /// Start or stop the file of a sink that is one
    Record {
        /// Which of both
        what: RecordWhat,
        /// The sink
        sink: String,
        /// The router's frame at which, as `route list --json` counts it; without this at once
        #[arg(long, value_name = "FRAME")]
        at: Option<u64>,
    },
    /// Write the mixes as they are now into the configuration file
    Save,
    /// End the router
    End,
}

/// What `route record` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RecordWhat {
    /// Begin a new file
    Start,
    /// End the file
    Stop,
}

/// Where a route is.
#[derive(Debug, Args)]
pub struct RoutePlace {
    /// The mix; without this the one called live
    #[arg(long, value_name = "NAME")]
    pub mix: Option<String>,
    /// One channel of each, as in 1:2; without this each to its like
    #[arg(long, value_name = "FROM:TO", value_parser = channel_pair)]
    pub channels: Option<(u32, u32)>,
}

fn channel_pair(text: &str) -> Result<(u32, u32), String> {
    let pair = text
        .split_once(':')
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    pair.ok_or_else(|| "write two numbers with a colon, as in 1:2".to_owned())
}

/// What `status` wants to know.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  asio2wasapi status                  programs, devices, latency, dropouts, the last events
  asio2wasapi status --watch          the same every second until Ctrl-C
  asio2wasapi status --last           what happened in the last session, from beginning to end
  asio2wasapi status --last 3 --json  the last three, for scripts

A session is what a program does with a driver, from its start to its end. The last ten are kept in
%LOCALAPPDATA%\\asio2wasapi, or in the folder that ASIO2WASAPI_STATE names. Set ASIO2WASAPI_LOG to the
path of a file to have every event written there as well. Times are UTC.")]
pub struct StatusArguments {
    /// Show it again every second until Ctrl-C
    #[arg(long, conflicts_with = "last")]
    pub watch: bool,
    /// Print JSON instead of text; with --watch one object a line
    #[arg(long)]
    pub json: bool,
    /// Show the record of the last session, or of so many
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub last: Option<u32>,
    /// Show so many of the last events; without this 5 of what runs and 40 of a record
    #[arg(long, value_name = "N")]
    pub events: Option<usize>,
}

/// What `play` wants to know.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  asio2wasapi play song.wav
  asio2wasapi play song.wav --driver \"ASIO2WASAPI Exclusive\" --block 480

The file may hold integers of up to 32 bits or 32-bit floats. Channel 1 of the file goes to
channel 1 of the driver and so on; a mono file goes to the first two. The driver must take the
file's rate: nothing is resampled.")]
pub struct PlayArguments {
    /// The WAV file
    #[arg(value_name = "FILE.wav")]
    pub file: PathBuf,
    /// Name of an installed ASIO driver; `drivers` lists them
    #[arg(long, value_name = "NAME", default_value = DRIVERS[0].name)]
    pub driver: String,
    /// Frames that the driver asks for at a time; without this the driver's preference
    #[arg(long, value_name = "FRAMES", value_parser = clap::value_parser!(u32).range(1..))]
    pub block: Option<u32>,
    /// Print one JSON object when done, and no progress
    #[arg(long)]
    pub json: bool,
}

/// What `record` wants to know.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  asio2wasapi record take.wav                               the default device
  asio2wasapi record take.wav --loopback default            what the default device plays
  asio2wasapi record take.wav --program browser.exe         what a program plays, and those it started
  asio2wasapi record take.wav --driver \"My Interface\" --seconds 60

Enter ends it. A file beyond 4 GiB becomes an RF64 file. A program by itself can be recorded from Windows
10 version 2004 on. Nothing is resampled: the device must have the rate.")]
pub struct RecordArguments {
    /// The file to be made; one that is there is never overwritten
    #[arg(value_name = "FILE.wav")]
    pub file: PathBuf,
    /// Record this device; without this and without the others the default one
    #[arg(long, value_name = "NAME", group = "source")]
    pub device: Option<String>,
    /// Record what this device plays, whoever plays it; `default` is the default one
    #[arg(long, value_name = "NAME", group = "source")]
    pub loopback: Option<String>,
    /// Record what this program and those that it started play; `all` is all but this one
    #[arg(long, value_name = "NAME", group = "source")]
    pub program: Option<String>,
    /// Record the hardware of an ASIO driver of another maker; `drivers` lists them
    #[arg(long, value_name = "NAME", group = "source")]
    pub driver: Option<String>,
    /// End after so many seconds
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Frames per second; without this the device's own
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// int16, int24, int32 or float32; without this as the device has it
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Print one JSON object when done, and no progress
    #[arg(long)]
    pub json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok(seconds),
        _ => Err("write a number of seconds, as in 2.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn play_needs_no_more_than_a_file() {
        let arguments = Arguments::try_parse_from(["asio2wasapi", "play", "a.wav"]).expect("valid");
        let Command::Play(play) = arguments.command else {
            panic!("{arguments:?}")
        };
        assert_eq!(
            (play.driver.as_str(), play.block),
            ("ASIO2WASAPI Shared", None)
        );
    }

    #[test]
    fn the_last_session_is_one_unless_told_otherwise() {
        let last = |line: &[&str]| match Arguments::try_parse_from(line).map(|all| all.command) {
            Ok(Command::Status(status)) => status.last,
            other => panic!("{other:?}"),
        };
        assert_eq!(last(&["asio2wasapi", "status"]), None);
        assert_eq!(last(&["asio2wasapi", "status", "--last"]), Some(1));
        assert_eq!(last(&["asio2wasapi", "status", "--last", "3"]), Some(3));
    }

    #[test]
    fn wrong_usage_has_status_2() {
        for line in [
            &["asio2wasapi"][..],
            &["asio2wasapi", "fly"],
            &["asio2wasapi", "play"],
            &["asio2wasapi", "play", "a.wav", "--block", "0"],
            &["asio2wasapi", "record"],
            &["asio2wasapi", "record", "a.wav", "--seconds", "-1"],
            &[
                "asio2wasapi",
                "record",
                "a.wav",
                "--device",
                "A",
                "--loopback",
                "B",
            ],
            &["asio2wasapi", "status", "--last", "0"],
            &["asio2wasapi", "status", "--last", "--watch"],
            &["asio2wasapi", "validate"],
            &["asio2wasapi", "validate", "Driver", "--check", "nonsense"],
            &["asio2wasapi", "validate", "Driver", "--timeout", "0"],
            &["asio2wasapi", "profile"],
            &["asio2wasapi", "profile", "set", "Studio"],
            &["asio2wasapi", "profile", "set", "Studio", "mode"],
            &["asio2wasapi", "route", "set", "Reaper"],
            &["asio2wasapi", "route", "set", "A", "B", "--channels", "1"],
        ] {
            let error = Arguments::try_parse_from(line).expect_err("refused");
            assert_eq!(error.exit_code(), 2, "{line:?}");
        }
    }
}
