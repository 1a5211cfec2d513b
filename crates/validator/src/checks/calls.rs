//! All methods before `init`, and all questions while a stream runs.

use anyhow::{Result, bail, ensure};
use asio::abi::FutureSelector;
use asio::driver::ChannelId;
use asio::host::misuse::Answer;
use asio::host::{Call, Made};

use crate::bench::{Bench, some_channels, wait_for_blocks};
use crate::checks::model::known;

const OUTPUT: ChannelId = ChannelId {
    is_input: false,
    index: 0,
};

/// Everything but `init`, in an order that leaves nothing behind.
const BEFORE_INIT: [Call<'static>; 20] = [
    Call::GetDriverName,
    Call::GetDriverVersion,
    Call::GetErrorMessage,
    Call::GetChannels,
    Call::GetLatencies,
    Call::GetBufferSize,
    Call::CanSampleRate(48_000.0),
    Call::GetSampleRate,
    Call::SetSampleRate(48_000.0),
    Call::GetClockSources(4),
    Call::SetClockSource(0),
    Call::GetSamplePosition,
    Call::GetChannelInfo(OUTPUT),
    Call::CreateBuffers(&[OUTPUT], 512),
    Call::Start,
    Call::OutputReady,
    Call::Future(FutureSelector::CAN_TIME_INFO),
    Call::Stop,
    Call::DisposeBuffers,
    Call::GetErrorMessage,
];

/// What a call must never do, in any state.
pub fn ensure_clean(made: &Made) -> Result<()> {
    let Made { method, answer, .. } = made;
    ensure!(
        !made.is_breached,
        "{method} writes beyond the memory that it is given"
    );
    let failed = matches!(answer, Answer::Code(_)) && !answer.is_success();
    ensure!(
        !(failed && made.is_written),
        "{method} fails with {answer} but writes an answer"
    );
    Ok(())
}

pub fn before_init(bench: &Bench<'_>) -> Result<String> {
    let driver = bench.load()?;
    for call in BEFORE_INIT {
        bench.step(format!("calling {call:?} before init"));
        let made = driver.bare().call(call);
        ensure_clean(&made)?;
        if matches!(call, Call::CreateBuffers(..) | Call::Start) {
            ensure!(
                !made.answer.is_success(),
                "{} succeeds before init",
                made.method
            );
        }
        bench.advise(known(made.answer), || {
            format!(
                "{} says {} before init, which is no code of ASIO's",
                made.method, made.answer
            )
        });
    }
    bench.step("playing after that");
    let mut driver = driver;
    if let Err(error) = driver.init() {
        bail!("init fails after calls that came before it: {error}");
    }
    bench.plays(&mut driver)?;
    Ok(format!("{} calls were answered", BEFORE_INIT.len()))
}

pub fn while_running(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let rate_hz = driver.sample_rate()?;
    let channel = some_channels(&driver)?[0];
    let seen = bench.prepare_preferred(&mut driver)?;
    driver.start()?;
    wait_for_blocks(&seen, 2)?;
    let calls = [
        (Call::Init, false),
        (Call::GetDriverName, false),
        (Call::GetDriverVersion, false),
        (Call::GetErrorMessage, false),
        (Call::GetChannels, true),
        (Call::GetLatencies, true),
        (Call::GetBufferSize, true),
        (Call::CanSampleRate(rate_hz), true),
        (Call::CanSampleRate(44_100.0), false),
        (Call::CanSampleRate(96_000.0), false),
        (Call::GetSampleRate, true),
        (Call::SetSampleRate(rate_hz), false),
        (Call::GetClockSources(4), false),
        (Call::SetClockSource(0), false),
        (Call::GetSamplePosition, false),
        (Call::GetChannelInfo(channel), true),
        (Call::Future(FutureSelector::CAN_TIME_INFO), false),
        (Call::OutputReady, false),
    ];
    for (call, must) in calls {
        bench.step(format!("calling {call:?} while the stream runs"));
        let made = driver.bare().call(call);
        ensure_clean(&made)?;
        ensure!(
            made.answer.is_success() || !must,
            "{} fails with {} while the stream runs",
            made.method,
            made.answer
        );
    }
    bench.step("going on after the questions");
    wait_for_blocks(&seen, 3)?;
    driver.stop()?;
    bench.advise(seen.resets.get() == 0, || {
        "questions alone make the driver ask for a reset".to_owned()
    });
    Ok(format!(
        "{} calls were answered, the stream went on",
        calls.len()
    ))
}
