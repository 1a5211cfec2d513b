//! Which formats are tried on a device in exclusive mode, and in which order.

use engine::format::{SampleFormat, StreamFormat};

use crate::wave::{Header, WaveFormat, default_mask};

/// The rates that a device is asked for when it shall tell which it takes, in Hz.
pub(crate) const COMMON_RATES_HZ: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];

/// One format in one form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) format: StreamFormat,
    pub(crate) wave: WaveFormat,
    /// For 24 valid bits in 32: the same with all bits valid.
    pub(crate) whole: Option<WaveFormat>,
}

/// Channels and speaker positions of a device's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Layout {
    pub(crate) channels: u16,
    pub(crate) channel_mask: u32,
}

impl Layout {
    const STEREO: Layout = Layout {
        channels: 2,
        channel_mask: 0x3,
    };

    /// The layouts that a device may take whose mixer has the layout `mix`: that one, then stereo.
    pub(crate) fn to_try(mix: Layout) -> impl Iterator<Item = Layout> {
        [Some(mix), (mix.channels != 2).then_some(Layout::STEREO)]
            .into_iter()
            .flatten()
    }
}

/// Every form of the format `sample`, the most informative first: drivers differ in which they take.
pub(crate) fn forms(sample: SampleFormat, layout: Layout, rate_hz: u32) -> Vec<Candidate> {
    let Layout {
        channels,
        channel_mask,
    } = layout;
    let channel_mask = if channel_mask == 0 {
        default_mask(channels).unwrap_or(0)
    } else {
        channel_mask
    };
    let format = StreamFormat {
        sample,
        channels,
        rate_hz,
        channel_mask,
    };
    let mut forms: Vec<Candidate> = Vec::new();
    for header in [Header::Extensible, Header::ExtensibleNoMask, Header::Plain] {
        if let Some(wave) = WaveFormat::encode(&format, header) {
            let whole = (sample == SampleFormat::Int24In32)
                .then_some(StreamFormat {
                    sample: SampleFormat::Int32,
                    ..format
                })
                .and_then(|whole| WaveFormat::encode(&whole, header));
            forms.push(Candidate {
                format,
                wave,
                whole,
            });
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t15_every_form_is_tried_the_most_informative_first() {
        let layout = Layout {
            channels: 2,
            channel_mask: 3,
        };
        let lengths = |sample| -> Vec<usize> {
            forms(sample, layout, 48_000)
                .iter()
                .map(|form| form.wave.as_bytes().len())
                .collect()
        };
        assert_eq!(lengths(SampleFormat::Int16), [40, 40, 18]);
        assert_eq!(lengths(SampleFormat::Int24In32), [40, 40]);
        let forms = forms(SampleFormat::Int32, layout, 48_000);
        assert!(
            forms[0].wave != forms[1].wave,
            "with speaker positions, then without"
        );
    }

    #[test]
    fn a_layout_without_positions_gets_the_usual_ones() {
        let known = forms(
            SampleFormat::Int16,
            Layout {
                channels: 6,
                channel_mask: 0,
            },
            48_000,
        );
        assert!(known.iter().all(|form| form.format.channel_mask == 0x3F));
        let unknown = forms(
            SampleFormat::Int16,
            Layout {
                channels: 5,
                channel_mask: 0,
            },
            48_000,
        );
        assert_eq!(unknown.len(), 2, "no positions are made up");
    }

    #[test]
    fn t15_for_24_valid_bits_in_32_all_32_can_be_asked_for() {
        let layout = Layout {
            channels: 2,
            channel_mask: 3,
        };
        let whole = forms(SampleFormat::Int32, layout, 48_000);
        for (index, form) in forms(SampleFormat::Int24In32, layout, 48_000)
            .iter()
            .enumerate()
        {
            assert!(form.whole == Some(whole[index].wave));
        }
        assert!(
            forms(SampleFormat::Int24, layout, 48_000)
                .iter()
                .all(|form| form.whole.is_none())
        );
    }

    #[test]
    fn stereo_is_the_fallback_and_not_tried_twice() {
        let six = Layout {
            channels: 6,
            channel_mask: 0x3F,
        };
        assert_eq!(
            Layout::to_try(six).collect::<Vec<_>>(),
            [six, Layout::STEREO]
        );
        let two = Layout {
            channels: 2,
            channel_mask: 0x3,
        };
        assert_eq!(Layout::to_try(two).collect::<Vec<_>>(), [two]);
    }
}
