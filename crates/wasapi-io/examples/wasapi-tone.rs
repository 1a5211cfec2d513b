//! Lists the system's sound devices, or plays a known signal on one of them, to try a device or a
//! system out without any ASIO program.
//!
//! ```text
//! wasapi-tone list
//! wasapi-tone play [shared|exclusive] [--device ID] [--rate HZ] [--block FRAMES]
//!                  [--format int16|int24|int24in32|int32|float32] [--seconds N]
//!                  [--signal tone|noise] [--rounds N]
//! ```
//!
//! `noise` is half a second of silence, then full-range noise that depends on nothing but the
//! position, so that a recording can be compared with it bit by bit.

#[cfg(windows)]
fn main() -> std::process::ExitCode {
    match program::run(std::env::args().skip(1).collect()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(windows))]
fn main() {
    eprintln!("This program needs Windows or Wine.");
}

#[cfg(windows)]
mod program {
    use engine::endpoint::{Device, OpenRequest, RenderEndpoint, Wake};
    use engine::format::{SampleFormat, StreamFormat};
    use wasapi_io::{Mode, Options, Selection, WasapiDevice, hresult_name};

    pub fn run(arguments: Vec<String>) -> Result<(), String> {
        match arguments.first().map(String::as_str) {
            Some("list") => list(),
            Some("play") => play(&Wishes::parse(&arguments[1..])?),
            _ => Err("Say what to do: list or play; see the beginning of the source.".into()),
        }
    }

    fn list() -> Result<(), String> {
        for endpoint in wasapi_io::list().map_err(|error| error.to_string())? {
            let default = if endpoint.is_default { ", default" } else { "" };
            let (direction, state) = (endpoint.direction.name(), endpoint.state.name());
            println!(
                "{} ({direction}, {}, {state}{default})",
                endpoint.name, endpoint.form_factor
            );
            println!("  {}", endpoint.id);
            match endpoint.formats {
                Err(error) => println!("  {error}"),
                Ok(formats) => {
                    let mix = formats.mix.map_or("unknown".into(), |mix| mix.to_string());
                    let (usual, least) = (formats.period_default, formats.period_min);
                    println!("  mix {mix}");
                    println!("  period {} frames, {} ms", usual.frames, usual.ms);
                    println!("  shortest period {} frames, {} ms", least.frames, least.ms);
                    for format in formats.exclusive {
                        println!("  exclusive {format}");
                    }
                }
            }
        }
        Ok(())
    }

    #[derive(Default)]
    struct Wishes {
        exclusive: bool,
        device: Option<String>,
        rate_hz: Option<u32>,
        block_frames: Option<u32>,
        format: Option<SampleFormat>,
        seconds: Option<u32>,
        rounds: Option<u32>,
        noise: bool,
    }

    impl Wishes {
        fn parse(arguments: &[String]) -> Result<Self, String> {
            let mut wishes = Wishes::default();
            let mut rest = arguments.iter();
            while let Some(name) = rest.next() {
                match name.as_str() {
                    "shared" => wishes.exclusive = false,
                    "exclusive" => wishes.exclusive = true,
                    _ => {
                        let value = rest.next().ok_or(format!("{name} wants a value."))?;
                        wishes.set(name, value)?;
                    }
                }
            }
            Ok(wishes)
        }

        fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
            let number = || {
                value
                    .parse::<u32>()
                    .map(Some)
                    .map_err(|_| format!("{value} is not a number."))
            };
            match name {
                "--device" => self.device = Some(value.to_owned()),
                "--rate" => self.rate_hz = number()?,
                "--block" => self.block_frames = number()?,
                "--seconds" => self.seconds = number()?,
                "--rounds" => self.rounds = number()?,
                "--signal" => self.noise = value == "noise",
                "--format" => {
                    let format = SampleFormat::from_name(value);
                    self.format = Some(format.ok_or(format!("There is no format {value}."))?);
                }
                _ => return Err(format!("There is no option {name}.")),
            }
            Ok(())
        }
    }

    fn play(wishes: &Wishes) -> Result<(), String> {
        let selection = wishes
            .device
            .clone()
            .map_or(Selection::DefaultRender, Selection::Id);
        let mode = if wishes.exclusive {
            Mode::Exclusive
        } else {
            Mode::Shared
        };
        let formats = wishes
            .format
            .map_or(SampleFormat::PREFERENCE.to_vec(), |format| vec![format]);
        let device = WasapiDevice::new(selection, mode, Options { formats });

        let info = device.describe().map_err(|error| error.to_string())?;
        println!("{info:?}");
        let rate_hz = wishes.rate_hz.unwrap_or(info.rate_hz);
        device
            .check_rate(rate_hz)
            .map_err(|error| error.to_string())?;
        let block_frames = wishes.block_frames.unwrap_or(info.period_frames_default);
        let request = OpenRequest {
            rate_hz,
            block_frames,
        };
        for _ in 0..wishes.rounds.unwrap_or(1) {
            let mut stream = device.open(request).map_err(|error| error.to_string())?;
            println!("{}; {:?}", stream.format(), stream.timing());
            stream.start().map_err(|error| error.to_string())?;
            if let Some(code) = device.priority_error() {
                println!("no real-time priority: {}", hresult_name(code));
            }
            let report = feed(&mut *stream, wishes);
            stream.stop();
            println!("{}", report?);
        }
        Ok(())
    }

    /// Plays the signal, then a second of silence; tells what happened.
    fn feed(stream: &mut dyn RenderEndpoint, wishes: &Wishes) -> Result<String, String> {
        let format = stream.format();
        let seconds = wishes.seconds.unwrap_or(3);
        let signal_frames = u64::from(seconds) * u64::from(format.rate_hz);
        let last_frame = signal_frames + u64::from(format.rate_hz);
        let value = if wishes.noise { noise } else { tone };
        let (mut position, mut cycles, mut underruns, mut idle) = (0_u64, 0, 0, 0);
        let (mut sizes, mut wakes_ns) = (Vec::new(), Vec::new());
        while position < last_frame {
            match stream.wait() {
                Wake::Due => {}
                Wake::Interrupted => continue,
                Wake::TimedOut => return Err("The device keeps silent.".into()),
                Wake::Lost(fault) => return Err(lost(fault)),
            }
            let handed_over = stream.cycle(&mut |due| {
                underruns += u32::from(due.underrun);
                wakes_ns.push(due.now_ns);
                fill(due.bytes, &format, position, signal_frames, value);
            });
            let frames = handed_over.map_err(lost)?;
            idle += u32::from(frames == 0);
            cycles += 1;
            position += u64::from(frames);
            sizes.push(frames);
        }
        sizes.sort_unstable();
        let mut pauses_us: Vec<u64> = wakes_ns
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) / 1_000)
            .collect();
        pauses_us.sort_unstable();
        let mid = |sorted: &[u64]| sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        Ok(format!(
            "{position} frames in {cycles} cycles of {}..{} frames (p50 {}), {idle} idle, \
             {underruns} underruns, pause p50 {} us, longest {} us",
            sizes.first().unwrap_or(&0),
            sizes.last().unwrap_or(&0),
            sizes.get(sizes.len() / 2).unwrap_or(&0),
            mid(&pauses_us),
            pauses_us.last().unwrap_or(&0),
        ))
    }

    fn lost(fault: engine::endpoint::StreamFault) -> String {
        format!(
            "{:?}: {} (0x{:08X})",
            fault.kind,
            hresult_name(fault.code),
            fault.code
        )
    }

    type Value = fn(frame: u64, channel: u64, format: &StreamFormat) -> i32;

    fn fill(bytes: &mut [u8], format: &StreamFormat, begin: u64, end: u64, value: Value) {
        let sample_bytes = format.sample.bytes();
        for (index, frame) in bytes.chunks_exact_mut(format.frame_bytes()).enumerate() {
            let position = begin + index as u64;
            for (channel, sample) in frame.chunks_exact_mut(sample_bytes).enumerate() {
                let sounds = position < end && position >= u64::from(format.rate_hz) / 2;
                let full = if sounds {
                    value(position, channel as u64, format)
                } else {
                    0
                };
                match format.sample {
                    SampleFormat::Float32 => {
                        let float = (full >> 8) as f32 / 8_388_608.0;
                        sample.copy_from_slice(&float.to_le_bytes());
                    }
                    SampleFormat::Int24In32 => {
                        sample.copy_from_slice(&(full & !0xFF).to_le_bytes());
                    }
                    _ => sample.copy_from_slice(&full.to_le_bytes()[4 - sample_bytes..]),
                }
            }
        }
    }

    fn tone(frame: u64, _channel: u64, format: &StreamFormat) -> i32 {
        let turn = frame as f64 * 440.0 / f64::from(format.rate_hz);
        ((turn * std::f64::consts::TAU).sin() * 0.2 * f64::from(i32::MAX)) as i32
    }

    /// Full-range noise that is a function of position and channel.
    fn noise(frame: u64, channel: u64, format: &StreamFormat) -> i32 {
        let mut bits = (frame * u64::from(format.channels) + channel) as u32;
        bits = (bits ^ (bits >> 16)).wrapping_mul(0x7FEB_352D);
        bits = (bits ^ (bits >> 15)).wrapping_mul(0x846C_A68B);
        (bits ^ (bits >> 16)) as i32
    }
}
