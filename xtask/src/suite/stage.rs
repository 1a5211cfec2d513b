//! What the legs share: built programs and a running rig, each made when it is first needed.

use std::path::PathBuf;

use anyhow::{Result, anyhow};

use crate::build;
use crate::paths::{self, Paths};
use crate::progress;
use crate::rig::Rig;
use crate::rig::places::Backend;

/// Something that is built once. A failure is kept, so that no leg tries it again.
type Once = Option<Result<PathBuf, String>>;

/// What is there so far.
pub struct Stage<'a> {
    /// The checkout.
    pub paths: &'a Paths,
    programs: Once,
    programs_32: Once,
    product: Once,
    product_32: Once,
    guarded: Once,
    device_tests: Once,
    broken: Once,
    card: Once,
    rig: Option<Rig<'a>>,
    registered: Vec<Backend>,
}

fn once(slot: &mut Once, what: &str, build: impl FnOnce() -> Result<PathBuf>) -> Result<PathBuf> {
    if slot.is_none() {
        *slot = Some(progress::step(what, build).map_err(|error| format!("{error:#}")));
    }
    match slot {
        Some(Ok(path)) => Ok(path.clone()),
        Some(Err(error)) => Err(anyhow!("{what}: {error}")),
        None => unreachable!("it was filled in the lines above"),
    }
}

impl<'a> Stage<'a> {
    /// Nothing yet.
    pub fn new(paths: &'a Paths) -> Stage<'a> {
        Stage {
            paths,
            programs: None,
            programs_32: None,
            product: None,
            product_32: None,
            guarded: None,
            device_tests: None,
            broken: None,
            card: None,
            rig: None,
            registered: Vec::new(),
        }
    }

    /// The folder with the test programs.
    pub fn programs(&mut self) -> Result<PathBuf> {
        once(&mut self.programs, "building the test programs", || {
            build::rig_programs(self.paths)
        })
    }

    /// The folder with what a user would get.
    pub fn product(&mut self) -> Result<PathBuf> {
        let build = || build::product(self.paths, paths::DEFAULT_TARGET, false);
        once(&mut self.product, "building the driver", build)
    }

    /// The folder with the driver for the programs of a backend.
    pub fn product_for(&mut self, backend: Backend) -> Result<PathBuf> {
        if !backend.is_32_bit() {
            return self.product();
        }
        let build = || build::product(self.paths, backend.target(), false);
        once(&mut self.product_32, "building the 32-bit driver", build)
    }

    /// The driver with its guard.
    pub fn guarded_driver(&mut self) -> Result<PathBuf> {
        let build = || build::guarded_driver(self.paths);
        once(
            &mut self.guarded,
            "building the driver with its guard",
            build,
        )
    }

    /// The folder with the simulated card's programs; the card stands in for the devices.
    pub fn card(&mut self) -> Result<PathBuf> {
        let build = || build::card(self.paths);
        let is_new = self.card.is_none();
        let folder = once(&mut self.card, "building the simulated card", build)?;
        if is_new {
            let wine = self.rig()?.wine(Backend::Card)?;
            for dll in ["simcard_wasapi.dll", "simcard_asio.dll"] {
                wine.register(&folder.join(dll), true)?;
            }
        }
        Ok(folder)
    }

    /// The driver with planted faults.
    pub fn broken_driver(&mut self) -> Result<PathBuf> {
        let build = || build::broken_driver(self.paths);
        once(
            &mut self.broken,
            "building the driver with planted faults",
            build,
        )
    }

    /// The program of the tests that need a device.
    pub fn device_tests(&mut self) -> Result<PathBuf> {
        let build = || build::device_tests(self.paths);
        once(
            &mut self.device_tests,
            "building the tests that need a device",
            build,
        )
    }

    /// The rig, with its programs; started on the first call.
    pub fn rig(&mut self) -> Result<&mut Rig<'a>> {
        self.programs()?;
        if self.rig.is_none() {
            self.rig = Some(Rig::start(self.paths)?);
        }
        Ok(self.rig.as_mut().expect("it was started in the line above"))
    }

    /// The rig, with the test programs of a backend.
    fn rig_for(&mut self, backend: Backend) -> Result<&mut Rig<'a>> {
        if backend.is_32_bit() {
            let build = || build::rig_programs_for(self.paths, backend);
            let what = "building the 32-bit test programs";
            once(&mut self.programs_32, what, build)?;
        }
        self.rig()
    }

    /// The rig, with the driver registered in this prefix.
    pub fn rig_with_driver(&mut self, backend: Backend) -> Result<&mut Rig<'a>> {
        let product = self.product_for(backend)?;
        let driver = product.join(build::driver_name(backend.target()));
        self.rig_for(backend)?;
        if !self.registered.contains(&backend) {
            self.rig()?.wine(backend)?.register(&driver, true)?;
            self.registered.push(backend);
        }
        self.rig()
    }

    /// Sees to it that the driver is not registered in this prefix.
    pub fn forget_driver(&mut self, backend: Backend) -> Result<()> {
        if self.registered.contains(&backend) {
            let product = self.product_for(backend)?;
            let driver = product.join(build::driver_name(backend.target()));
            self.rig()?.wine(backend)?.register(&driver, false)?;
            self.registered.retain(|other| *other != backend);
        }
        Ok(())
    }
}
