//! Checks what the documentation promises of errors, on whatever the system's list of devices is.

use std::ptr::{null, null_mut};

use engine::format::{SampleFormat, StreamFormat};
use serde::Serialize;
use windows_core::{GUID, HRESULT, Interface, w};

use super::open::{Failure, activate, enumerator, find, mix_format};
use crate::abi::{
    IAudioCaptureClient, IAudioClient, IAudioClient3, IAudioRenderClient, IMMDevice, IMMEndpoint,
};
use crate::wave;
use simcard_service::codes::{
    ALREADY_INITIALIZED, BUFFER_SIZE_NOT_ALIGNED, BUFFER_TOO_LARGE, INVALID_ARGUMENT, INVALID_SIZE,
    NO_INTERFACE, NOT_FOUND, NOT_INITIALIZED, NULL_POINTER, OUT_OF_ORDER, UNSUPPORTED_FORMAT,
    WRONG_ENDPOINT_TYPE,
};
use simcard_service::system::Event;

const NOT_STOPPED: i32 = 0x8889_0005_u32 as i32;
const DEVICE_IN_USE: i32 = 0x8889_000A_u32 as i32;
const BUFFER_OPERATION_PENDING: i32 = 0x8889_000B_u32 as i32;
const EVENT_NOT_EXPECTED: i32 = 0x8889_0011_u32 as i32;
const PERIOD_NOT_EQUAL: i32 = 0x8889_0013_u32 as i32;
const EVENT_NOT_SET: i32 = 0x8889_0014_u32 as i32;
const BUFFER_SIZE_ERROR: i32 = 0x8889_0016_u32 as i32;
const INVALID_STREAM_FLAG: i32 = 0x8889_0021_u32 as i32;
const PERIODICITY_LOCKED: i32 = 0x8889_0028_u32 as i32;
const EVENT: u32 = 0x0004_0000;
const AUTO_CONVERT: u32 = 0x8000_0000;
const PERIOD_HNS: i64 = 100_000;

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was done.
    pub what: &'static str,
    /// The documented `HRESULT`, in hexadecimal.
    pub expected: String,
    /// The answer.
    pub got: String,
    /// Whether it is the documented one.
    pub good: bool,
}

struct Findings(Vec<Finding>);

impl Findings {
    fn expect(&mut self, what: &'static str, expected: i32, got: HRESULT) {
        self.0.push(Finding {
            what,
            expected: format!("0x{expected:08X}"),
            got: format!("0x{:08X}", got.0),
            good: expected == got.0,
        });
    }
}

/// Runs all checks on the default device for playback, or the one with that part of a name.
///
/// # Errors
/// A call failed that the checks need.
pub fn check(name: Option<&str>) -> Result<Vec<Finding>, Failure> {
    let device = find(true, name)?;
    let mut findings = Findings(Vec::new());
    of_lists(&mut findings, &device)?;
    of_fresh_clients(&mut findings, &device)?;
    of_shared_streams(&mut findings, &device)?;
    of_buffers(&mut findings, &device)?;
    of_exclusive_streams(&mut findings, &device)?;
    of_low_latency(&mut findings, &device)?;
    Ok(findings.0)
}

fn of_lists(findings: &mut Findings, device: &IMMDevice) -> Result<(), Failure> {
    let list = enumerator()?;
    let mut raw = null_mut();
    // SAFETY: out-parameters live through the calls or are null, which the calls must bear.
    unsafe {
        let code = list.EnumAudioEndpoints(3, 1, &mut raw);
        findings.expect("list devices of a third direction", INVALID_ARGUMENT, code);
        let code = list.EnumAudioEndpoints(0, 1, null_mut());
        findings.expect("list devices into nothing", NULL_POINTER, code);
        let code = list.GetDevice(w!("no such device"), &mut raw);
        findings.expect("get a device that is none", NOT_FOUND, code);
        let unknown = GUID::from_u128(1);
        let code = device.Activate(&unknown, 23, null(), &mut raw);
        findings.expect("activate an unknown interface", NO_INTERFACE, code);
        findings.expect(
            "ask for the id into nothing",
            NULL_POINTER,
            device.GetId(null_mut()),
        );
        let mut flow = -1;
        let endpoint = device.cast::<IMMEndpoint>();
        let code = endpoint.map_or(HRESULT(NO_INTERFACE), |endpoint| {
            endpoint.GetDataFlow(&mut flow)
        });
        findings.expect(
            "ask a playing device for its direction",
            0,
            HRESULT(code.0 | flow),
        );
    }
    Ok(())
}

fn of_fresh_clients(findings: &mut Findings, device: &IMMDevice) -> Result<(), Failure> {
    let client: IAudioClient = activate(device)?;
    let (mut frames, mut raw) = (0, null_mut());
    // SAFETY: as in `of_lists`.
    unsafe {
        findings.expect(
            "GetBufferSize before Initialize",
            NOT_INITIALIZED,
            client.GetBufferSize(&mut frames),
        );
        let code = client.GetCurrentPadding(&mut frames);
        findings.expect("GetCurrentPadding before Initialize", NOT_INITIALIZED, code);
        findings.expect("Start before Initialize", NOT_INITIALIZED, client.Start());
        findings.expect("Stop before Initialize", NOT_INITIALIZED, client.Stop());
        findings.expect("Reset before Initialize", NOT_INITIALIZED, client.Reset());
        let code = client.GetService(&IAudioRenderClient::IID, &mut raw);
        findings.expect("GetService before Initialize", NOT_INITIALIZED, code);
        findings.expect(
            "GetMixFormat into nothing",
            NULL_POINTER,
            client.GetMixFormat(null_mut()),
        );
        let code = client.GetDevicePeriod(null_mut(), null_mut());
        findings.expect("GetDevicePeriod into nothing", NULL_POINTER, code);
        let code = client.Initialize(0, 0, 0, 0, null(), null());
        findings.expect("Initialize without a format", NULL_POINTER, code);
    }
    let mix = mix_format(&client)?;
    let odd = StreamFormat {
        rate_hz: mix.rate_hz + 1,
        ..mix
    };
    let mut closest: *mut u8 = null_mut();
    // SAFETY: formats are whole; the closest format is leaked, which a check may.
    unsafe {
        let code = client.IsFormatSupported(0, wave::write(&mix).as_ptr(), &mut closest);
        findings.expect("the mixer's own format", 0, code);
        let code = client.IsFormatSupported(0, wave::write(&odd).as_ptr(), &mut closest);
        findings.expect("another rate in shared mode", 1, code);
        findings.expect(
            "... comes with a closest format",
            0,
            HRESULT(closest.is_null().into()),
        );
        let code = client.IsFormatSupported(1, wave::write(&odd).as_ptr(), null_mut());
        findings.expect("an odd rate in exclusive mode", UNSUPPORTED_FORMAT, code);
        let code = client.IsFormatSupported(2, wave::write(&mix).as_ptr(), &mut closest);
        findings.expect("a third mode", INVALID_ARGUMENT, code);
    }
    Ok(())
}

/// A shared stream.
fn shared(device: &IMMDevice, flags: u32) -> Result<IAudioClient, Failure> {
    let client: IAudioClient = activate(device)?;
    let format = wave::write(&mix_format(&client)?);
    // SAFETY: the format is whole and lives through the call.
    let code = unsafe { client.Initialize(0, flags, 0, 0, format.as_ptr(), null()) };
    super::open::done("Initialize", code)?;
    Ok(client)
}

fn of_shared_streams(findings: &mut Findings, device: &IMMDevice) -> Result<(), Failure> {
    let client = shared(device, 0)?;
    let format = wave::write(&mix_format(&client)?);
    let event = Event::unnamed().map_err(|code| Failure {
        call: "CreateEvent",
        code,
    })?;
    let mut raw = null_mut();
    // SAFETY: as above; the event outlives its stream.
    unsafe {
        let code = client.Initialize(0, 0, 0, 0, format.as_ptr(), null());
        findings.expect("Initialize again", ALREADY_INITIALIZED, code);
        let code = client.SetEventHandle(event.handle());
        findings.expect("an event for a stream without", EVENT_NOT_EXPECTED, code);
        let code = client.GetService(&IAudioCaptureClient::IID, &mut raw);
        findings.expect("record from a playing stream", WRONG_ENDPOINT_TYPE, code);
        let code = client.GetService(&GUID::from_u128(1), &mut raw);
        findings.expect("an unknown service", NO_INTERFACE, code);
        findings.expect("Stop what never ran", 1, client.Stop());
        findings.expect("Start", 0, client.Start());
        findings.expect("Start again", NOT_STOPPED, client.Start());
        findings.expect("Reset while it runs", NOT_STOPPED, client.Reset());
        findings.expect("Stop", 0, client.Stop());
        findings.expect("Reset", 0, client.Reset());
        let client = shared(device, EVENT)?;
        findings.expect("Start without the event", EVENT_NOT_SET, client.Start());
        let code = client.SetEventHandle(null_mut());
        findings.expect("no event as the event", INVALID_ARGUMENT, code);
        findings.expect("SetEventHandle", 0, client.SetEventHandle(event.handle()));
        findings.expect("Start with the event", 0, client.Start());
        findings.expect("... which is set", 0, HRESULT((!event.wait(2_000)).into()));
        findings.expect("Stop with the event", 0, client.Stop());
    }
    Ok(())
}

fn of_buffers(findings: &mut Findings, device: &IMMDevice) -> Result<(), Failure> {
    let client = shared(device, 0)?;
    let render: IAudioRenderClient = super::open::service(&client)?;
    let (mut data, mut frames) = (null_mut(), 0);
    // SAFETY: out-parameters live through the calls; nothing is written.
    unsafe {
        let _ = client.GetBufferSize(&mut frames);
        let code = render.GetBuffer(frames + 1, &mut data);
        findings.expect("more than the buffer", BUFFER_TOO_LARGE, code);
        findings.expect(
            "release what was not got",
            OUT_OF_ORDER,
            render.ReleaseBuffer(1, 0),
        );
        findings.expect("release nothing", 0, render.ReleaseBuffer(0, 0));
        findings.expect(
            "GetBuffer into nothing",
            NULL_POINTER,
            render.GetBuffer(1, null_mut()),
        );
        findings.expect("the whole buffer", 0, render.GetBuffer(frames, &mut data));
        findings.expect(
            "another beside it",
            OUT_OF_ORDER,
            render.GetBuffer(1, &mut data),
        );
        let code = render.ReleaseBuffer(frames + 1, 0);
        findings.expect("release more than was got", INVALID_SIZE, code);
        let code = client.Reset();
        findings.expect(
            "Reset while a buffer is out",
            BUFFER_OPERATION_PENDING,
            code,
        );
        findings.expect("release it as silence", 0, render.ReleaseBuffer(frames, 2));
        let mut padding = 0;
        let _ = client.GetCurrentPadding(&mut padding);
        findings.expect(
            "... and all of it is queued",
            frames as i32,
            HRESULT(padding as i32),
        );
        findings.expect(
            "one frame more",
            BUFFER_TOO_LARGE,
            render.GetBuffer(1, &mut data),
        );
    }
    Ok(())
}

fn of_exclusive_streams(findings: &mut Findings, device: &IMMDevice) -> Result<(), Failure> {
    let client: IAudioClient = activate(device)?;
    let mix = mix_format(&client)?;
    let takes = |sample| {
        let format = StreamFormat { sample, ..mix };
        // SAFETY: the format is whole and lives through the call.
        unsafe { client.IsFormatSupported(1, wave::write(&format).as_ptr(), null_mut()) }.0 == 0
    };
    let Some(sample) = SampleFormat::PREFERENCE
        .into_iter()
        .find(|sample| takes(*sample))
    else {
        return Ok(());
    };
    let format = wave::write(&StreamFormat { sample, ..mix });
    let attempt = |flags, buffer, period| -> Result<(HRESULT, IAudioClient), Failure> {
        let client: IAudioClient = activate(device)?;
        // SAFETY: as above.
        let code = unsafe { client.Initialize(1, flags, buffer, period, format.as_ptr(), null()) };
        Ok((code, client))
    };
    let (code, _) = attempt(EVENT, 2 * PERIOD_HNS, PERIOD_HNS)?;
    findings.expect("exclusive with unlike durations", PERIOD_NOT_EQUAL, code);
    let (code, _) = attempt(EVENT, 0, 0)?;
    findings.expect("exclusive with no durations", PERIOD_NOT_EQUAL, code);
    let odd = (1..64).map(|n| PERIOD_HNS + n * 10_000_000 / i64::from(mix.rate_hz));
    let mut opened = None;
    for duration in std::iter::once(PERIOD_HNS).chain(odd) {
        let (code, client) = attempt(EVENT, duration, duration)?;
        if code.0 == BUFFER_SIZE_NOT_ALIGNED {
            let mut frames = 0;
            // SAFETY: the out-parameter lives through the call.
            let told = unsafe { client.GetBufferSize(&mut frames) };
            findings.expect("the size that is aligned", 0, told);
            let hns = (i64::from(frames) * 10_000_000 + i64::from(mix.rate_hz) / 2)
                / i64::from(mix.rate_hz);
            drop(client);
            let (code, client) = attempt(EVENT, hns, hns)?;
            findings.expect("exclusive with the aligned size", 0, code);
            opened = Some(client);
            break;
        }
    }
    let holder = match opened {
        Some(holder) => holder,
        None => attempt(EVENT, PERIOD_HNS, PERIOD_HNS)?.1,
    };
    of_one_exclusive(
        findings,
        device,
        &holder,
        attempt(EVENT, PERIOD_HNS, PERIOD_HNS)?.0,
    )
}

fn of_one_exclusive(
    findings: &mut Findings,
    device: &IMMDevice,
    holder: &IAudioClient,
    second: HRESULT,
) -> Result<(), Failure> {
    findings.expect("a second exclusive stream", DEVICE_IN_USE, second);
    let other = shared(device, 0).err().map_or(0, |failure| failure.code);
    findings.expect("a shared stream beside it", DEVICE_IN_USE, HRESULT(other));
    let render: IAudioRenderClient = super::open::service(holder)?;
    let (mut data, mut frames) = (null_mut(), 0);
    // SAFETY: out-parameters live through the calls; nothing is written.
    unsafe {
        let _ = holder.GetBufferSize(&mut frames);
        let code = render.GetBuffer(frames - 1, &mut data);
        findings.expect("a part of an exclusive buffer", BUFFER_SIZE_ERROR, code);
        findings.expect("the whole of it", 0, render.GetBuffer(frames, &mut data));
        findings.expect(
            "release a part of it",
            INVALID_SIZE,
            render.ReleaseBuffer(frames - 1, 0),
        );
        findings.expect("release all of it", 0, render.ReleaseBuffer(frames, 0));
        findings.expect(
            "a buffer more",
            BUFFER_TOO_LARGE,
            render.GetBuffer(frames, &mut data),
        );
    }
    Ok(())
}

fn of_low_latency(findings: &mut Findings, device: &IMMDevice) -> Result<(), Failure> {
    let Ok(client) = activate::<IAudioClient3>(device) else {
        return Ok(());
    };
    let format = wave::write(&mix_format(&activate(device)?)?);
    let format = format.as_ptr();
    let (mut usual, mut step, mut min, mut max) = (0, 0, 0, 0);
    // SAFETY: the format is whole and lives through the calls, as out-parameters do.
    unsafe {
        let code =
            client.GetSharedModeEnginePeriod(format, &mut usual, &mut step, &mut min, &mut max);
        if code.0 < 0 || min == max {
            return Ok(());
        }
        let code = client.InitializeSharedAudioStream(EVENT, min + 1, format, null());
        let odd = if step > 1 { INVALID_ARGUMENT } else { 0 };
        findings.expect("a period that is no multiple", odd, code);
        let flagged = client.InitializeSharedAudioStream(EVENT | AUTO_CONVERT, min, format, null());
        findings.expect("low latency with conversion", INVALID_STREAM_FLAG, flagged);
        let code = client.InitializeSharedAudioStream(EVENT, min, format, null());
        findings.expect("the shortest period", 0, code);
        let other: IAudioClient3 = activate(device)?;
        let code = other.InitializeSharedAudioStream(EVENT, min + step, format, null());
        findings.expect("another period beside it", PERIODICITY_LOCKED, code);
        let (mut raw, mut now) = (null_mut(), 0);
        let _ = other.GetCurrentSharedModeEnginePeriod(&mut raw, &mut now);
        findings.expect(
            "... which is the period now",
            min as i32,
            HRESULT(now as i32),
        );
    }
    Ok(())
}
