//! A prepared stream: the hardware is this host's.

use std::sync::Arc;

use asio::abi::AsioError;
use asio::driver::{Error, HostBuffers, HostCallbacks, Result, SampleType, Stream, StreamRequest};
use simcard_service::call::Question;
use simcard_service::dma::Shape;
use simcard_service::layout::Block;

use crate::driver::{not_present, refused};
use crate::link::{Link, Signal};
use crate::run::{HardwareLive, Part, Run};

/// What was learnt of the hardware before it was opened.
pub(crate) struct Terms {
    pub(crate) shape: Shape,
    pub(crate) sample_type: SampleType,
    pub(crate) rate_hz: u32,
}

/// Dropping it stops the hardware and lets go of it.
pub struct HardwareStream {
    link: Arc<dyn Link>,
    live: Arc<HardwareLive>,
    claim: Claim,
    signal: Arc<dyn Signal>,
    buffers: Arc<HostBuffers>,
    host: HostCallbacks,
    rate_hz: u32,
    run: Option<Run>,
}

/// The hardware as long as it is this stream's.
struct Claim {
    link: Arc<dyn Link>,
    block: &'static Block,
    generation: u32,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // A service that is gone has let go of it.
        let _ = self.link.ask(Question::CloseHardware(self.generation));
    }
}

impl HardwareStream {
    pub(crate) fn open(
        link: &Arc<dyn Link>,
        live: &Arc<HardwareLive>,
        terms: Terms,
        request: StreamRequest,
    ) -> Result<HardwareStream> {
        let block = link.block().map_err(not_present)?;
        let opened = link
            .ask(Question::OpenHardware(request.block_frames))
            .map_err(not_present)?;
        let claim = Claim {
            link: Arc::clone(link),
            block,
            generation: opened.words[0] as u32,
        };
        let signal = link.event().map_err(malfunction)?;
        link.ask(Question::SetHardwareEvent {
            generation: claim.generation,
            handle: signal.handle(),
        })
        .map_err(malfunction)?;
        let buffers = buffers(block, &terms, &request).ok_or_else(|| {
            Error::new(
                AsioError::HW_MALFUNCTION,
                "The hardware's memory does not hold what its service promised.",
            )
        })?;
        Ok(HardwareStream {
            link: Arc::clone(link),
            live: Arc::clone(live),
            claim,
            signal,
            buffers,
            host: request.host,
            rate_hz: terms.rate_hz,
            run: None,
        })
    }
}

/// The hardware's own memory, as the host's buffers.
#[allow(unsafe_code)] // Memory that another process shares.
fn buffers(
    block: &'static Block,
    terms: &Terms,
    request: &StreamRequest,
) -> Option<Arc<HostBuffers>> {
    let shape = terms.shape;
    let half = |is_input, index: u32, half| {
        let at = shape.half_at(is_input, u16::try_from(index).ok()?, half)?;
        block.ring.address(at, shape.half_bytes())
    };
    let places = request.channels.iter().map(|channel| {
        let (is_input, index) = (channel.is_input, channel.index);
        Some([half(is_input, index, 0)?, half(is_input, index, 1)?])
    });
    let places: Vec<_> = places.collect::<Option<_>>()?;
    // SAFETY: each half lies inside the ring, which is mapped until the process ends, begins at a
    // multiple of 64 bytes, and is only ever used through raw pointers.
    unsafe {
        HostBuffers::in_place(
            terms.sample_type,
            &request.channels,
            request.block_frames,
            places,
        )
    }
}

fn malfunction(code: i32) -> Error {
    Error::new(AsioError::HW_MALFUNCTION, refused(code))
}

impl Stream for HardwareStream {
    fn buffers(&self) -> &Arc<HostBuffers> {
        &self.buffers
    }

    fn start(&mut self) -> Result<()> {
        let generation = self.claim.generation;
        self.link
            .ask(Question::StartHardware(generation))
            .map_err(malfunction)?;
        let run = Run::start(Part {
            link: Arc::clone(&self.link),
            live: Arc::clone(&self.live),
            signal: Arc::clone(&self.signal),
            host: self.host.clone(),
            block: self.claim.block,
            generation,
            block_frames: self.buffers.block_frames(),
            rate_hz: self.rate_hz,
        });
        match run {
            Ok(run) => self.run = Some(run),
            Err(why) => {
                // The first error is the one to tell.
                let _ = self.link.ask(Question::StopHardware(generation));
                let message = format!("No thread for the stream: {why}.");
                return Err(Error::new(AsioError::NO_MEMORY, message));
            }
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        if let Some(run) = self.run.take() {
            run.ask_to_stop();
            // Lost hardware stands still already.
            let _ = self.link.ask(Question::StopHardware(self.claim.generation));
            run.wait(&self.live);
        }
        Ok(())
    }
}

impl Drop for HardwareStream {
    fn drop(&mut self) {
        // A driver that is dropped has nobody to tell.
        let _ = self.stop();
    }
}
