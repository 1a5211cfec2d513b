//! The rare calls from a client to the service, as numbers in shared memory.

use engine::format::{SampleFormat, StreamFormat};
use simcard::Mode;
use simcard::spec::Flow;

use crate::fault_line::FaultLine;
use crate::layout::WORDS;

/// `E_INVALIDARG`.
const INVALID_ARGUMENT: i32 = 0x8007_0057_u32 as i32;

/// The number of [`Question::Strike`].
const STRIKE: u64 = 12;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Question {
    /// What endpoint is that? Answers: flow, present, channels, channel mask, usual and shortest
    /// period in units of 100 ns; text: endpoint's name, tab, card's name.
    Device(u32),
    /// Which is the default endpoint? Answers its number.
    Default(Flow),
    /// What does the mixer run at? Answers a format.
    MixFormat(u32),
    /// Is a stream like that possible? Answers whether, and else the closest format.
    Supports {
        /// The endpoint.
        device: u32,
        /// In exclusive mode.
        exclusive: bool,
        /// The format.
        format: StreamFormat,
    },
    /// Which periods can the mixer have? Answers usual, fundamental, shortest, longest, in frames.
    Periods {
        /// The endpoint.
        device: u32,
        /// The stream's format.
        format: StreamFormat,
    },
    /// Which period has the mixer now? Answers frames and a format.
    CurrentPeriod(u32),
    /// Open a stream. Answers the block, its generation, frames of the buffer, frames of the period,
    /// latency in units of 100 ns, whether the client writes; when the alignment is wrong, the frames that would do.
    Open {
        /// The endpoint.
        device: u32,
        /// How.
        mode: Mode,
        /// In which format.
        format: StreamFormat,
    },
    /// This handle of the asking process is the stream's event.
    SetEvent {
        /// The stream's block.
        stream: u32,
        /// The handle's number.
        handle: u64,
    },
    /// Start.
    Start(u32),
    /// Stop. Answers whether it ran.
    Stop(u32),
    /// Forget what is queued.
    Reset(u32),
    /// The stream is not needed any more.
    Close(u32),
    /// Let a fault strike. A refusal says in its text what is wrong with the line.
    Strike(FaultLine),
    /// What is the hardware with a driver of its own? Answers inputs, outputs, sample format, rate in
    /// Hz, latency of the ADC and of the DAC in frames, whether somebody has it, number of block
    /// sizes, and these in frames; text: its name.
    Hardware,
    /// Which rates has the hardware? Answers how many, and these in Hz.
    HardwareRates,
    /// Whose streams run on that endpoint? Answers how many processes, and their ids.
    Users(u32),
    /// The hardware shall run at that rate in Hz, now or when somebody opens it.
    SetHardwareRate(u32),
    /// Open the hardware, all channels, with blocks of so many frames. Answers the generation of its
    /// block, which is its name in the questions below.
    OpenHardware(u32),
    /// This handle of the asking process is the event of the hardware's boundaries.
    SetHardwareEvent {
        /// The generation.
        generation: u32,
        /// The handle's number.
        handle: u64,
    },
    /// The hardware runs.
    StartHardware(u32),
    /// The hardware stands still.
    StopHardware(u32),
    /// The hardware is free for others.
    CloseHardware(u32),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// 0, or the `HRESULT` of the refusal.
    pub status: i32,
    /// Numbers; what they mean depends on the question.
    pub words: [u64; WORDS],
    /// Text, where the question has one in its answer.
    pub text: String,
}

impl Answer {
    /// Yes.
    pub fn good(words: &[u64]) -> Self {
        let mut all = [0; WORDS];
        for (to, from) in all.iter_mut().zip(words) {
            *to = *from;
        }
        Self {
            status: 0,
            words: all,
            text: String::new(),
        }
    }

    /// No.
    pub fn refused(status: i32) -> Self {
        Self {
            status,
            ..Self::good(&[])
        }
    }
}

/// A format as numbers.
pub fn format_words(format: &StreamFormat) -> [u64; 4] {
    let place = SampleFormat::PREFERENCE
        .iter()
        .position(|sample| *sample == format.sample);
    [
        place.unwrap_or(0) as u64,
        format.channels.into(),
        format.rate_hz.into(),
        format.channel_mask.into(),
    ]
}

/// The format that such numbers stand for, if they do.
pub fn format_of(words: &[u64]) -> Option<StreamFormat> {
    let &[sample, channels, rate_hz, channel_mask] = words.first_chunk()?;
    let format = StreamFormat {
        sample: *SampleFormat::PREFERENCE.get(usize::try_from(sample).ok()?)?,
        channels: channels.try_into().ok()?,
        rate_hz: rate_hz.try_into().ok()?,
        channel_mask: channel_mask.try_into().ok()?,
    };
    let sensible = (1..=256).contains(&format.channels) && format.rate_hz > 0;
    sensible.then_some(format)
}

impl Question {
    /// The question as numbers.
    pub fn words(&self) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        if let Question::Strike(line) = self {
            words[0] = STRIKE;
            words[1..].copy_from_slice(&line.words());
            return words;
        }
        let (numbers, format) = self.parts();
        words[..numbers.len()].copy_from_slice(&numbers);
        if let Some(format) = format {
            words[8..12].copy_from_slice(&format_words(&format));
        }
        words
    }

    fn parts(&self) -> ([u64; 6], Option<StreamFormat>) {
        match *self {
            Question::Device(device) => ([0, device.into(), 0, 0, 0, 0], None),
            Question::Default(flow) => ([1, flow as u64, 0, 0, 0, 0], None),
            Question::MixFormat(device) => ([2, device.into(), 0, 0, 0, 0], None),
            Question::Supports {
                device,
                exclusive,
                format,
            } => ([3, device.into(), exclusive.into(), 0, 0, 0], Some(format)),
            Question::Periods { device, format } => ([4, device.into(), 0, 0, 0, 0], Some(format)),
            Question::CurrentPeriod(device) => ([5, device.into(), 0, 0, 0, 0], None),
            Question::Open {
                device,
                mode,
                format,
            } => {
                let [kind, a, b, c] = mode_words(mode);
                ([6, device.into(), kind, a, b, c], Some(format))
            }
            Question::SetEvent { stream, handle } => ([7, stream.into(), handle, 0, 0, 0], None),
            Question::Start(stream) => ([8, stream.into(), 0, 0, 0, 0], None),
            Question::Stop(stream) => ([9, stream.into(), 0, 0, 0, 0], None),
            Question::Reset(stream) => ([10, stream.into(), 0, 0, 0, 0], None),
            Question::Close(stream) => ([11, stream.into(), 0, 0, 0, 0], None),
            Question::Strike(_) => ([STRIKE, 0, 0, 0, 0, 0], None),
            Question::Hardware => ([20, 0, 0, 0, 0, 0], None),
            Question::Users(device) => ([21, device.into(), 0, 0, 0, 0], None),
            Question::HardwareRates => ([13, 0, 0, 0, 0, 0], None),
            Question::SetHardwareRate(rate_hz) => ([14, rate_hz.into(), 0, 0, 0, 0], None),
            Question::OpenHardware(frames) => ([15, frames.into(), 0, 0, 0, 0], None),
            Question::SetHardwareEvent { generation, handle } => {
                ([16, generation.into(), handle, 0, 0, 0], None)
            }
            Question::StartHardware(generation) => ([17, generation.into(), 0, 0, 0, 0], None),
            Question::StopHardware(generation) => ([18, generation.into(), 0, 0, 0, 0], None),
            Question::CloseHardware(generation) => ([19, generation.into(), 0, 0, 0, 0], None),
        }
    }

    /// The question that such numbers stand for.
    ///
    /// # Errors
    /// `E_INVALIDARG` when they make no sense.
    pub fn from_words(words: &[u64; WORDS]) -> Result<Self, i32> {
        Self::parse(words).ok_or(INVALID_ARGUMENT)
    }

    fn parse(words: &[u64; WORDS]) -> Option<Self> {
        if let [STRIKE, line @ ..] = words {
            return Some(Question::Strike(FaultLine::of_words(line)));
        }
        let first = u32::try_from(words[1]).ok()?;
        let format = || format_of(&words[8..]);
        Some(match words[0] {
            0 => Question::Device(first),
            1 => Question::Default(match first {
                0 => Flow::Render,
                1 => Flow::Capture,
                _ => return None,
            }),
            2 => Question::MixFormat(first),
            3 => Question::Supports {
                device: first,
                exclusive: words[2] != 0,
                format: format()?,
            },
            4 => Question::Periods {
                device: first,
                format: format()?,
            },
            5 => Question::CurrentPeriod(first),
            6 => Question::Open {
                device: first,
                mode: mode_of([words[2], words[3], words[4], words[5]])?,
                format: format()?,
            },
            7 => Question::SetEvent {
                stream: first,
                handle: words[2],
            },
            8 => Question::Start(first),
            9 => Question::Stop(first),
            10 => Question::Reset(first),
            11 => Question::Close(first),
            21 => Question::Users(first),
            20 => Question::Hardware,
            13 => Question::HardwareRates,
            14 => Question::SetHardwareRate(first),
            15 => Question::OpenHardware(first),
            16 => Question::SetHardwareEvent {
                generation: first,
                handle: words[2],
            },
            17 => Question::StartHardware(first),
            18 => Question::StopHardware(first),
            19 => Question::CloseHardware(first),
            _ => return None,
        })
    }
}

fn mode_words(mode: Mode) -> [u64; 4] {
    match mode {
        Mode::Shared {
            buffer_hns,
            event,
            loopback,
        } => [0, buffer_hns, event.into(), loopback.into()],
        Mode::LowLatency {
            period_frames,
            match_format,
        } => [1, period_frames.into(), match_format.into(), 0],
        Mode::Exclusive {
            buffer_hns,
            period_hns,
            event,
        } => [2, buffer_hns, period_hns, event.into()],
    }
}

fn mode_of([kind, a, b, c]: [u64; 4]) -> Option<Mode> {
    Some(match kind {
        0 => Mode::Shared {
            buffer_hns: a,
            event: b != 0,
            loopback: c != 0,
        },
        1 => Mode::LowLatency {
            period_frames: a.try_into().ok()?,
            match_format: b != 0,
        },
        2 => Mode::Exclusive {
            buffer_hns: a,
            period_hns: b,
            event: c != 0,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn every_question() -> Vec<Question> {
        let format = StreamFormat {
            sample: SampleFormat::Int24,
            channels: 6,
            rate_hz: 96_000,
            channel_mask: 0x3F,
        };
        let open = |mode| Question::Open {
            device: 3,
            mode,
            format,
        };
        vec![
            Question::Device(7),
            Question::Default(Flow::Capture),
            Question::MixFormat(1),
            Question::Users(1),
            Question::Supports {
                device: 1,
                exclusive: true,
                format,
            },
            Question::Periods { device: 1, format },
            Question::CurrentPeriod(2),
            open(Mode::Shared {
                buffer_hns: 200_000,
                event: true,
                loopback: false,
            }),
            open(Mode::LowLatency {
                period_frames: 128,
                match_format: true,
            }),
            open(Mode::Exclusive {
                buffer_hns: 5,
                period_hns: 6,
                event: false,
            }),
            Question::SetEvent {
                stream: 1,
                handle: 0x1234,
            },
            Question::Start(1),
            Question::Stop(2),
            Question::Reset(3),
            Question::Close(4),
            Question::Strike(FaultLine::new("at 5ms lose Big OUT").unwrap()),
            Question::Hardware,
            Question::HardwareRates,
            Question::SetHardwareRate(44_100),
            Question::OpenHardware(256),
            Question::SetHardwareEvent {
                generation: 5,
                handle: 0x1234,
            },
            Question::StartHardware(5),
            Question::StopHardware(6),
            Question::CloseHardware(7),
        ]
    }

    #[test]
    fn questions_cross_unaltered() {
        for question in every_question() {
            assert_eq!(Question::from_words(&question.words()), Ok(question));
        }
    }

    proptest! {
        #[test]
        fn no_numbers_do_harm(words: [u64; WORDS], first in 0_u64..21) {
            let mut words = words;
            let _ = Question::from_words(&words);
            words[0] = first;
            let _ = Question::from_words(&words);
        }
    }
}
