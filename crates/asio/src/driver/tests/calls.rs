//! Every sequence of calls, against the table in the documentation.

use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::Ordering;

use super::{Raw, call, outputs};
use crate::abi::{AsioError, ChannelInfo, ClockSource, FutureSelector, Int64, SampleType};

const STATES: [&str; 4] = ["loaded", "initialised", "prepared", "running"];

/// What a call answers in a state, and the state that it leads to.
struct Cell {
    code: AsioError,
    next: usize,
}

/// The table of `calls.md`: for each call, a cell for each state.
fn table() -> HashMap<&'static str, [Cell; 4]> {
    let rows = include_str!("../calls.md")
        .lines()
        .filter(|line| line.starts_with('|'));
    let mut table = HashMap::new();
    for row in rows.skip(2) {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let call = cells.next().unwrap();
        let cells: Vec<Cell> = cells
            .enumerate()
            .map(|(state, text)| parse_cell(text, state))
            .collect();
        let cells = cells
            .try_into()
            .unwrap_or_else(|_| panic!("{call}: not four states"));
        assert!(table.insert(call, cells).is_none(), "{call} comes twice");
    }
    table
}

fn parse_cell(text: &str, state: usize) -> Cell {
    let (code, next) = text.split_once(" → ").unwrap_or((text, STATES[state]));
    let next = STATES
        .iter()
        .position(|name| *name == next)
        .unwrap_or_else(|| panic!("{text}"));
    let name = format!("ASE_{code}");
    let code = AsioError::ALL
        .iter()
        .find(|error| error.name() == Some(&name));
    Cell {
        code: *code.unwrap_or_else(|| panic!("{text}")),
        next,
    }
}

/// Makes the call with arguments that make sense.
fn make(raw: &Raw, call: &str) -> AsioError {
    let (mut a, mut b, mut c, mut d) = (0, 0, 0, 1);
    let mut rate_hz = 0.0;
    let (mut position, mut time) = (Int64::new(0), Int64::new(0));
    match call {
        // The boolean as the code that the table has for it.
        "init" => match raw.init() {
            1 => AsioError::OK,
            _ => AsioError::NOT_PRESENT,
        },
        "getChannels" => call!(raw, get_channels, &raw mut a, &raw mut b),
        "getLatencies" => call!(raw, get_latencies, &raw mut a, &raw mut b),
        "getBufferSize" => {
            call!(
                raw,
                get_buffer_size,
                &raw mut a,
                &raw mut b,
                &raw mut c,
                &raw mut d
            )
        }
        "canSampleRate" => call!(raw, can_sample_rate, 44_100.0),
        "getSampleRate" => call!(raw, get_sample_rate, &raw mut rate_hz),
        "setSampleRate" => call!(raw, set_sample_rate, 44_100.0),
        "getClockSources" => {
            let mut source = empty_clock();
            call!(raw, get_clock_sources, &raw mut source, &raw mut d)
        }
        "setClockSource" => call!(raw, set_clock_source, 0),
        "getSamplePosition" => {
            call!(raw, get_sample_position, &raw mut position, &raw mut time)
        }
        "getChannelInfo" => {
            let mut info = empty_channel();
            call!(raw, get_channel_info, &raw mut info)
        }
        "createBuffers" => raw.create(&mut outputs(2), 64),
        "start" => call!(raw, start),
        "stop" => call!(raw, stop),
        "disposeBuffers" => call!(raw, dispose_buffers),
        "controlPanel" => call!(raw, control_panel),
        "outputReady" => call!(raw, output_ready),
        "future" => call!(raw, future, FutureSelector::CAN_TIME_INFO, ptr::null_mut()),
        other => panic!("the table names {other}"),
    }
}

fn empty_clock() -> ClockSource {
    ClockSource {
        index: 9,
        associated_channel: 9,
        associated_group: 9,
        is_current_source: 9,
        name: [9; 32],
    }
}

fn empty_channel() -> ChannelInfo {
    ChannelInfo {
        channel: 0,
        is_input: 0,
        is_active: 0,
        channel_group: 0,
        sample_type: SampleType(0),
        name: [0; 32],
    }
}

/// Walks one sequence on a new object; at each step the code and what is alive must be right.
fn walk(table: &HashMap<&'static str, [Cell; 4]>, sequence: &[&'static str]) {
    let raw = Raw::new();
    let probe = raw.probe.clone();
    let mut state = 0;
    for (step, call) in sequence.iter().enumerate() {
        let expected = &table[call][state];
        assert_eq!(
            make(&raw, call),
            expected.code,
            "step {step} of {sequence:?}"
        );
        state = expected.next;
        let streams = probe.live_streams.load(Ordering::Relaxed);
        assert_eq!(
            streams,
            i32::from(state >= 2),
            "streams after step {step} of {sequence:?}"
        );
    }
    drop(raw);
    assert_eq!(
        probe.live_streams.load(Ordering::Relaxed),
        0,
        "a stream leaks: {sequence:?}"
    );
    assert_eq!(
        probe.live_drivers.load(Ordering::Relaxed),
        0,
        "a driver leaks: {sequence:?}"
    );
    assert_eq!(*probe.violations.lock(), [""; 0], "{sequence:?}");
}

fn walk_all(
    table: &HashMap<&'static str, [Cell; 4]>,
    calls: &[&'static str],
    sequence: &mut Vec<&'static str>,
    length: usize,
) {
    if length == 0 {
        return walk(table, sequence);
    }
    for call in calls {
        sequence.push(call);
        walk_all(table, calls, sequence, length - 1);
        sequence.pop();
    }
}

/// Shorter sequences are the beginnings of these. Guards T30 and T31.
#[test]
fn every_sequence_of_four_calls_answers_as_the_table_says() {
    let calls = [
        "init",
        "start",
        "stop",
        "createBuffers",
        "disposeBuffers",
        "getLatencies",
        "outputReady",
        "controlPanel",
        "setSampleRate",
        "getSamplePosition",
        "future",
    ];
    walk_all(&table(), &calls, &mut Vec::new(), 4);
}

/// The calls that change the state, deeper: through all states and back, twice.
#[test]
fn every_sequence_of_six_changes_of_state_answers_as_the_table_says() {
    let calls = ["init", "createBuffers", "start", "stop", "disposeBuffers"];
    walk_all(&table(), &calls, &mut Vec::new(), 6);
}

#[test]
fn every_call_answers_as_the_table_says_in_every_state() {
    let table = table();
    assert_eq!(table.len(), 18);
    let ways: [&[&str]; 4] = [
        &[],
        &["init"],
        &["init", "createBuffers"],
        &["init", "createBuffers", "start"],
    ];
    for way in ways {
        for call in table.keys() {
            let mut sequence = way.to_vec();
            sequence.push(call);
            walk(&table, &sequence);
        }
    }
}
