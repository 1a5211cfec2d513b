//! What the calls hand over and what they refuse.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::Ordering;

use super::{CALLBACKS, Raw, buffer_info, call, outputs};
use crate::abi::{
    AsioError, Callbacks, ChannelInfo, ClockSource, FutureSelector, Int64, InternalBufferInfo,
    SampleType,
};
use crate::text::read_text;

#[test]
fn the_name_is_cut_and_ended() {
    let raw = Raw::new();
    let mut name = [0xAA_u8; 33];
    call!(raw, get_driver_name, name.as_mut_ptr().cast());
    assert_eq!(read_text(&name), "Mock driver with a name that is");
    assert_eq!(name[32], 0xAA, "nothing behind the 32 bytes is touched");
    assert_eq!(call!(raw, get_driver_version), 7);
}

#[test]
fn numbers_arrive() {
    let raw = Raw::prepared();
    let (mut a, mut b, mut c, mut d) = (0, 0, 0, 0);
    assert_eq!(
        call!(raw, get_channels, &raw mut a, &raw mut b),
        AsioError::OK
    );
    assert_eq!((a, b), (1, 2));
    assert_eq!(
        call!(raw, get_latencies, &raw mut a, &raw mut b),
        AsioError::OK
    );
    assert_eq!((a, b), (64, 96));
    let code = call!(
        raw,
        get_buffer_size,
        &raw mut a,
        &raw mut b,
        &raw mut c,
        &raw mut d
    );
    assert_eq!((code, a, b, c, d), (AsioError::OK, 16, 4096, 480, -1));
    let mut rate_hz = 0.0;
    assert_eq!(call!(raw, get_sample_rate, &raw mut rate_hz), AsioError::OK);
    assert_eq!(rate_hz, 48_000.0);
}

#[test]
fn rates_that_are_none_never_reach_the_driver() {
    let raw = Raw::initialised();
    for rate_hz in [0.0, -48_000.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(call!(raw, can_sample_rate, rate_hz), AsioError::NO_CLOCK);
        assert_eq!(call!(raw, set_sample_rate, rate_hz), AsioError::NO_CLOCK);
    }
    assert_eq!(call!(raw, can_sample_rate, 96_000.0), AsioError::NO_CLOCK);
    assert_eq!(raw.error_text(), "Only 44100 and 48000 Hz are possible.");
    assert_eq!(call!(raw, set_sample_rate, 44_100.0), AsioError::OK);
}

/// T47: a position above 2^32 keeps its upper half.
#[test]
fn positions_are_64_bits() {
    let raw = Raw::prepared();
    raw.probe.frames.store((5 << 32) + 7, Ordering::Relaxed);
    assert_eq!(call!(raw, start), AsioError::OK);
    let (mut position, mut time) = (Int64::new(0), Int64::new(0));
    let code = call!(raw, get_sample_position, &raw mut position, &raw mut time);
    assert_eq!(code, AsioError::OK);
    assert_eq!(position, Int64 { hi: 5, lo: 7 });
    assert_eq!(time, Int64 { hi: 15, lo: 21 });
}

#[test]
fn one_clock_and_no_other() {
    let raw = Raw::initialised();
    let untouched = ClockSource {
        index: 9,
        associated_channel: 9,
        associated_group: 9,
        is_current_source: 9,
        name: [9; 32],
    };
    let mut sources = [untouched; 2];
    let mut count = 0;
    let refused = call!(raw, get_clock_sources, sources.as_mut_ptr(), &raw mut count);
    assert_eq!(
        (refused, count, sources[0].name),
        (AsioError::INVALID_PARAMETER, 0, [9; 32])
    );
    count = 2;
    let code = call!(raw, get_clock_sources, sources.as_mut_ptr(), &raw mut count);
    assert_eq!((code, count), (AsioError::OK, 1));
    assert_eq!({ sources[0].index }, 0);
    assert_eq!({ sources[0].is_current_source }, 1);
    assert_eq!(read_text(&sources[0].name), "Internal");
    assert_eq!(sources[1].name, [9; 32]);
    assert_eq!(
        call!(raw, set_clock_source, 1),
        AsioError::INVALID_PARAMETER
    );
    assert_eq!(
        call!(raw, set_clock_source, -1),
        AsioError::INVALID_PARAMETER
    );
}

fn channel_info(raw: &Raw, is_input: i32, channel: i32) -> (AsioError, ChannelInfo) {
    let mut info = ChannelInfo {
        channel,
        is_input,
        is_active: 9,
        channel_group: 9,
        sample_type: SampleType(9),
        name: [9; 32],
    };
    (call!(raw, get_channel_info, &raw mut info), info)
}

#[test]
fn channels_say_what_they_are() {
    let raw = Raw::prepared();
    let (code, info) = channel_info(&raw, 0, 1);
    assert_eq!(code, AsioError::OK);
    assert_eq!({ info.sample_type }, SampleType::INT32_LSB);
    assert_eq!({ info.is_active }, 1);
    assert_eq!(read_text(&info.name), "Kanal 2");
    // Some hosts mean "yes" with any number.
    let (code, info) = channel_info(&raw, 42, 0);
    assert_eq!(
        (code, { info.is_active }, { info.is_input }),
        (AsioError::OK, 0, 42)
    );
    for (is_input, channel) in [(0, 2), (0, -1), (1, 1), (0, i32::MIN), (0, i32::MAX)] {
        let (code, info) = channel_info(&raw, is_input, channel);
        assert_eq!((code, info.name), (AsioError::INVALID_PARAMETER, [9; 32]));
    }
}

#[test]
fn the_host_gets_its_halves() {
    let raw = Raw::initialised();
    let mut infos = [
        buffer_info(false, 1),
        buffer_info(true, 0),
        buffer_info(false, 0),
    ];
    assert_eq!(raw.create(&mut infos, 100), AsioError::OK);
    let mut starts: Vec<usize> = infos
        .iter()
        .flat_map(|info| { info.buffers }.map(|half| half as usize))
        .collect();
    starts.sort_unstable();
    assert!(starts[0] != 0 && starts.iter().all(|start| start % 64 == 0));
    assert!(
        starts.windows(2).all(|pair| pair[1] - pair[0] >= 400),
        "halves overlap"
    );
}

#[test]
fn what_cannot_be_prepared_leaves_the_list_alone() {
    let raw = Raw::initialised();
    type Case = (&'static [(bool, i32)], i32, AsioError);
    let cases: [Case; 8] = [
        (&[], 64, AsioError::INVALID_PARAMETER),
        (&[(false, 0), (false, 0)], 64, AsioError::INVALID_PARAMETER),
        (&[(false, 2)], 64, AsioError::INVALID_PARAMETER),
        (&[(true, -1)], 64, AsioError::INVALID_PARAMETER),
        (
            &[(false, 0), (false, 1), (true, 0), (true, 1)],
            64,
            AsioError::INVALID_PARAMETER,
        ),
        (&[(false, 0)], 0, AsioError::INVALID_PARAMETER),
        (&[(false, 0)], 8, AsioError::INVALID_MODE),
        (&[(false, 0)], 5000, AsioError::INVALID_MODE),
    ];
    for (channels, block_frames, code) in cases {
        let mut infos: Vec<_> = channels
            .iter()
            .map(|&(is_input, index)| buffer_info(is_input, index))
            .collect();
        assert_eq!(
            raw.create(&mut infos, block_frames),
            code,
            "{channels:?} {block_frames}"
        );
        assert!(
            infos
                .iter()
                .all(|info| { info.buffers }.iter().all(|half| half.is_null()))
        );
        assert!(!raw.error_text().is_empty());
    }
    // A size between the powers of two is as good as any.
    assert_eq!(raw.create(&mut outputs(1), 481), AsioError::OK);
}

#[test]
fn a_count_that_lies_is_refused_before_the_list_is_read() {
    let raw = Raw::initialised();
    let mut infos = outputs(1);
    let callbacks = CALLBACKS;
    for count in [-1, 0, 4, i32::MAX, i32::MIN] {
        let list = infos.as_mut_ptr();
        let code = call!(raw, create_buffers, list, count, 64, &raw const callbacks);
        assert_eq!(code, AsioError::INVALID_PARAMETER, "{count}");
    }
}

#[test]
fn a_host_without_a_switch_is_refused() {
    let raw = Raw::initialised();
    let callbacks = Callbacks {
        buffer_switch: None,
        ..CALLBACKS
    };
    let mut infos = outputs(1);
    let list = infos.as_mut_ptr();
    let code = call!(raw, create_buffers, list, 1, 64, &raw const callbacks);
    assert_eq!(code, AsioError::INVALID_PARAMETER);
}

/// T46: yes is not 0, and what is unknown is told from what is not there.
#[test]
fn future_says_yes_no_or_unknown() {
    let raw = Raw::new();
    let mut room = [0_u8; 512];
    for selector in FutureSelector::ALL {
        let expected = match *selector {
            FutureSelector::CAN_TIME_INFO | FutureSelector::GET_INTERNAL_BUFFER_SAMPLES => {
                AsioError::SUCCESS
            }
            _ => AsioError::NOT_PRESENT,
        };
        let parameter: *mut c_void = room.as_mut_ptr().cast();
        assert_eq!(
            call!(raw, future, *selector, parameter),
            expected,
            "{selector}"
        );
        if selector.needs_parameter() {
            let code = call!(raw, future, *selector, ptr::null_mut());
            assert_eq!(code, AsioError::INVALID_PARAMETER, "{selector}");
        }
    }
    for unknown in [0, -1, 18, i32::MIN, i32::MAX] {
        let code = call!(raw, future, FutureSelector(unknown), ptr::null_mut());
        assert_eq!(code, AsioError::INVALID_PARAMETER);
    }
    let mut info = InternalBufferInfo::default();
    let selector = FutureSelector::GET_INTERNAL_BUFFER_SAMPLES;
    assert_eq!(
        call!(raw, future, selector, (&raw mut info).cast()),
        AsioError::SUCCESS
    );
    assert_eq!(({ info.input_samples }, { info.output_samples }), (3, 5));
}
