//! A device with a mode, as the driver sees it.

use std::sync::Arc;

use engine::endpoint::{
    Chosen, Device, DeviceInfo, Endpoint as OpenEndpoint, EndpointError, FaultKind, Label, Lost,
    OpenRequest, Reopener,
};
use engine::idle::Idle;

use crate::asked::{Asked, Described};
use crate::com::SharedApartment;
use crate::endpoint::{Endpoint, Selection};
use crate::fault::{refused, with_siblings, with_users};
use crate::gap::{Search, Sought, SystemTicker};
use crate::hardware::is_one;
use crate::hresult::Hr;
use crate::input::Input;
use crate::list::Direction;
use crate::mode::{Mode, Options};
use crate::notes::Notes;
use crate::open::{self, Opened, Wanted};
use crate::output::Output;
use crate::parts::Parts;
use crate::priority::priority_refused;
use crate::probe::Memory;
use crate::stream::Stream;
use crate::worker::{self, ONE_DEVICE};

/// What the system plays on, records from, or both, as one device. Cheap to make: nothing is asked of
/// the system before a method is called, and every call looks the endpoints up anew, so that a
/// changed default is noticed.
///
/// The output is what counts. An input that cannot be described or opened is left out, and
/// [`input_problem`](Self::input_problem) tells why.
#[derive(Clone, Debug)]
pub struct WasapiDevice {
    output: Option<Selection>,
    input: Option<Selection>,
    mode: Mode,
    options: Options,
    notes: Arc<Notes>,
}

impl WasapiDevice {
    /// The endpoints that are meant for playing and for recording, used in `mode`.
    pub fn new(
        output: Option<Selection>,
        input: Option<Selection>,
        mode: Mode,
        options: Options,
    ) -> Self {
        Self {
            output,
            input,
            mode,
            options,
            notes: Arc::default(),
        }
    }

    /// The `HRESULT` with which the system refused real-time priority to the thread of the last
    /// stream that was started; `None` when it was given or none was started. Any thread.
    pub fn priority_error(&self) -> Option<i32> {
        self.notes.priority_error()
    }

    /// Why the last description or the last stream is without the input, or why that ended; `None`
    /// where there is nothing amiss. Any thread but real-time ones.
    pub fn input_problem(&self) -> Option<EndpointError> {
        self.notes.input_problem()
    }

    /// What the last stream that was opened came to be and why, in sentences for people; `None` where
    /// it is just what was asked for. Any thread but real-time ones.
    pub fn picked(&self) -> Option<String> {
        self.notes.picked()
    }

    /// Has a question about the selections answered on the thread for questions.
    fn ask<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&mut Question<'_>) -> Result<T, EndpointError> + Send + 'static,
    ) -> Result<T, EndpointError> {
        let (mode, options) = (self.mode, self.options.clone());
        worker::ask(ONE_DEVICE, move |memory| {
            answer(&mut Question {
                memory,
                mode,
                options: &options,
            })
        })
    }

    /// Opens one direction, and tells how.
    fn open_side<T>(
        &self,
        endpoint: &Endpoint,
        wanted: Wanted<'_>,
        make: impl FnOnce(Opened) -> Hr<T>,
    ) -> Result<(T, &'static str), EndpointError> {
        let mut opened = open::open(endpoint, wanted).map_err(|error| match error.kind {
            FaultKind::InUse => {
                let error = with_users(error, &endpoint.users());
                with_siblings(error, &endpoint.siblings(wanted.direction))
            }
            _ => error,
        })?;
        let mode = opened.mode_name();
        let remark = opened.remark.take();
        let side = make(opened).map_err(|code| {
            let what = format!("\"{}\" was opened but is of no use", endpoint.name);
            refused(&what, code)
        })?;
        self.notes.note_picked(remark);
        self.notes
            .note_picked(endpoint.is_recognised.then(|| recognised(&endpoint.name)));
        Ok((side, mode))
    }

    /// Opens the sides that are wanted and there.
    fn open_parts(&self, request: OpenRequest) -> Result<Parts, EndpointError> {
        let sides = request.sides;
        let wanted = |direction, or_own_rate| Wanted {
            direction,
            mode: self.mode,
            formats: &self.options.formats,
            rate_hz: request.rate_hz,
            or_own_rate,
            block_frames: request.block_frames,
        };
        let output = self.output.as_ref().filter(|_| sides.has_output());
        let output = output.map(|selection| {
            let endpoint = Endpoint::select(selection, Direction::Render)?;
            let wanted = wanted(Direction::Render, false);
            let output = self.open_side(&endpoint, wanted, Output::new)?;
            Ok((endpoint, output))
        });
        let output = output.transpose()?;

        // Without an output to keep the time it is the input that does.
        let alone = output.is_none();
        let input = self.input.as_ref().filter(|_| sides.has_input() || alone);
        let input = input.map(|selection| {
            let endpoint = Endpoint::select(selection, Direction::Capture)?;
            self.notes.name_input(&endpoint.name);
            let wanted = wanted(Direction::Capture, !alone);
            let input = self.open_side(&endpoint, wanted, Input::new)?;
            Ok((endpoint, input))
        });
        let input = match input.transpose() {
            Err(problem) if !alone => {
                self.notes.note_input_problem(Some(problem));
                None
            }
            answer => answer?,
        };
        Ok(joined(output, input))
    }
}

impl Sought for WasapiDevice {
    fn open(&self, request: OpenRequest) -> Result<Box<dyn OpenEndpoint>, EndpointError> {
        Device::open(self, request)
    }

    fn chosen(&self) -> Chosen {
        let id = |selection: &Option<Selection>, direction| {
            let endpoint = Endpoint::select(selection.as_ref()?, direction).ok()?;
            endpoint.is_active().then_some(endpoint.id)
        };
        Chosen {
            output: id(&self.output, Direction::Render),
            input: id(&self.input, Direction::Capture),
        }
    }

    fn is_gone(&self, chosen: &Chosen) -> bool {
        match self.output {
            Some(_) => chosen.output.is_none(),
            None => chosen.input.is_none(),
        }
    }
}

/// What is said of a device that was known again.
fn recognised(name: &str) -> String {
    format!(
        "\"{name}\" has another id than the one that was chosen; it is known by its hardware and name."
    )
}

/// One direction: its endpoint, its stream, and how that was opened.
type Side<T> = (Endpoint, (T, &'static str));

/// The sides as parts of one stream.
fn joined(output: Option<Side<Output>>, input: Option<Side<Input>>) -> Parts {
    let is_one_clock = match (&output, &input) {
        (Some((output, _)), Some((input, _))) => is_one(&output.hardware(), &input.hardware()),
        _ => true,
    };
    let id = |endpoint: &Endpoint| endpoint.id.clone();
    let chosen = Chosen {
        output: output.as_ref().map(|(endpoint, _)| id(endpoint)),
        input: input.as_ref().map(|(endpoint, _)| id(endpoint)),
    };
    let modes = [
        output.as_ref().map(|(_, (_, mode))| *mode),
        input.as_ref().map(|(_, (_, mode))| *mode),
    ];
    let label = Label {
        output: output.as_ref().map(|(endpoint, _)| endpoint.name.clone()),
        input: input.as_ref().map(|(endpoint, _)| endpoint.name.clone()),
        mode: modes.into_iter().flatten().next().unwrap_or_default(),
    };
    let name = label.output.as_ref().or(label.input.as_ref());
    Parts {
        name: name.cloned().unwrap_or_default(),
        output: output.map(|(_, (output, _))| output),
        input: input.map(|(_, (input, _))| input),
        chosen,
        label,
        is_one_clock,
    }
}

impl Device for WasapiDevice {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        let selections = (self.output.clone(), self.input.clone());
        let (output, input) = self.ask(move |question| {
            let (output, input) = selections;
            Ok((
                output.map(|selection| question.describe(&selection, Direction::Render)),
                input.map(|selection| question.describe(&selection, Direction::Capture)),
            ))
        })?;
        let output = output.transpose()?;
        let input = match (&output, input.transpose()) {
            (Some(_), Err(problem)) => {
                self.notes.note_input_problem(Some(problem));
                None
            }
            (_, answer) => {
                self.notes.note_input_problem(None);
                answer?
            }
        };
        device_info(output, input)
    }

    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError> {
        let (selection, direction) = match (&self.output, &self.input) {
            (Some(output), _) => (output.clone(), Direction::Render),
            (None, Some(input)) => (input.clone(), Direction::Capture),
            (None, None) => return Err(no_side()),
        };
        self.ask(move |question| question.asked(&selection, direction)?.check_rate(rate_hz))
    }

    fn open(&self, request: OpenRequest) -> Result<Box<dyn OpenEndpoint>, EndpointError> {
        let apartment = SharedApartment::hold()
            .map_err(|code| refused("The system's component model cannot be used", code))?;
        self.notes.clear();
        let parts = self.open_parts(request)?;
        let notes = Arc::clone(&self.notes);
        Ok(Box::new(Stream::new(parts, notes, apartment)?))
    }

    fn remarks(&self) -> Vec<String> {
        let problem = self.input_problem().map(|problem| problem.message);
        let refusal = self.priority_error().map(priority_refused);
        self.picked()
            .into_iter()
            .chain(problem)
            .chain(refusal)
            .collect()
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        Box::new(Search::new(self.clone()))
    }

    fn idle(&self, like: &Lost) -> Box<dyn OpenEndpoint> {
        Box::new(Idle::new(like, SystemTicker::new()))
    }
}

/// Both sides as one device. Its rate and periods are those of the output.
fn device_info(
    output: Option<Described>,
    input: Option<Described>,
) -> Result<DeviceInfo, EndpointError> {
    let clock = output.as_ref().or(input.as_ref()).ok_or_else(no_side)?;
    Ok(DeviceInfo {
        rate_hz: clock.rate_hz,
        period_frames_min: clock.period_frames_min,
        period_frames_default: clock.period_frames_default,
        output: output.map(|described| described.side),
        input: input.map(|described| described.side),
    })
}

fn no_side() -> EndpointError {
    EndpointError::new(
        FaultKind::NotFound,
        "No device was chosen for playing or recording; choose one.",
    )
}

/// What is asked about a device, on the thread for questions.
struct Question<'a> {
    memory: &'a mut Memory,
    mode: Mode,
    options: &'a Options,
}

impl Question<'_> {
    fn asked(
        &mut self,
        selection: &Selection,
        direction: Direction,
    ) -> Result<Asked<'_>, EndpointError> {
        let formats = &self.options.formats;
        Asked::new(self.memory, selection, direction, self.mode, formats)
    }

    fn describe(
        &mut self,
        selection: &Selection,
        direction: Direction,
    ) -> Result<Described, EndpointError> {
        self.asked(selection, direction)?.describe()
    }
}
