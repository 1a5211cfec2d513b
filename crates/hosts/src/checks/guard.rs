//! Reads the counters of a driver's guard build: what its real-time sections did that they must
//! not do.
#![expect(
    unsafe_code,
    reason = "calls what a DLL exports beside the driver's interface"
)]

use std::ffi::{CStr, c_void};
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::probe::Probe;
use super::{Options, bench, installed};
use crate::sheet::Sheet;
use crate::system::{GetModuleHandleW, GetProcAddress};

/// How long each planted fault has to be noticed.
const PLANTED_RUN: Duration = Duration::from_millis(400);

/// The counters, in the driver's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
struct Counts {
    sections: u64,
    allocations: u64,
    frees: u64,
    locks: u64,
}

/// What a guard build does wrong on demand, once in every cycle.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Plant {
    Nothing = 0,
    Allocation = 1,
    Lock = 2,
}

/// The driver's exports for tests.
struct GuardedDll {
    counts: unsafe extern "C" fn(*mut u64),
    plant: unsafe extern "C" fn(u32),
}

pub fn guard(options: &Options, sheet: &Sheet) -> Result<()> {
    let (_, dll) = installed::find(&options.driver)?;
    let dll = dll.context("the driver is registered without a DLL")?;
    sheet.step("opening");
    let mut driver = bench::open(options)?;
    let guarded = GuardedDll::of_loaded(&dll)?;
    let block_frames = bench::block_frames(&driver, options)?;
    let mut channels = bench::outputs(&driver)?;
    let (probe, seen) = Probe::new(channels.len());
    if options.records {
        channels.extend(bench::inputs(&driver)?);
    }
    driver.create_buffers(&channels, block_frames, Box::new(probe.with_noise()))?;
    sheet.note("block_frames", block_frames);
    sheet.note("rate_hz", driver.sample_rate()?);
    driver.start()?;
    bench::wait_for_callbacks(&seen, 2)?;

    sheet.step("running without faults");
    let clean = guarded.count_for(options.run);
    sheet.note("clean", clean);
    sheet.step("running with planted allocations");
    guarded.plant(Plant::Allocation);
    let allocating = guarded.count_for(PLANTED_RUN);
    sheet.note("with_allocations", allocating);
    sheet.step("running with planted locks");
    guarded.plant(Plant::Lock);
    let locking = guarded.count_for(PLANTED_RUN);
    sheet.note("with_locks", locking);
    guarded.plant(Plant::Nothing);
    driver.stop()?;
    sheet.note("callbacks", seen.callbacks.get());
    sheet.note("heard", seen.heard.get());

    sheet.step("judging");
    ensure!(clean.sections > 0, "no real-time section ran");
    let faults = clean.allocations + clean.frees + clean.locks;
    ensure!(
        faults == 0,
        "the real-time sections did what they must not do: {clean:?}"
    );
    ensure!(
        allocating.allocations > 0,
        "the guard does not notice allocations"
    );
    ensure!(allocating.frees > 0, "the guard does not notice frees");
    ensure!(locking.locks > 0, "the guard does not notice locks");
    Ok(())
}

impl GuardedDll {
    /// The exports of a DLL that this process has loaded.
    fn of_loaded(dll: &Path) -> Result<GuardedDll> {
        let wide: Vec<u16> = dll.as_os_str().encode_wide().chain([0]).collect();
        // SAFETY: `wide` ends with a NUL and lives across the call.
        let module = unsafe { GetModuleHandleW(wide.as_ptr()) };
        if module.is_null() {
            bail!("{} is not loaded although the driver is", dll.display());
        }
        let find = |symbol: &CStr| -> Result<*mut c_void> {
            // SAFETY: the driver keeps the module loaded; `symbol` ends with a NUL.
            let address = unsafe { GetProcAddress(module, symbol.as_ptr().cast()) };
            ensure!(
                !address.is_null(),
                "{} is no guard build: it does not export {}",
                dll.display(),
                symbol.to_string_lossy()
            );
            Ok(address)
        };
        let (counts, plant) = (
            find(c"asio2wasapi_guard_counts")?,
            find(c"asio2wasapi_guard_plant")?,
        );
        // SAFETY: a guard build of the driver exports these names with these signatures.
        unsafe {
            Ok(GuardedDll {
                counts: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*mut u64)>(counts),
                plant: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(u32)>(plant),
            })
        }
    }

    fn counts(&self) -> Counts {
        let mut numbers = [0; 4];
        // SAFETY: the function writes four numbers.
        unsafe { (self.counts)(numbers.as_mut_ptr()) };
        let [sections, allocations, frees, locks] = numbers;
        Counts {
            sections,
            allocations,
            frees,
            locks,
        }
    }

    fn plant(&self, plant: Plant) {
        // SAFETY: the function takes any number.
        unsafe { (self.plant)(plant as u32) };
    }

    /// What is counted in that time.
    fn count_for(&self, time: Duration) -> Counts {
        let before = self.counts();
        std::thread::sleep(time);
        let after = self.counts();
        Counts {
            sections: after.sections - before.sections,
            allocations: after.allocations - before.allocations,
            frees: after.frees - before.frees,
            locks: after.locks - before.locks,
        }
    }
}
