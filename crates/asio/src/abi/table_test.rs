//! Every number a second time, written by hand: a slip of the pen in one place shows in the other.

use super::*;

macro_rules! check_table {
    ($type:ident: $( $value:literal $name:literal ),* $(,)?) => {{
        let expected: &[(i32, &str)] = &[$( ($value, $name) ),*];
        let actual: Vec<(i32, &str)> = $type::ALL
            .iter()
            .map(|number| (number.0, number.name().expect("listed numbers have names")))
            .collect();
        assert_eq!(actual, expected);
    }};
}

#[test]
fn errors() {
    check_table!(AsioError:
        0 "ASE_OK", 1061701536 "ASE_SUCCESS",
        -1000 "ASE_NotPresent", -999 "ASE_HWMalfunction", -998 "ASE_InvalidParameter",
        -997 "ASE_InvalidMode", -996 "ASE_SPNotAdvancing", -995 "ASE_NoClock",
        -994 "ASE_NoMemory");
    assert_eq!(AsioError(5).to_string(), "AsioError(5)");
    assert_eq!(AsioError(-997).to_string(), "ASE_InvalidMode");
}

#[test]
fn sample_types() {
    check_table!(SampleType:
        0 "ASIOSTInt16MSB", 1 "ASIOSTInt24MSB", 2 "ASIOSTInt32MSB", 3 "ASIOSTFloat32MSB",
        4 "ASIOSTFloat64MSB", 8 "ASIOSTInt32MSB16", 9 "ASIOSTInt32MSB18",
        10 "ASIOSTInt32MSB20", 11 "ASIOSTInt32MSB24", 16 "ASIOSTInt16LSB",
        17 "ASIOSTInt24LSB", 18 "ASIOSTInt32LSB", 19 "ASIOSTFloat32LSB",
        20 "ASIOSTFloat64LSB", 24 "ASIOSTInt32LSB16", 25 "ASIOSTInt32LSB18",
        26 "ASIOSTInt32LSB20", 27 "ASIOSTInt32LSB24", 32 "ASIOSTDSDInt8LSB1",
        33 "ASIOSTDSDInt8MSB1", 40 "ASIOSTDSDInt8NER8");
    let bytes: Vec<Option<usize>> = SampleType::ALL
        .iter()
        .map(|kind| kind.block_bytes(16))
        .collect();
    let expected = [
        32, 48, 64, 64, 128, 64, 64, 64, 64, 32, 48, 64, 64, 128, 64, 64, 64, 64, 2, 2, 16,
    ];
    assert_eq!(bytes, expected.map(Some));
    assert_eq!(SampleType(5).block_bytes(16), None);
}

#[test]
fn host_messages() {
    check_table!(HostMessage:
        1 "kAsioSelectorSupported", 2 "kAsioEngineVersion", 3 "kAsioResetRequest",
        4 "kAsioBufferSizeChange", 5 "kAsioResyncRequest", 6 "kAsioLatenciesChanged",
        7 "kAsioSupportsTimeInfo", 8 "kAsioSupportsTimeCode", 9 "kAsioMMCCommand",
        10 "kAsioSupportsInputMonitor", 11 "kAsioSupportsInputGain",
        12 "kAsioSupportsInputMeter", 13 "kAsioSupportsOutputGain",
        14 "kAsioSupportsOutputMeter", 15 "kAsioOverload");
}

#[test]
fn future_selectors() {
    check_table!(FutureSelector:
        1 "kAsioEnableTimeCodeRead", 2 "kAsioDisableTimeCodeRead", 3 "kAsioSetInputMonitor",
        4 "kAsioTransport", 5 "kAsioSetInputGain", 6 "kAsioGetInputMeter",
        7 "kAsioSetOutputGain", 8 "kAsioGetOutputMeter", 9 "kAsioCanInputMonitor",
        10 "kAsioCanTimeInfo", 11 "kAsioCanTimeCode", 12 "kAsioCanTransport",
        13 "kAsioCanInputGain", 14 "kAsioCanInputMeter", 15 "kAsioCanOutputGain",
        16 "kAsioCanOutputMeter", 17 "kAsioOptionalOne", 588323169 "kAsioSetIoFormat",
        588323203 "kAsioGetIoFormat", 588324868 "kAsioCanDoIoFormat",
        604250130 "kAsioCanReportOverload", 621027346 "kAsioGetInternalBufferSamples");
    let with_parameter: Vec<i32> = FutureSelector::ALL
        .iter()
        .filter(|selector| selector.needs_parameter())
        .map(|selector| selector.0)
        .collect();
    assert_eq!(
        with_parameter,
        [
            3,
            4,
            5,
            6,
            7,
            8,
            0x2311_1961,
            0x2311_1983,
            0x2311_2004,
            0x2504_2012
        ]
    );
}

#[test]
fn transport_and_formats() {
    check_table!(TransportCommand:
        1 "kTransStart", 2 "kTransStop", 3 "kTransLocate", 4 "kTransPunchIn",
        5 "kTransPunchOut", 6 "kTransArmOn", 7 "kTransArmOff", 8 "kTransMonitorOn",
        9 "kTransMonitorOff", 10 "kTransArm", 11 "kTransMonitor");
    check_table!(IoFormatType:
        -1 "kASIOFormatInvalid", 0 "kASIOPCMFormat", 1 "kASIODSDFormat");
}

#[test]
fn flags() {
    use time_code_flags as code;
    use time_info_flags as info;
    assert_eq!(
        [
            info::SYSTEM_TIME_VALID,
            info::SAMPLE_POSITION_VALID,
            info::SAMPLE_RATE_VALID,
            info::SPEED_VALID,
            info::SAMPLE_RATE_CHANGED,
            info::CLOCK_SOURCE_CHANGED,
        ],
        [1, 2, 4, 8, 16, 32]
    );
    assert_eq!(
        [
            code::VALID,
            code::RUNNING,
            code::REVERSE,
            code::ON_SPEED,
            code::STILL,
            code::SPEED_VALID,
        ],
        [1, 2, 4, 8, 16, 256]
    );
}
