//! What an endpoint plays, as a device that records.

use engine::endpoint::{
    Chosen, Device, DeviceInfo, Endpoint as OpenEndpoint, EndpointError, Lost, OpenRequest,
    Reopener, SideInfo,
};
use engine::idle::Idle;

use super::stream::{Tap, TapParts};
use crate::asked::Asked;
use crate::com::SharedApartment;
use crate::endpoint::{Endpoint, Selection};
use crate::fault::refused;
use crate::gap::{Search, Sought, SystemTicker};
use crate::input::Input;
use crate::list::Direction;
use crate::mode::Mode;
use crate::open::Wanted;
use crate::open_shared::{shared, tap, unheard};
use crate::output::Output;
use crate::worker::{self, ONE_DEVICE};

/// What an endpoint plays, whoever plays it, as a device that records: at the rate and in the format of the
/// system's mixer. The endpoint is kept playing silence, so that there is something to hear all the
/// time; where the system gives nothing nevertheless, the device gives silence by the clock.
#[derive(Clone, Debug)]
pub struct LoopbackDevice {
    selection: Selection,
}

impl LoopbackDevice {
    /// What that endpoint plays; of a default it is always the present one.
    pub fn new(selection: Selection) -> Self {
        Self { selection }
    }

    fn ask<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&mut Asked<'_>) -> Result<T, EndpointError> + Send + 'static,
    ) -> Result<T, EndpointError> {
        let selection = self.selection.clone();
        worker::ask(ONE_DEVICE, move |memory| {
            let mut asked = Asked::new(memory, &selection, Direction::Render, Mode::Shared, &[])?;
            answer(&mut asked)
        })
    }

    fn parts(&self, request: OpenRequest) -> Result<TapParts, EndpointError> {
        let endpoint = Endpoint::select(&self.selection, Direction::Render)?;
        let wanted = |direction| Wanted {
            direction,
            mode: Mode::Shared,
            formats: &[],
            rate_hz: request.rate_hz,
            or_own_rate: false,
            block_frames: request.block_frames,
        };
        let keeper = shared(&endpoint, wanted(Direction::Render))?;
        let tapped = tap(&endpoint, wanted(Direction::Capture))?;
        let name = endpoint.name;
        let fail = |code| unheard(&name, code);
        Ok(TapParts {
            keeper: Some(Output::new(keeper).map_err(fail)?),
            input: Input::new(tapped).map_err(fail)?,
            chosen: Chosen {
                output: None,
                input: Some(endpoint.id),
            },
            name,
        })
    }
}

impl Device for LoopbackDevice {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        let described = self.ask(|asked| asked.describe())?;
        Ok(DeviceInfo {
            rate_hz: described.rate_hz,
            period_frames_min: described.period_frames_min,
            period_frames_default: described.period_frames_default,
            output: None,
            input: Some(SideInfo {
                latency_frames_estimate: 0,
                ..described.side
            }),
        })
    }

    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError> {
        self.ask(move |asked| asked.check_rate(rate_hz))
    }

    fn open(&self, request: OpenRequest) -> Result<Box<dyn OpenEndpoint>, EndpointError> {
        let apartment = SharedApartment::hold()
            .map_err(|code| refused("The system's component model cannot be used", code))?;
        let parts = self.parts(request)?;
        Ok(Box::new(Tap::new(parts, apartment)?))
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        Box::new(Search::new(self.clone()))
    }

    fn idle(&self, like: &Lost) -> Box<dyn OpenEndpoint> {
        Box::new(Idle::new(like, SystemTicker::new()))
    }
}

impl Sought for LoopbackDevice {
    fn open(&self, request: OpenRequest) -> Result<Box<dyn OpenEndpoint>, EndpointError> {
        Device::open(self, request)
    }

    fn chosen(&self) -> Chosen {
        let endpoint = Endpoint::select(&self.selection, Direction::Render).ok();
        Chosen {
            output: None,
            input: endpoint
                .filter(Endpoint::is_active)
                .map(|endpoint| endpoint.id),
        }
    }

    fn is_gone(&self, chosen: &Chosen) -> bool {
        chosen.input.is_none()
    }
}
