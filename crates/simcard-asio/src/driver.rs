//! The logic of one driver instance.

use std::sync::Arc;

use asio::abi::AsioError;
use asio::driver::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Driver, Error, Future, Latencies, Result,
    SampleType, Stream, StreamRequest, WindowHandle,
};
use engine::format::SampleFormat;
use simcard::SimError;
use simcard_service::call::{Answer, Question};
use simcard_service::dma::Shape;

use crate::link::Link;
use crate::run::HardwareLive;
use crate::stream::HardwareStream;
use crate::{NAME, stream};

/// One instance. It claims the hardware while the host has buffers, and only then.
pub struct HardwareDriver {
    link: Arc<dyn Link>,
    live: Arc<HardwareLive>,
}

/// What the service tells of the hardware.
struct About {
    inputs: u16,
    outputs: u16,
    sample: SampleFormat,
    rate_hz: u32,
    /// Of the ADC and of the DAC.
    latency_frames: [u32; 2],
    blocks_frames: Vec<u32>,
}

impl About {
    /// `None` when the answer makes no sense.
    fn of(answer: &Answer) -> Option<Self> {
        let [inputs, outputs, sample, rate_hz, adc, dac, _, count, ..] = answer.words;
        let blocks = answer.words.get(8..)?.get(..usize::try_from(count).ok()?)?;
        let blocks = blocks.iter().map(|frames| u32::try_from(*frames).ok());
        let blocks_frames: Vec<u32> = blocks.collect::<Option<_>>()?;
        (!blocks_frames.is_empty()).then_some(())?;
        Some(Self {
            inputs: inputs.try_into().ok()?,
            outputs: outputs.try_into().ok()?,
            sample: *SampleFormat::PREFERENCE.get(usize::try_from(sample).ok()?)?,
            rate_hz: rate_hz.try_into().ok()?,
            latency_frames: [adc.try_into().ok()?, dac.try_into().ok()?],
            blocks_frames,
        })
    }

    fn sample_type(&self) -> SampleType {
        match self.sample {
            SampleFormat::Int24 => SampleType::Int24Lsb,
            _ => SampleType::Int32Lsb,
        }
    }
}

impl HardwareDriver {
    /// An instance on that hardware.
    pub fn new(link: Arc<dyn Link>) -> Self {
        Self {
            link,
            live: Arc::default(),
        }
    }

    fn about(&self) -> Result<About> {
        let answer = self.link.ask(Question::Hardware).map_err(not_present)?;
        About::of(&answer).ok_or_else(|| {
            Error::new(
                AsioError::HW_MALFUNCTION,
                "The service tells no sense of the hardware; start one of this version.",
            )
        })
    }

    /// The rate as the hardware has it.
    fn checked_rate_hz(&self, rate_hz: f64) -> Result<u32> {
        let answer = self.link.ask(Question::HardwareRates);
        let [count, rates @ ..] = answer.map_err(not_present)?.words;
        let count = usize::try_from(count).unwrap_or(0).min(rates.len());
        let rate = rates[..count].iter().find(|rate| **rate as f64 == rate_hz);
        let known = rate.and_then(|rate| u32::try_from(*rate).ok());
        known.ok_or_else(|| {
            let rates: Vec<String> = rates[..count].iter().map(u64::to_string).collect();
            let rates = rates.join(", ");
            Error::new(
                AsioError::NO_CLOCK,
                format!("{NAME} has no rate of {rate_hz} Hz; use one of {rates}."),
            )
        })
    }
}

/// The sentence for a refusal of the service.
pub(crate) fn refused(code: i32) -> String {
    let error = SimError::parse(&format!("0x{code:08X}")).unwrap_or(SimError::Code(code));
    let what = match error {
        SimError::DeviceInUse => "has another program, and serves one at a time; close that one",
        SimError::ServiceNotRunning => "has no service that runs it; start simcard-service",
        SimError::NotFound => "is not part of this machine; describe it to simcard-service",
        SimError::DeviceInvalidated => "is unplugged; plug it in",
        SimError::BufferSizeError => "has no blocks of that size; use one that it offers",
        _ => "refuses; see what the service says",
    };
    format!("{NAME} {what} ({}).", error.name())
}

pub(crate) fn not_present(code: i32) -> Error {
    Error::new(AsioError::NOT_PRESENT, refused(code))
}

impl Driver for HardwareDriver {
    type Stream = HardwareStream;
    type Live = HardwareLive;

    fn name(&self) -> &str {
        NAME
    }

    fn version(&self) -> i32 {
        1
    }

    fn live(&self) -> Arc<HardwareLive> {
        Arc::clone(&self.live)
    }

    fn init(&mut self, _window: WindowHandle) -> Result<()> {
        self.about().map(drop)
    }

    fn channel_counts(&mut self) -> Result<ChannelCounts> {
        let about = self.about()?;
        Ok(ChannelCounts {
            inputs: about.inputs.into(),
            outputs: about.outputs.into(),
        })
    }

    fn block_sizes(&mut self) -> Result<BlockSizes> {
        let sizes = self.about()?.blocks_frames;
        let (min, max) = (sizes.iter().min(), sizes.iter().max());
        Ok(BlockSizes {
            min_frames: *min.unwrap_or(&0),
            max_frames: *max.unwrap_or(&0),
            preferred_frames: sizes[0],
            granularity: if sizes.len() == 1 { 0 } else { -1 },
        })
    }

    fn latencies(&mut self, stream: Option<&HardwareStream>) -> Result<Latencies> {
        let about = self.about()?;
        let block_frames = stream.map_or(about.blocks_frames[0], |stream| {
            stream.buffers().block_frames()
        });
        Ok(Latencies {
            input_frames: block_frames + about.latency_frames[0],
            output_frames: block_frames + about.latency_frames[1],
        })
    }

    fn can_sample_rate(&mut self, rate_hz: f64) -> Result<()> {
        self.checked_rate_hz(rate_hz).map(drop)
    }

    fn sample_rate(&mut self) -> Result<f64> {
        Ok(self.about()?.rate_hz.into())
    }

    fn set_sample_rate(&mut self, rate_hz: f64, _stream: Option<&HardwareStream>) -> Result<()> {
        let rate_hz = self.checked_rate_hz(rate_hz)?;
        // While somebody has buffers, this one included, the service takes no other rate.
        let set = self.link.ask(Question::SetHardwareRate(rate_hz));
        set.map(drop).map_err(|code| {
            Error::new(
                AsioError::INVALID_MODE,
                format!(
                    "{NAME} keeps its rate while a program has buffers; dispose of them first. {}",
                    refused(code)
                ),
            )
        })
    }

    fn channel_info(
        &mut self,
        channel: ChannelId,
        stream: Option<&HardwareStream>,
    ) -> Result<ChannelInfo> {
        let kind = if channel.is_input { "In" } else { "Out" };
        Ok(ChannelInfo {
            sample_type: self.about()?.sample_type(),
            name: format!("{kind} {}", channel.index + 1),
            is_active: stream.is_some_and(|s| s.buffers().channels().contains(&channel)),
            group: 0,
        })
    }

    fn create_stream(&mut self, request: StreamRequest) -> Result<HardwareStream> {
        let about = self.about()?;
        let terms = stream::Terms {
            shape: Shape {
                inputs: about.inputs,
                outputs: about.outputs,
                block_frames: request.block_frames,
                sample: about.sample,
            },
            sample_type: about.sample_type(),
            rate_hz: about.rate_hz,
        };
        HardwareStream::open(&self.link, &self.live, terms, request)
    }

    fn control_panel(&mut self) -> Result<()> {
        Err(Error::new(
            AsioError::NOT_PRESENT,
            "The simulated hardware has no settings.",
        ))
    }

    fn future(&self, question: Future<'_>, _stream: Option<&Self::Stream>) -> bool {
        matches!(question, Future::CanTimeInfo | Future::CanReportOverload)
    }
}
