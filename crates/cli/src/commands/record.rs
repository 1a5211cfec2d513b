//! `record`: what a device gives, what it plays, what a program plays, or an ASIO driver, into a file.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Result, anyhow};
use asio_io::{AsioDevice, Installed};
use engine::endpoint::Device;
use engine::format::SampleFormat;
use indicatif::{ProgressBar, ProgressStyle};
use wasapi_io::{
    LoopbackDevice, Mode, Options, ProcessDevice, Programs, Selection, SystemTicker, WasapiDevice,
    Wish as DeviceWish,
};

use crate::args::RecordArguments;
use crate::play::report::clock_time;
use crate::recording::{Running, Wish};

/// How often the progress is looked at.
const TICK: Duration = Duration::from_millis(50);

/// Records and says how it went.
pub fn record(arguments: &RecordArguments) -> Result<()> {
    let sample = match &arguments.format {
        None => None,
        Some(name) => Some(SampleFormat::from_name(name).ok_or_else(|| {
            let names = SampleFormat::PREFERENCE.map(SampleFormat::name).join(", ");
            anyhow!("'{name}' is no sample format; use one of {names}")
        })?),
    };
    let wish = Wish {
        rate_hz: arguments.rate,
        sample,
        seconds: arguments.seconds,
    };
    let device = device(arguments);
    let running = Running::start(&*device, &arguments.file, wish)?;
    watch(&running, !arguments.json);
    let report = running.finish()?;
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{report}");
    }
    Ok(())
}

/// What is to be recorded.
fn device(arguments: &RecordArguments) -> Arc<dyn Device> {
    let selection = |name: &str| match name {
        "default" => Selection::Default,
        name => Selection::Preferred(vec![DeviceWish::Name(name.to_owned())]),
    };
    if let Some(name) = &arguments.loopback {
        return Arc::new(LoopbackDevice::new(selection(name)));
    }
    if let Some(name) = &arguments.program {
        let programs = match name.as_str() {
            "all" => Programs::others(),
            name => Programs::Named(name.to_owned()),
        };
        return Arc::new(ProcessDevice::new(programs));
    }
    if let Some(name) = &arguments.driver {
        let source = Arc::new(Installed::named(name));
        return Arc::new(AsioDevice::new(source, || Box::new(SystemTicker::new())));
    }
    let name = arguments.device.as_deref().unwrap_or("default");
    let options = Options::from_environment()
        .and_then(Result::ok)
        .unwrap_or_default();
    Arc::new(WasapiDevice::new(
        None,
        Some(selection(name)),
        Mode::Shared,
        options,
    ))
}

/// Until it has ended, or somebody presses Enter.
fn watch(running: &Running, show: bool) {
    let (sender, pressed) = channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        // The end of the input is not somebody who presses Enter.
        if read.is_ok_and(|bytes| bytes > 0) {
            let _ = sender.send(());
        }
    });
    let progress = match show {
        true => {
            let style = ProgressStyle::with_template("{msg}").expect("the template is valid");
            ProgressBar::new_spinner().with_style(style)
        }
        false => ProgressBar::hidden(),
    };
    while !running.wait(TICK) && pressed.try_recv().is_err() {
        let (frames, rate_hz) = running.progress();
        let time = clock_time(frames / u64::from(rate_hz.max(1)));
        progress.set_message(format!("recording {time}; Enter ends it"));
        progress.tick();
    }
    progress.finish_and_clear();
}
