//! `asio-check`: an ASIO host that checks a driver, also by what no host should do.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use hosts::checks::Check;
use hosts::material::RawFormat;

/// Checks an installed ASIO driver; one JSON object on standard output tells the outcome.
#[derive(Parser)]
#[command(
    name = "asio-check",
    after_help = "Examples:\n  asio-check list\n  \
    asio-check open --driver \"ASIO2WASAPI Shared\"\n  \
    asio-check open-close --driver \"ASIO2WASAPI Exclusive\" --count 50"
)]
struct Arguments {
    /// What to check
    check: Check,
    /// Name of the driver
    #[arg(long, value_name = "NAME")]
    driver: Option<String>,
    /// Rate in Hz; without it the driver's own
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Block in frames; without it the driver's preference
    #[arg(long, value_name = "FRAMES", value_parser = clap::value_parser!(u32).range(1..))]
    block: Option<u32>,
    /// For how long a stream runs
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    seconds: f64,
    /// How often to repeat
    #[arg(long, value_name = "N", default_value_t = 50)]
    count: u32,
    /// With guard: record, too
    #[arg(long)]
    record: bool,
    /// The second of two instances may be refused
    #[arg(long)]
    may_refuse: bool,
    /// A file of raw interleaved frames to play
    #[arg(long, value_name = "FILE", requires = "format")]
    input: Option<PathBuf>,
    /// Format of the input's samples: int32 or float32, whichever the driver has
    #[arg(long)]
    format: Option<RawFormat>,
    /// Channels of the input
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1024))]
    channels: u32,
    /// Silence after the input's last frame
    #[arg(long, value_name = "MS", default_value_t = 200)]
    tail_ms: u32,
    /// With play: do as real hosts when the driver asks for a reset: half a second later release it,
    /// load it and create buffers anew, and play on; try again while it refuses
    #[arg(long)]
    answer_resets: bool,
    /// With play: tell the instant of every callback, on the performance counter
    #[arg(long)]
    times: bool,
    /// With play: let one callback pause for so long
    #[arg(long, value_name = "MS", requires = "stall_at_callback")]
    stall_ms: Option<u64>,
    /// Which callback pauses, counted from 0
    #[arg(long, value_name = "N", requires = "stall_ms")]
    stall_at_callback: Option<u64>,
    /// After how long a check counts as hung
    #[arg(long, value_name = "S", default_value_t = 120)]
    limit: u64,
    /// Output is JSON anyway
    #[arg(long, hide = true)]
    json: bool,
}

#[cfg(not(windows))]
fn main() -> ExitCode {
    let _ = Arguments::parse();
    eprintln!("asio-check runs on Windows or under Wine only.");
    ExitCode::from(2)
}

#[cfg(windows)]
fn main() -> ExitCode {
    use std::time::Duration;

    use clap::{CommandFactory, ValueEnum, error::ErrorKind};
    use hosts::checks::{self, Input, Options, Stall};
    use hosts::sheet::Sheet;

    let arguments = Arguments::parse();
    let usage = |text: &str| -> ! {
        Arguments::command()
            .error(ErrorKind::MissingRequiredArgument, text)
            .exit()
    };
    let check = arguments.check;
    let driver = match arguments.driver {
        Some(driver) => driver,
        None if check == Check::List => String::new(),
        None => usage("this check needs --driver NAME"),
    };
    let input = match (arguments.input, arguments.format) {
        (Some(path), Some(format)) => Some(Input {
            path,
            format,
            channels: arguments.channels as usize,
            tail: Duration::from_millis(arguments.tail_ms.into()),
        }),
        _ if check == Check::Play => usage("play needs --input FILE and --format FORMAT"),
        _ => None,
    };
    let Ok(run) = Duration::try_from_secs_f64(arguments.seconds) else {
        usage("--seconds must be a number from 0 on");
    };
    let name = check
        .to_possible_value()
        .map_or(String::new(), |value| value.get_name().to_owned());
    let sheet = Sheet::new(name, &driver);
    let options = Options {
        driver,
        rate_hz: arguments.rate,
        block_frames: arguments.block,
        run,
        count: arguments.count,
        records: arguments.record,
        may_refuse: arguments.may_refuse,
        answer_resets: arguments.answer_resets,
        input,
        times: arguments.times,
        stall: arguments
            .stall_ms
            .zip(arguments.stall_at_callback)
            .map(|(ms, at_callback)| Stall {
                at_callback,
                pause: Duration::from_millis(ms),
            }),
    };
    sheet.run(Duration::from_secs(arguments.limit), |sheet| {
        checks::run(check, &options, sheet)
    })
}
