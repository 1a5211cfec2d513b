//! Streams that record, alone or beside the output.

use std::thread;
use std::time::Duration;

use engine::endpoint::{Cycle, Device, Due, Endpoint, FaultKind, OpenRequest, Packet, Sides};
use wasapi_io::{Mode, Options, Selection, WasapiDevice};

use super::{modes, wait_until_due};

/// A device that plays and records, or only records.
pub fn device(output: bool, mode: Mode) -> WasapiDevice {
    let output = output.then_some(Selection::Default);
    WasapiDevice::new(output, Some(Selection::Default), mode, Options::default())
}

/// `None` where the system has nothing to record from.
pub fn request(device: &WasapiDevice, sides: Sides) -> Option<OpenRequest> {
    let info = device.describe().ok()?;
    info.input.as_ref()?;
    Some(OpenRequest {
        rate_hz: info.rate_hz,
        block_frames: info.period_frames_default,
        sides,
    })
}

/// Counts what is recorded and plays silence.
#[derive(Default)]
pub struct Counts {
    in_frame_bytes: usize,
    out_frame_bytes: usize,
    period_frames: usize,
    recorded_frames: usize,
    played_frames: usize,
}

impl Counts {
    pub fn new(stream: &dyn Endpoint) -> Self {
        let bytes = |format: Option<engine::format::StreamFormat>| {
            format.map_or(1, |format| format.frame_bytes())
        };
        Self {
            in_frame_bytes: bytes(stream.input_format()),
            out_frame_bytes: bytes(stream.output_format()),
            period_frames: stream.timing().period_frames as usize,
            ..Self::default()
        }
    }
}

impl Cycle for Counts {
    fn captured(&mut self, packet: Packet<'_>) {
        assert_eq!(packet.bytes.len() % self.in_frame_bytes, 0);
        self.recorded_frames += packet.bytes.len() / self.in_frame_bytes;
    }

    fn due(&mut self, due: Due<'_>) -> u32 {
        due.bytes.fill(0);
        let room_frames = due.bytes.len() / self.out_frame_bytes;
        let frames = room_frames.min(self.period_frames);
        self.played_frames += frames;
        frames as u32
    }
}

/// Runs so many cycles.
fn run(stream: &mut dyn Endpoint, counts: &mut Counts, cycles: u32) {
    for _ in 0..cycles {
        wait_until_due(stream);
        stream.cycle(counts).unwrap();
    }
}

#[test]
#[ignore = "needs a recording device"]
fn an_input_is_a_clock_of_its_own() {
    for mode in modes() {
        let device = device(false, mode);
        let Some(request) = request(&device, Sides::Input) else {
            return;
        };
        let mut stream = device.open(request).unwrap();
        assert!(stream.output_format().is_none(), "{mode:?}");
        let timing = stream.timing();
        assert_eq!(timing.period_frames, timing.input_period_frames, "{mode:?}");
        for _ in 0..3 {
            stream.start(0).unwrap();
            let mut counts = Counts::new(&*stream);
            run(&mut *stream, &mut counts, 20);
            stream.stop();
            assert!(counts.recorded_frames > 0, "{mode:?}");
            assert_eq!(counts.played_frames, 0, "{mode:?}");
        }
    }
}

#[test]
#[ignore = "needs a recording device"]
fn both_sides_run_on_one_thread() {
    for mode in modes() {
        let device = device(true, mode);
        let Some(request) = request(&device, Sides::Both) else {
            return;
        };
        let mut stream = device.open(request).unwrap();
        assert!(stream.output_format().is_some() && stream.input_format().is_some());
        for _ in 0..3 {
            stream.start(stream.timing().period_frames).unwrap();
            let mut counts = Counts::new(&*stream);
            run(&mut *stream, &mut counts, 40);
            stream.stop();
            assert!(counts.recorded_frames > 0, "{mode:?}");
            assert!(counts.played_frames > 0, "{mode:?}");
        }
        assert_eq!(device.input_problem(), None, "{mode:?}");
    }
}

#[test]
#[ignore = "needs a recording device"]
fn t23_an_input_that_nobody_asks_for_stays_closed() {
    for mode in modes() {
        let device = device(true, mode);
        let Some(request) = request(&device, Sides::Output) else {
            return;
        };
        let stream = device.open(request).unwrap();
        assert!(stream.input_format().is_none(), "{mode:?}");
        assert_eq!(stream.timing().input_period_frames, 0, "{mode:?}");
    }
}

#[test]
#[ignore = "needs a playback device"]
fn an_input_that_is_not_there_does_not_take_the_output_along() {
    for mode in modes() {
        let nobody =
            Selection::Id("{0.0.1.00000000}.{00000000-0000-0000-0000-000000000000}".into());
        let device = WasapiDevice::new(
            Some(Selection::Default),
            Some(nobody),
            mode,
            Options::default(),
        );
        let info = device.describe().unwrap();
        assert!(info.output.is_some() && info.input.is_none(), "{mode:?}");
        assert_eq!(device.input_problem().unwrap().kind, FaultKind::NotFound);
        let request = OpenRequest {
            rate_hz: info.rate_hz,
            block_frames: info.period_frames_default,
            sides: Sides::Both,
        };
        let mut stream = device.open(request).unwrap();
        assert!(stream.input_format().is_none(), "{mode:?}");
        assert_eq!(device.input_problem().unwrap().kind, FaultKind::NotFound);
        stream.start(stream.timing().period_frames).unwrap();
        let mut counts = Counts::new(&*stream);
        run(&mut *stream, &mut counts, 5);
        assert!(counts.played_frames > 0, "{mode:?}");
    }
}

#[test]
#[ignore = "needs a playback device"]
fn a_device_for_playing_is_none_for_recording() {
    let Some(output) = wasapi_io::list()
        .unwrap()
        .into_iter()
        .find(|endpoint| endpoint.direction == wasapi_io::Direction::Render)
    else {
        return;
    };
    let selection = Some(Selection::Id(output.id));
    let device = WasapiDevice::new(None, selection, Mode::Shared, Options::default());
    let error = device.describe().unwrap_err();
    assert_eq!(error.kind, FaultKind::Unsupported, "{error}");
    assert!(error.message.contains("cannot record"), "{error}");
}

#[test]
#[ignore = "needs a recording device"]
fn a_stall_does_not_end_a_recording() {
    let device = device(false, Mode::Shared);
    let Some(request) = request(&device, Sides::Input) else {
        return;
    };
    let mut stream = device.open(request).unwrap();
    stream.start(0).unwrap();
    let mut counts = Counts::new(&*stream);
    run(&mut *stream, &mut counts, 10);
    thread::sleep(Duration::from_millis(400));
    // Whatever is told of the gap, it goes on.
    run(&mut *stream, &mut counts, 20);
    assert!(counts.recorded_frames > 0);
}

#[test]
fn no_selection_at_all_is_not_found() {
    let device = WasapiDevice::new(None, None, Mode::Auto, Options::default());
    assert_eq!(device.describe().unwrap_err().kind, FaultKind::NotFound);
    assert_eq!(
        device.check_rate(48_000).unwrap_err().kind,
        FaultKind::NotFound
    );
    let request = OpenRequest {
        rate_hz: 48_000,
        block_frames: 480,
        sides: Sides::Both,
    };
    assert_eq!(
        device.open(request).err().map(|error| error.kind),
        Some(FaultKind::NotFound)
    );
}
