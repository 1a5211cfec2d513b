//! What a piece of hardware with an ASIO driver of its own is.

use engine::format::SampleFormat;
use simcard::spec::{CardSpec, EndpointSpec};

use crate::dma::Shape;

/// A card that is no device of the system's: one program at a time plays and records with it, through
/// its own driver.
#[derive(Clone, Debug, PartialEq)]
pub struct HardwareSpec {
    /// Its clock and its converters. Both are there.
    pub card: CardSpec,
    /// Frames of the blocks to choose from, the preferred one first: one size, or powers of two in a
    /// row.
    pub blocks_frames: Vec<u32>,
    /// The samples, 32 or 24 bits.
    pub sample: SampleFormat,
}

/// More sizes than this do not fit into the answer to a question.
const BLOCKS_MAX: usize = 8;
/// Nor do more rates than this.
const RATES_MAX: usize = 15;

impl HardwareSpec {
    /// Hardware of that name with nothing else said.
    pub fn new(name: &str) -> Self {
        Self {
            card: CardSpec {
                render: None,
                capture: None,
                ..CardSpec::stereo(name)
            },
            blocks_frames: vec![256],
            sample: SampleFormat::Int32,
        }
    }

    /// Reads a setting that other cards do not have. `None` when it is none or its value is none.
    pub(crate) fn line(&mut self, key: &str, rest: &str) -> Option<()> {
        match key {
            "blocks" => {
                let sizes = rest.split_whitespace().map(|word| word.parse().ok());
                self.blocks_frames = sizes.collect::<Option<_>>()?;
            }
            "sample" => self.sample = SampleFormat::from_name(rest)?,
            _ => return None,
        }
        Some(())
    }

    /// The card as the model wants it: its converters take the hardware's samples and any period.
    ///
    /// # Errors
    /// One sentence: this can be no hardware.
    pub fn checked_card(&self) -> Result<CardSpec, String> {
        let name = &self.card.name;
        let (Some(render), Some(capture)) = (&self.card.render, &self.card.capture) else {
            return Err(format!(
                "The hardware {name} needs inputs and outputs; describe it with 'render' and 'capture'."
            ));
        };
        if !matches!(self.sample, SampleFormat::Int32 | SampleFormat::Int24) {
            return Err(format!(
                "The hardware {name} cannot have {} samples; use int32 or int24.",
                self.sample
            ));
        }
        let rates_hz = &render.rates_hz;
        if *rates_hz != capture.rates_hz
            || render.mix_rate_hz != capture.mix_rate_hz
            || !rates_hz.contains(&render.mix_rate_hz)
            || rates_hz.len() > RATES_MAX
        {
            return Err(format!(
                "The converters of the hardware {name} share a clock; give both the same rates, at most \
                 {RATES_MAX}, and one of these as 'mix'."
            ));
        }
        let shape = |block_frames| Shape {
            inputs: capture.channels,
            outputs: render.channels,
            block_frames,
            sample: self.sample,
        };
        if !is_menu(&self.blocks_frames) || !self.blocks_frames.iter().all(|n| shape(*n).fits()) {
            return Err(format!(
                "The hardware {name} cannot have these blocks; name one size, or at most {BLOCKS_MAX} \
                 powers of two in a row, that fit into its memory."
            ));
        }
        let raw = |endpoint: &EndpointSpec| EndpointSpec {
            formats: vec![self.sample],
            min_period_hns: 1,
            packet_bytes: 1,
            ..endpoint.clone()
        };
        Ok(CardSpec {
            render: Some(raw(render)),
            capture: Some(raw(capture)),
            ..self.card.clone()
        })
    }
}

/// Whether a host's menu can show these sizes and no others.
fn is_menu(blocks_frames: &[u32]) -> bool {
    let mut sorted = blocks_frames.to_vec();
    sorted.sort_unstable();
    let powers = sorted.iter().all(|frames| frames.is_power_of_two())
        && sorted.windows(2).all(|pair| pair[1] == 2 * pair[0]);
    (1..=BLOCKS_MAX).contains(&sorted.len()) && sorted[0] > 0 && (powers || sorted.len() == 1)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn hardware_is_described_like_a_card() {
        let config = Config::parse(
            "card Desk\n render OUT\nhardware Box\n clock ppm 20\n blocks 128 64\n sample int24\n \
             render BOX OUT\n channels 4\n latency 31\n capture BOX IN\ncard Other\n render OTHER\n\
             cable BOX OUT 1 -> BOX IN 2\ncable OUT 2 -> BOX IN 1\n",
        )
        .unwrap();
        let hardware = config.hardware.as_ref().unwrap();
        assert_eq!(hardware.blocks_frames, [128, 64]);
        assert_eq!(hardware.card.clock.ppm, 20.0);
        assert_eq!(hardware.card.render.as_ref().unwrap().latency_frames, 31);
        let world = config.build().unwrap();
        let place = |name| world.find(name).unwrap().index();
        assert_eq!(
            (place("OUT"), place("OTHER"), place("BOX OUT")),
            (0, 1, 2),
            "the system's devices come first"
        );
        assert_eq!(config.card_names(), ["Desk", "Other", "Box", "Box"]);
    }

    #[test]
    fn what_can_be_no_hardware_is_told() {
        let fails = |text: &str| Config::parse(text).and_then(|config| config.build().map(drop));
        for (text, part) in [
            ("hardware A\n render O", "inputs and outputs"),
            ("hardware A\n sample int16\n render O\n capture I", "int16"),
            (
                "hardware A\n blocks 64 100\n render O\n capture I",
                "these blocks",
            ),
            (
                "hardware A\n blocks 0\n render O\n capture I",
                "these blocks",
            ),
            (
                "hardware A\n blocks 2000000\n render O\n capture I",
                "these blocks",
            ),
            (
                "hardware A\n render O\n rates 48000\n capture I",
                "same rates",
            ),
            ("hardware A\nhardware B", "Line 2"),
            ("card A\n blocks 64", "Line 2"),
        ] {
            let error = fails(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
