//! `wasapi-client`: a bare WASAPI program that plays, records, does both, checks and watches.

use std::process::ExitCode;

#[cfg(not(windows))]
fn main() -> ExitCode {
    eprintln!("wasapi-client runs on Windows or under Wine only.");
    ExitCode::from(2)
}

#[cfg(windows)]
fn main() -> ExitCode {
    match run::main() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(windows)]
mod run {
    use std::path::{Path, PathBuf};
    use std::process::ExitCode;
    use std::str::FromStr;
    use std::time::Duration;

    use engine::format::SampleFormat;
    use simcard_wasapi::client::{How, Wish, check, duplex, play, record, watch};

    const USAGE: &str = "wasapi-client play --input RAW [options]
wasapi-client record --output RAW --seconds N [options]
wasapi-client duplex --input RAW --output RAW [--capture-device NAME] [options]
wasapi-client check [--device NAME]
wasapi-client watch --seconds N

Options: --device NAME  --how shared|low-latency|exclusive|exclusive-timer|loopback
         --format int16|int24|int24in32|int32|float32  --rate HZ  --period FRAMES
Raw files hold interleaved frames of the format with the device's channels. Reports are JSON.
duplex plays --input and records --output at once.";

    struct Arguments {
        wish: Wish,
        input: Option<PathBuf>,
        output: Option<PathBuf>,
        capture_device: Option<String>,
        seconds: f64,
    }

    fn parse<T: FromStr>(text: &str) -> Result<T, String> {
        text.parse()
            .map_err(|_| format!("'{text}' is no such value.\n\n{USAGE}"))
    }

    fn arguments(
        mut words: impl Iterator<Item = String>,
        renders: bool,
    ) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            wish: Wish {
                renders,
                device: None,
                how: How::Shared,
                sample: SampleFormat::Float32,
                rate_hz: None,
                period_frames: None,
            },
            input: None,
            output: None,
            capture_device: None,
            seconds: 0.0,
        };
        let wish = &mut arguments.wish;
        while let Some(word) = words.next() {
            let value = words.next().ok_or(USAGE)?;
            match &*word {
                "--input" => arguments.input = Some(value.into()),
                "--output" => arguments.output = Some(value.into()),
                "--capture-device" => arguments.capture_device = Some(value),
                "--seconds" => arguments.seconds = parse(&value)?,
                "--device" => wish.device = Some(value),
                "--rate" => wish.rate_hz = Some(parse(&value)?),
                "--period" => wish.period_frames = Some(parse(&value)?),
                "--format" => wish.sample = SampleFormat::from_name(&value).ok_or(USAGE)?,
                "--how" => {
                    wish.how = match &*value {
                        "shared" => How::Shared,
                        "low-latency" => How::LowLatency,
                        "exclusive" => How::Exclusive,
                        "exclusive-timer" => How::ExclusiveTimer,
                        "loopback" => How::Loopback,
                        _ => return Err(USAGE.into()),
                    }
                }
                _ => return Err(USAGE.into()),
            }
        }
        Ok(arguments)
    }

    fn json(value: &impl serde::Serialize) -> Result<(), String> {
        println!(
            "{}",
            serde_json::to_string(value).map_err(|error| error.to_string())?
        );
        Ok(())
    }

    fn read(path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| format!("Cannot read {}: {error}.", path.display()))
    }

    fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
        std::fs::write(path, bytes)
            .map_err(|error| format!("Cannot write {}: {error}.", path.display()))
    }

    pub fn main() -> Result<ExitCode, String> {
        let mut words = std::env::args().skip(1);
        let command = words.next().ok_or(USAGE)?;
        let renders = matches!(&*command, "play" | "duplex");
        let Arguments {
            wish,
            input,
            output,
            capture_device,
            seconds,
        } = arguments(words, renders)?;
        simcard_wasapi::system::enter_apartment();
        match &*command {
            "play" => {
                let bytes = read(&input.ok_or(USAGE)?)?;
                json(&play(&wish, &bytes).map_err(|failure| failure.to_string())?)?;
            }
            "record" => {
                let path = output.ok_or(USAGE)?;
                let (report, bytes) =
                    record(&wish, seconds).map_err(|failure| failure.to_string())?;
                write(&path, &bytes)?;
                json(&report)?;
            }
            "duplex" => {
                let path = output.ok_or(USAGE)?;
                let bytes = read(&input.ok_or(USAGE)?)?;
                let recording = Wish {
                    renders: false,
                    device: capture_device,
                    ..wish.clone()
                };
                let (report, bytes) =
                    duplex(&wish, &recording, &bytes).map_err(|failure| failure.to_string())?;
                write(&path, &bytes)?;
                json(&report)?;
            }
            "check" => {
                let findings =
                    check(wish.device.as_deref()).map_err(|failure| failure.to_string())?;
                for finding in &findings {
                    json(finding)?;
                }
                if findings.iter().any(|finding| !finding.good) {
                    return Ok(ExitCode::FAILURE);
                }
            }
            "watch" => {
                let lines = watch(Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0)));
                json(&lines.map_err(|failure| failure.to_string())?)?;
            }
            _ => return Err(USAGE.into()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
