//! The machine's description: a text file with a setting in each line.
//!
//! ```text
//! # Comments begin with a hash; leading spaces mean nothing.
//! seed 1
//! stall 1ms                   # wake-ups of the service later than this stop the card's time
//! card Desk
//!   clock ppm 50              # fast by 50 millionths
//!   clock sine 20 60s         # and swinging by 20 millionths in 60 seconds
//!   clock step 10s -30        # from 10 s on slow by 30 millionths
//!   wake fixed 20us           # programs run so long after a signal,
//!   wake jitter 50us          # and some more, with this root mean square
//!   render OUT                # a DAC named OUT; what follows describes it
//!     channels 2
//!     mask 0x3
//!     mix 48000               # the mixer's rate
//!     rates 44100 48000 96000 # in exclusive mode
//!     formats int32 int24in32 int24 int16 float32
//!     period 10ms             # usual
//!     min-period 3ms          # in exclusive mode
//!     fundamental 16          # the mixer's periods are multiples of this, in frames
//!     engine-min 128          # and no shorter than this, in frames
//!     packet 128              # exclusive buffers are whole packets of so many bytes; 1: no rule
//!     timer-periods 1         # exclusive buffers without events have this many periods at least
//!     latency 24              # frames from the buffer to the analogue output
//!   capture IN
//! hardware Simcard Hardware   # a card with an ASIO driver instead; one at most
//!   blocks 256 128 512        # its block sizes in frames, the preferred one first
//!   sample int32              # or int24
//!   render HW OUT
//!   capture HW IN
//! cable OUT 1 2 -> IN 1 2 delay 0
//! at 2.5s lose OUT            # a fault; times count from the first start of a stream
//! ```
//!
//! Hardware has clock and converters like a card, and needs both a DAC and an ADC. What is not said is
//! as with [`EndpointSpec::stereo`]. Faults are those of [`simcard::fault`].

use engine::format::SampleFormat;
use simcard::clock::{Sine, Step};
use simcard::fault::{Scheduled, parse_line};
use simcard::spec::{CardSpec, EndpointSpec};
use simcard::{Cable, World};

use crate::hardware::HardwareSpec;

/// What is taken for a stall when nothing is said, in nanoseconds.
const STALL_NS: u64 = 1_000_000;

/// A description that makes sense line by line. [`Config::build`] tells whether it does as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// All that is random follows from it.
    pub seed: u64,
    /// Wake-ups of the service that are later than this stop the card's time, in nanoseconds.
    pub stall_ns: u64,
    /// The cards.
    pub cards: Vec<CardSpec>,
    /// The hardware with a driver of its own, if there is some.
    pub hardware: Option<HardwareSpec>,
    /// The cables, by names.
    cables: Vec<NamedCable>,
    /// The faults; their times count from the first start of a stream.
    pub script: Vec<Scheduled>,
}

#[derive(Clone, Debug, PartialEq)]
struct NamedCable {
    from: String,
    from_channels: Vec<u16>,
    to: String,
    to_channels: Vec<u16>,
    delay_frames: u32,
}

impl Config {
    /// One stereo card, `OUT` and `IN` joined by a cable, and hardware that is joined likewise.
    pub const DEFAULT: &'static str = "\
        card Simulated Card\n render OUT\n capture IN\n\
        hardware Simcard Hardware\n blocks 256 128 512 1024\n\
        render HW OUT\n latency 38\n capture HW IN\n latency 41\n\
        cable OUT 1 2 -> IN 1 2\ncable HW OUT 1 2 -> HW IN 1 2\n";

    /// Reads a description.
    ///
    /// # Errors
    /// One sentence with the line's number and what would do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader {
            config: Self {
                seed: 1,
                stall_ns: STALL_NS,
                cards: Vec::new(),
                hardware: None,
                cables: Vec::new(),
                script: Vec::new(),
            },
            capture: false,
            in_hardware: false,
        };
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let read = reader.line(line);
                read.map_err(|why| format!("Line {number}: {why}"))?;
            }
        }
        Ok(reader.config)
    }

    /// For each endpoint of the machine, in the order of their numbers, the name of its card. Those of
    /// the hardware come last: they are none of the system's devices.
    pub fn card_names(&self) -> Vec<String> {
        let endpoints = |card: &CardSpec| card.render.iter().chain(&card.capture).count();
        let names = |card| std::iter::repeat_n(card, endpoints(card));
        self.cards
            .iter()
            .chain(self.hardware.as_ref().map(|hardware| &hardware.card))
            .flat_map(names)
            .map(|card| card.name.clone())
            .collect()
    }

    /// The machine, with cards and cables and without its faults.
    ///
    /// # Errors
    /// One sentence: a card or a cable that cannot be.
    pub fn build(&self) -> Result<World, String> {
        let mut world = World::new(self.seed);
        for card in &self.cards {
            world.add_card(card)?;
        }
        if let Some(hardware) = &self.hardware {
            let ids = world.add_card(&hardware.checked_card()?)?;
            ids.into_iter().flatten().for_each(|id| world.unlist(id));
        }
        if world.endpoint_ids().next().is_none() {
            return Err(
                "The machine has no endpoint; describe a card with 'render' or 'capture'.".into(),
            );
        }
        for cable in &self.cables {
            let find = |name: &str| {
                let found = world.find(name);
                found.ok_or_else(|| format!("The cable's end '{name}' is no endpoint's name."))
            };
            let (from, to) = (find(&cable.from)?, find(&cable.to)?);
            world.connect(Cable {
                from,
                from_channels: cable.from_channels.clone(),
                to,
                to_channels: cable.to_channels.clone(),
                delay_frames: cable.delay_frames,
            })?;
        }
        // Names in the script are checked now, not when it begins.
        world.check_script(&self.script)?;
        Ok(world)
    }
}

struct Reader {
    config: Config,
    /// The lines describe the ADC rather than the DAC.
    capture: bool,
    /// They describe the hardware rather than the last card.
    in_hardware: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let (key, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let unknown = || {
            format!(
                "'{line}' is no setting, or its value is none; see the description of the file."
            )
        };
        match key {
            "seed" => self.config.seed = rest.parse().map_err(|_| unknown())?,
            "stall" => self.config.stall_ns = duration_ns(rest).ok_or_else(unknown)?,
            "at" => self.config.script.push(parse_line(line)?),
            "cable" => self.config.cables.push(cable(rest).ok_or_else(unknown)?),
            "card" if !rest.is_empty() => {
                self.in_hardware = false;
                self.config.cards.push(CardSpec {
                    render: None,
                    capture: None,
                    ..CardSpec::stereo(rest)
                });
            }
            "hardware" if !rest.is_empty() && self.config.hardware.is_none() => {
                self.in_hardware = true;
                self.config.hardware = Some(HardwareSpec::new(rest));
            }
            _ => self.card_line(key, rest).ok_or_else(unknown)?,
        }
        Ok(())
    }

    fn card_line(&mut self, key: &str, rest: &str) -> Option<()> {
        let hardware = self.config.hardware.as_mut().filter(|_| self.in_hardware);
        let card = match hardware {
            Some(hardware) if matches!(key, "blocks" | "sample") => {
                return hardware.line(key, rest);
            }
            Some(hardware) => &mut hardware.card,
            None => self.config.cards.last_mut()?,
        };
        match key {
            "clock" => return clock(card, rest),
            "wake" => return wake(card, rest),
            "render" if !rest.is_empty() && card.render.is_none() => {
                card.render = Some(EndpointSpec::stereo(rest));
                self.capture = false;
            }
            "capture" if !rest.is_empty() && card.capture.is_none() => {
                card.capture = Some(EndpointSpec::stereo(rest));
                self.capture = true;
            }
            _ => {
                let endpoint = if self.capture {
                    &mut card.capture
                } else {
                    &mut card.render
                };
                return endpoint_line(endpoint.as_mut()?, key, rest);
            }
        }
        Some(())
    }
}

fn clock(card: &mut CardSpec, rest: &str) -> Option<()> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words[..] {
        ["ppm", ppm] => card.clock.ppm = ppm.parse().ok()?,
        ["sine", ppm, period] => {
            card.clock.sine = Some(Sine {
                ppm: ppm.parse().ok()?,
                period_ns: duration_ns(period)?,
            });
        }
        ["step", at, ppm] => card.clock.steps.push(Step {
            at_ns: duration_ns(at)?,
            ppm: ppm.parse().ok()?,
        }),
        _ => return None,
    }
    Some(())
}

fn wake(card: &mut CardSpec, rest: &str) -> Option<()> {
    let (kind, value) = rest.split_once(char::is_whitespace)?;
    let ns = duration_ns(value.trim())?;
    match kind {
        "fixed" => card.wake.fixed_ns = ns,
        "jitter" => card.wake.rms_ns = ns,
        _ => return None,
    }
    Some(())
}

fn endpoint_line(endpoint: &mut EndpointSpec, key: &str, rest: &str) -> Option<()> {
    let number = || rest.parse::<u32>().ok();
    let hns = || Some(duration_ns(rest)? / 100);
    match key {
        "channels" => {
            endpoint.channels = rest.parse().ok()?;
            endpoint.channel_mask = match endpoint.channels {
                1 => 4,
                2 => 3,
                _ => 0,
            };
        }
        "mask" => {
            let digits = rest.strip_prefix("0x");
            endpoint.channel_mask = match digits {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number()?,
            };
        }
        "mix" => endpoint.mix_rate_hz = number()?,
        "rates" => {
            let rates = rest.split_whitespace().map(|word| word.parse().ok());
            endpoint.rates_hz = rates.collect::<Option<_>>()?;
        }
        "formats" => {
            let formats = rest.split_whitespace().map(SampleFormat::from_name);
            endpoint.formats = formats.collect::<Option<_>>()?;
        }
        "period" => endpoint.default_period_hns = hns()?,
        "min-period" => endpoint.min_period_hns = hns()?,
        "fundamental" => endpoint.fundamental_frames = number()?,
        "engine-min" => endpoint.engine_min_frames = number()?,
        "packet" => endpoint.packet_bytes = number()?,
        "timer-periods" => endpoint.timer_periods = number()?,
        "latency" => endpoint.latency_frames = number()?,
        _ => return None,
    }
    Some(())
}

/// `OUT 1 2 -> IN 1 2 delay 3`.
fn cable(rest: &str) -> Option<NamedCable> {
    let (from, to) = rest.split_once("->")?;
    let (to, delay_frames) = match to.split_once(" delay ") {
        Some((to, delay)) => (to, delay.trim().parse().ok()?),
        None => (to, 0),
    };
    let (from, from_channels) = socket(from)?;
    let (to, to_channels) = socket(to)?;
    Some(NamedCable {
        from,
        from_channels,
        to,
        to_channels,
        delay_frames,
    })
}

/// A name and the numbers of channels, from 1, at its end.
fn socket(text: &str) -> Option<(String, Vec<u16>)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_number = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = words.iter().rev().take_while(is_number).count();
    let (name, numbers) = words.split_at(words.len() - numbers);
    let channel = |word: &&str| word.parse::<u16>().ok()?.checked_sub(1);
    let channels = numbers.iter().map(channel).collect::<Option<Vec<_>>>()?;
    (!name.is_empty() && !channels.is_empty()).then(|| (name.join(" "), channels))
}

/// A duration such as `2.5ms`, in nanoseconds.
fn duration_ns(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let scale = match &text[unit_at..] {
        "s" => 1e9,
        "ms" => 1e6,
        "us" => 1e3,
        "ns" => 1.0,
        _ => return None,
    };
    let ns = (text[..unit_at].parse::<f64>().ok()? * scale).round();
    (0.0..1e18).contains(&ns).then_some(ns as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use simcard::fault::Fault;

    #[test]
    fn a_full_description_is_read() {
        let config = Config::parse(
            "seed 7 # any\nstall 500us\ncard Desk Card\n clock ppm 50\n clock sine 20 60s\n clock step 10s -30\n \
             wake jitter 50us\n render Big OUT\n channels 4\n mask 0x33\n mix 96000\n rates 48000 96000\n \
             formats int24 int16\n period 5ms\n min-period 1ms\n fundamental 32\n engine-min 64\n packet 1\n \
             timer-periods 6\n latency 7\n capture IN\n channels 4\ncable Big OUT 1 4 -> IN 2 3 delay 9\nat 2s lose Big OUT\n",
        )
        .unwrap();
        assert_eq!((config.seed, config.stall_ns), (7, 500_000));
        let card = &config.cards[0];
        assert_eq!(card.name, "Desk Card");
        assert_eq!((card.clock.ppm, card.clock.steps[0].ppm), (50.0, -30.0));
        assert_eq!(card.wake.rms_ns, 50_000);
        let out = card.render.as_ref().unwrap();
        assert_eq!(
            (&*out.name, out.channels, out.channel_mask),
            ("Big OUT", 4, 0x33)
        );
        assert_eq!(
            (out.mix_rate_hz, &out.rates_hz[..]),
            (96_000, &[48_000, 96_000][..])
        );
        assert_eq!(out.formats, [SampleFormat::Int24, SampleFormat::Int16]);
        assert_eq!(
            (out.default_period_hns, out.min_period_hns),
            (50_000, 10_000)
        );
        assert_eq!((out.fundamental_frames, out.engine_min_frames), (32, 64));
        assert_eq!((out.packet_bytes, out.latency_frames), (1, 7));
        assert_eq!(out.timer_periods, 6);
        assert_eq!(config.script[0].fault, Fault::Lose);
        let cable = &config.cables[0];
        assert_eq!(
            (&cable.from_channels[..], &cable.to_channels[..]),
            (&[0, 3][..], &[1, 2][..])
        );
        assert_eq!((&*cable.from, cable.delay_frames), ("Big OUT", 9));
        config.build().unwrap();
    }

    #[test]
    fn the_description_in_the_documentation_is_one() {
        let text: String = include_str!("config.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! "))
            .skip_while(|line| !line.starts_with("```"))
            .skip(1)
            .take_while(|line| !line.starts_with("```"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let world = Config::parse(&text).unwrap().build().unwrap();
        assert_eq!(world.endpoint_ids().count(), 4);
        Config::parse(Config::DEFAULT).unwrap().build().unwrap();
    }

    #[test]
    fn a_fault_at_the_start_waits_for_it() {
        let config = Config::parse("card A\n render OUT\nat 0s lose OUT").unwrap();
        let world = config.build().unwrap();
        assert_eq!(world.is_present(world.find("OUT").unwrap()), Ok(true));
    }

    #[test]
    fn nonsense_is_told_with_its_line() {
        for (text, part) in [
            ("seed x", "Line 1: 'seed x'"),
            ("\nrender OUT", "Line 2:"),
            ("card A\n render OUT\n channels many", "Line 3:"),
            ("card A\n render OUT\n formats int20", "Line 3:"),
            ("card A\n clock ppm", "Line 2:"),
            ("cable OUT -> IN", "Line 1:"),
            ("at 1s explode", "Line 1:"),
            ("stall 5", "Line 1:"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.starts_with(part), "{text}: {error}");
        }
        let fails = |text| Config::parse(text).unwrap().build().err().unwrap();
        assert!(fails("card A").contains("no endpoint"));
        assert!(fails("card A\nrender OUT\ncable OUT 1 -> IN 1").contains("'IN'"));
        assert!(fails("card A\nrender OUT\nat 1s lose IN").contains("'IN'"));
    }
}
