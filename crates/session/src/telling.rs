//! What a stream tells the record of its instance.

use std::time::Duration;

use engine::endpoint::{Endpoint, EndpointError, FaultKind, Label, StreamFault};
use engine::format::StreamFormat;
use engine::graph::{Graph, GraphSpec};
use record::{Event, Fault, Gauges, Opened, Recorder, Side, Why};

use crate::keeper::Purpose;
use crate::latency_gauges::LatencyGauges;
use crate::rates::at_rate;
use crate::stream_client::StreamClient;

/// A stream as it is now. Any thread, outside the cycle.
pub(crate) fn opened(endpoint: &dyn Endpoint, purpose: &Purpose) -> Opened {
    let (output, input) = (endpoint.output_format(), endpoint.input_format());
    let (timing, chosen) = (endpoint.timing(), endpoint.chosen());
    let Label {
        output: output_name,
        input: input_name,
        mode,
    } = endpoint.label();
    let rate_hz = output.or(input).map_or(0, |format| format.rate_hz);
    let side = |format: StreamFormat, name: Option<String>, id: Option<String>, frames| Side {
        name: name.unwrap_or_default(),
        id: id.unwrap_or_default(),
        format: format.sample.name().to_owned(),
        channels: u32::from(format.channels),
        latency_frames: at_rate(frames, format.rate_hz, purpose.rate_hz),
    };
    let output_frames = timing.queued_frames.saturating_add(timing.device_frames);
    let input_frames = timing
        .input_period_frames
        .saturating_add(timing.input_device_frames);
    Opened {
        output: output.map(|format| side(format, output_name, chosen.output, output_frames)),
        input: input.map(|format| side(format, input_name, chosen.input, input_frames)),
        mode: mode.to_owned(),
        rate_hz,
        host_hz: purpose.rate_hz,
        period_frames: timing.period_frames,
        block_frames: purpose.block_frames,
    }
}

/// A stream was opened; what the record says of it.
pub(crate) fn begins(recorder: &Recorder, endpoint: &dyn Endpoint, purpose: &Purpose) -> Opened {
    let opened = opened(endpoint, purpose);
    recorder.event(Event::Opened(opened.clone()));
    opened
}

/// The stream did not open.
pub(crate) fn refused(recorder: &Recorder, error: &EndpointError) {
    recorder.event(Event::Refused {
        fault: meaning(error.kind),
        message: error.message.clone(),
        code: None,
    });
}

/// The device is gone; `None`: it just kept silent.
pub(crate) fn lost(recorder: &Recorder, fault: Option<StreamFault>) {
    recorder.event(Event::Lost {
        fault: fault.map_or(Fault::Silent, |fault| meaning(fault.kind)),
        code: recorder.code(fault.map_or(0, |fault| fault.code)),
    });
}

/// A joined device came or went.
pub(crate) fn joined(recorder: &Recorder, endpoint: &dyn Endpoint, is_there: bool) {
    let Label { output, input, .. } = endpoint.label();
    // One without a name is nothing to tell of.
    let Some(name) = output.or(input) else {
        return;
    };
    recorder.event(match is_there {
        true => Event::JoinedBack { name },
        false => Event::JoinedLost { name },
    });
}

/// Keeps the gauges after a cycle. Wait-free.
pub(crate) fn count_cycle<C: StreamClient>(gauges: &Gauges, graph: &Graph<C>, underrun: bool) {
    gauges.cycles.add(1);
    gauges.underruns.add(u64::from(underrun));
    gauges
        .fill_frames
        .set(u64::from(graph.fill().keep_frames()));
    if let Some(frames) = graph.client().made_frames() {
        gauges.played_frames.set(frames);
    }
    if let Some(bridge) = graph.input_status() {
        gauges.set_drift_ppm(bridge.clocks_ppm);
    }
}

/// Counts a cycle whose work took longer than the time until the next. Wait-free.
pub(crate) fn count_work(gauges: &Gauges, spec: &GraphSpec, work: Duration) {
    let format = spec.output.or(spec.input);
    let rate_hz = format.map_or(0, |format| format.rate_hz);
    let is_late = lasts_longer(work, spec.timing.period_frames, rate_hz);
    gauges.overloads.add(u64::from(is_late));
}

/// Whether it lasts longer than so many frames.
fn lasts_longer(work: Duration, frames: u32, rate_hz: u32) -> bool {
    rate_hz > 0 && work.as_nanos() * u128::from(rate_hz) > u128::from(frames) * 1_000_000_000
}

/// Keeps the gauges of the latencies. Wait-free.
pub(crate) fn keep_latency(gauges: &Gauges, latency: &LatencyGauges, ready_frames: u32) {
    let output_frames = u64::from(latency.output_frames(ready_frames));
    gauges.output_latency_frames.set(output_frames);
    let input_frames = u64::from(latency.input_frames());
    gauges.input_latency_frames.set(input_frames);
}

/// The host is told of other latencies.
pub(crate) fn latency_changed(recorder: &Recorder, gauges: &Gauges) {
    let frames = |frames: u64| u32::try_from(frames).unwrap_or(u32::MAX);
    let readings = gauges.read();
    recorder.event(Event::LatencyChanged {
        output_frames: frames(readings.output_latency_frames),
        input_frames: frames(readings.input_latency_frames),
    });
}

fn meaning(kind: FaultKind) -> Fault {
    match kind {
        FaultKind::NotFound => Fault::NotFound,
        FaultKind::InUse => Fault::InUse,
        FaultKind::Unsupported => Fault::Unsupported,
        FaultKind::Lost => Fault::Lost,
        FaultKind::ServiceGone => Fault::ServiceGone,
        _ => Fault::Failed,
    }
}

/// What the keeper of a stream tells.
pub(crate) struct KeeperTale {
    recorder: Recorder,
    /// What the stream is or was on.
    on: Option<Opened>,
    /// What it was offered.
    offered: Option<Opened>,
    is_lost: bool,
    attempts: u64,
    told: String,
    /// What was said of the stream last.
    remarks: Vec<String>,
}

impl KeeperTale {
    /// Of a stream that has just been opened, or has no device.
    pub(crate) fn new(recorder: Recorder, on: Option<Opened>) -> Self {
        Self {
            recorder,
            on,
            offered: None,
            is_lost: false,
            attempts: 0,
            told: String::new(),
            remarks: Vec::new(),
        }
    }

    /// What there is to say of the stream now. Each sentence is told when it is new.
    pub(crate) fn remarks(&mut self, now: Vec<String>) {
        let new = now.iter().filter(|text| !self.remarks.contains(text));
        for message in new.cloned() {
            self.recorder.event(Event::Note { message });
        }
        self.remarks = now;
    }

    /// The stream has no device any more.
    pub(crate) fn lost(&mut self) {
        self.is_lost = true;
    }

    /// A device was looked for in vain. Told when the reason is another, and more and more rarely
    /// while it is not.
    pub(crate) fn looked(&mut self, error: &EndpointError) {
        self.attempts = self.attempts.saturating_add(1);
        if self.told != error.message || self.attempts.is_power_of_two() && self.attempts >= 64 {
            self.told.clone_from(&error.message);
            self.recorder.event(Event::LookedFor {
                attempts: self.attempts,
                message: error.message.clone(),
            });
        }
    }

    /// The stream is offered another endpoint, perhaps because the user says so. What is to be told
    /// when it takes it.
    pub(crate) fn offers(&mut self, to: Opened, by_configuration: bool, by_default: bool) -> Event {
        self.offered = Some(to.clone());
        let why = match (by_configuration, self.is_lost, by_default) {
            (true, ..) => Why::ConfigurationChanged,
            (_, true, _) => Why::OldOneGone,
            (.., true) => Why::DefaultMoved,
            (.., false) => Why::BetterOneCame,
        };
        match &self.on {
            None => Event::Back(to),
            Some(from) if self.is_lost && ids(from) == ids(&to) => Event::Back(to),
            Some(from) => Event::Moved {
                from: from.names(),
                to,
                why,
            },
        }
    }

    /// The stream is offered the endpoint that it is on, opened a second time.
    pub(crate) fn renews(&mut self, to: Opened) -> Event {
        self.offered = Some(to.clone());
        let message = format!(
            "\"{}\" kept silence queued after it had run dry, which delayed all that followed; its \
             stream was opened anew.",
            to.names()
        );
        Event::Note { message }
    }

    /// The stream took it.
    pub(crate) fn taken(&mut self) {
        if let Some(to) = self.offered.take() {
            self.on = Some(to);
        }
        self.is_lost = false;
        (self.attempts, self.told) = (0, String::new());
    }

    /// The user wants something else.
    pub(crate) fn wishes_changed(&self) {
        self.recorder
            .event(Event::ConfigurationChanged { faults: Vec::new() });
    }

    /// The host is asked to begin anew.
    pub(crate) fn asked_host(&self, why: &str) {
        self.recorder.event(Event::ResetRequested {
            message: why.to_owned(),
        });
    }
}

fn ids(opened: &Opened) -> [Option<&str>; 2] {
    [&opened.output, &opened.input].map(|side| side.as_ref().map(|side| side.id.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_just_enough_for_its_work() {
        let period = Duration::from_millis(10);
        assert!(!lasts_longer(period, 480, 48_000));
        assert!(lasts_longer(period + Duration::from_nanos(1), 480, 48_000));
        assert!(!lasts_longer(Duration::MAX, u32::MAX, 0));
        assert!(lasts_longer(Duration::MAX, u32::MAX, 1));
    }

    #[test]
    fn a_keeper_tells_a_return_from_a_move() {
        let at = |id: &str| Opened {
            output: Some(Side {
                name: id.to_owned(),
                id: id.to_owned(),
                ..Side::default()
            }),
            ..Opened::default()
        };
        let why = |event: Event| match event {
            Event::Moved { from, why, .. } => Some((from, why)),
            _ => None,
        };
        let mut tale = KeeperTale::new(Recorder::silent(), None);
        assert_eq!(tale.offers(at("A"), false, true), Event::Back(at("A")));
        tale.taken();
        let moved = |from: &str, why| Some((from.to_owned(), why));
        let event = tale.offers(at("B"), false, true);
        assert_eq!(why(event), moved("A", Why::DefaultMoved));
        // It was not taken.
        let event = tale.offers(at("C"), false, false);
        assert_eq!(why(event), moved("A", Why::BetterOneCame));
        tale.taken();
        tale.lost();
        assert_eq!(tale.offers(at("C"), false, true), Event::Back(at("C")));
        let event = tale.offers(at("D"), false, true);
        assert_eq!(why(event), moved("C", Why::OldOneGone));
        let event = tale.offers(at("D"), true, true);
        assert_eq!(why(event), moved("C", Why::ConfigurationChanged));
    }
}
