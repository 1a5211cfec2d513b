//! Checks of what no host should do and some do.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use asio::abi::{AsioError, Iasio};
use asio::driver::ChannelId;
use asio::host::misuse::{self, Finding};
use asio::host::{BlockIo, Driver, Handler};
use rt::{Counter, Mutex};
use serde::Serialize;

use super::{Options, bench, installed};
use crate::sheet::Sheet;

/// How a driver answered one call.
#[derive(Serialize)]
struct Answered {
    state: &'static str,
    method: &'static str,
    argument: &'static str,
    answer: String,
    accepted: bool,
}

impl Answered {
    fn new(
        state: &'static str,
        Finding {
            method,
            argument,
            answer,
        }: Finding,
    ) -> Self {
        let accepted = answer.is_success();
        Self {
            state,
            method,
            argument,
            answer: answer.to_string(),
            accepted,
        }
    }
}

pub fn null_pointers(options: &Options, sheet: &Sheet) -> Result<()> {
    let mut answers = Vec::new();
    let mut ask = |driver: &mut Driver, state: &'static str| {
        sheet.step(format!("passing null pointers to a driver that is {state}"));
        let found = misuse::null_pointers(driver).into_iter();
        answers.extend(found.map(|finding| Answered::new(state, finding)));
        sheet.note("answers", &answers);
    };
    let mut driver = installed::load(options)?;
    ask(&mut driver, "loaded");
    driver.init()?;
    ask(&mut driver, "initialised");
    let block_frames = bench::block_frames(&driver, options)?;
    let seen = bench::prepare(&mut driver, block_frames)?;
    ask(&mut driver, "prepared");
    driver.start()?;
    bench::wait_for_callbacks(&seen, 2)?;
    ask(&mut driver, "running");
    sheet.step("playing after that");
    bench::wait_for_callbacks(&seen, 3)?;
    driver.stop()?;
    drop(driver);
    sheet.step("judging");
    ensure_none_accepted(&answers)
}

pub fn before_init(options: &Options, sheet: &Sheet) -> Result<()> {
    sheet.step("calling a driver before init");
    let mut driver = installed::load(options)?;
    ensure!(
        !driver.name().is_empty(),
        "the driver has no name before init"
    );
    let found = misuse::before_init(&mut driver).into_iter();
    // `future` asks about the driver, not about a device.
    let found = found.filter(|finding| finding.method != "future");
    let answers: Vec<_> = found
        .map(|finding| Answered::new("loaded", finding))
        .collect();
    sheet.note("answers", &answers);
    sheet.step("playing after that");
    driver.init()?;
    let block_frames = bench::block_frames(&driver, options)?;
    ensure_plays(&mut driver, block_frames)?;
    sheet.step("judging");
    ensure_none_accepted(&answers)
}

fn ensure_none_accepted(answers: &[Answered]) -> Result<()> {
    let accepted: Vec<String> = answers
        .iter()
        .filter(|answered| answered.accepted)
        .map(
            |Answered {
                 state,
                 method,
                 argument,
                 answer,
                 ..
             }| { format!("{method}({argument}) {state}: {answer}") },
        )
        .collect();
    ensure!(
        accepted.is_empty(),
        "accepted what makes no sense: {}",
        accepted.join("; ")
    );
    Ok(())
}

/// What a callback does although it should not.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Stop,
    Dispose,
    Release,
}

/// A callback that does its deed once, in the fifth block.
struct Saboteur {
    driver: DriverPointer,
    deed: Deed,
    shared: Arc<Shared>,
}

struct DriverPointer(NonNull<Iasio>);

// SAFETY: ASIO lets any thread call a driver; that this one is the callback's is what is tested.
unsafe impl Send for DriverPointer {}

#[derive(Default)]
struct Shared {
    callbacks: Counter,
    answer: Mutex<Option<i32>>,
}

const DEED_AT: u64 = 5;

impl Handler for Saboteur {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        for slot in 0..io.channel_count() {
            if let Some(bytes) = io.output_bytes(slot) {
                bytes.fill(0);
            }
        }
        self.shared.callbacks.add(1);
        if self.shared.callbacks.get() == DEED_AT {
            // The driver may be gone after this.
            io.withhold_output_ready();
            let answer = self.deed.commit(&self.driver);
            *self.shared.answer.lock() = Some(answer);
        }
    }
}

impl Deed {
    fn commit(self, driver: &DriverPointer) -> i32 {
        let this = driver.0.as_ptr();
        // SAFETY: the driver is alive until the deed; what comes after a release does not use it.
        unsafe {
            let vtable = &*(*this).vtable;
            match self {
                Deed::Stop => (vtable.stop)(this).0,
                Deed::Dispose => (vtable.dispose_buffers)(this).0,
                Deed::Release => (vtable.release)(this) as i32,
            }
        }
    }
}

pub fn from_callback(options: &Options, sheet: &Sheet) -> Result<()> {
    for deed in [Deed::Stop, Deed::Dispose, Deed::Release] {
        sheet.step(format!("opening for {deed:?} in the callback"));
        let mut driver = bench::open(options)?;
        let block_frames = bench::block_frames(&driver, options)?;
        let outputs = bench::outputs(&driver)?;
        let shared = sabotage(&mut driver, deed, &outputs, block_frames)?;
        // From here on a release in the callback may have ended the driver.
        let driver = ManuallyDrop::new(driver);
        sheet.step(format!("waiting for {deed:?} in the callback"));
        let answer = wait_for_answer(&shared)?;
        sheet.note(&format!("{deed:?}").to_lowercase(), answer);
        sheet.step(format!("going on after {deed:?} in the callback"));
        if !matches!(deed, Deed::Release) {
            ensure!(
                answer == 0,
                "{deed:?} in the callback is {}",
                AsioError(answer)
            );
            let mut driver = ManuallyDrop::into_inner(driver);
            driver.stop()?;
            driver.dispose_buffers()?;
            ensure_plays(&mut driver, block_frames)?;
        }
        let before = shared.callbacks.get();
        std::thread::sleep(Duration::from_millis(100));
        let late = shared.callbacks.get() - before;
        ensure!(late == 0, "{late} callbacks came after the end");
    }
    sheet.step("playing with a new instance after all that");
    let mut driver = bench::open(options)?;
    let block_frames = bench::block_frames(&driver, options)?;
    ensure_plays(&mut driver, block_frames)
}

fn sabotage(
    driver: &mut Driver,
    deed: Deed,
    outputs: &[ChannelId],
    block_frames: u32,
) -> Result<Arc<Shared>> {
    let shared = Arc::<Shared>::default();
    let saboteur = Saboteur {
        driver: DriverPointer(driver.as_raw()),
        deed,
        shared: Arc::clone(&shared),
    };
    driver.create_buffers(outputs, block_frames, Box::new(saboteur))?;
    driver.start()?;
    Ok(shared)
}

fn wait_for_answer(shared: &Shared) -> Result<i32> {
    bench::wait_while_counting(&shared.callbacks, || shared.callbacks.get() < DEED_AT)?;
    for _ in 0..2000 {
        if let Some(answer) = *shared.answer.lock() {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    bail!("the call does not come back")
}

fn ensure_plays(driver: &mut Driver, block_frames: u32) -> Result<()> {
    let seen = bench::prepare(driver, block_frames)?;
    driver.start()?;
    bench::wait_for_callbacks(&seen, 3)?;
    driver.stop()?;
    driver.dispose_buffers()?;
    Ok(())
}
