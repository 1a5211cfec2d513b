//! What a stream is made of.

use engine::endpoint::{Chosen, EndpointTiming, Intake, Label, Waker};

use crate::input::Input;
use crate::output::Output;
use crate::sync::{Event, Waitable};

/// The sides that a stream is made of. One is there at least.
pub(crate) struct Parts {
    pub(crate) output: Option<Output>,
    pub(crate) input: Option<Input>,
    /// The ids of their endpoints.
    pub(crate) chosen: Chosen,
    pub(crate) label: Label,
    pub(crate) is_one_clock: bool,
    /// The name for people: that of the output, or else of the input.
    pub(crate) name: String,
}

impl Parts {
    /// How a stream of these sides is buffered; `None` for one without sides.
    pub(crate) fn timing(&self) -> Option<EndpointTiming> {
        let (output, input) = (self.output.as_ref(), self.input.as_ref());
        let is_one_clock = self.is_one_clock;
        let only_input = EndpointTiming {
            period_frames: input.map_or(0, |input| input.period_frames),
            buffer_frames: 0,
            intake: Intake::Level { slack_frames: 0 },
            queued_frames: 0,
            device_frames: 0,
            input_period_frames: input.map_or(0, |input| input.period_frames),
            input_device_frames: input.map_or(0, |input| input.device_frames),
            is_one_clock,
        };
        match (output, input) {
            (None, None) => None,
            (None, Some(_)) => Some(only_input),
            (Some(output), _) => Some(EndpointTiming {
                period_frames: output.period_frames,
                buffer_frames: output.buffer_frames,
                intake: output.intake,
                queued_frames: output.queued_frames,
                device_frames: output.device_frames,
                ..only_input
            }),
        }
    }
}

/// Interrupts a stream's wait.
pub(crate) struct StreamWaker(pub(crate) Event);

impl Waker for StreamWaker {
    fn wake(&self) {
        self.0.set();
    }
}

impl Waitable for StreamWaker {
    fn handle(&self) -> crate::bindings::HANDLE {
        self.0.handle()
    }
}
