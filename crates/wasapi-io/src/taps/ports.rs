//! From a source of the router's configuration to a tap.

use config::{DeviceName, Port, SourceKind};

use super::loopback::LoopbackDevice;
use super::process::ProcessDevice;
use super::programs::Programs;
use crate::endpoint::Selection;
use crate::profile::wish;

impl LoopbackDevice {
    /// What the first device of the source plays that is there.
    pub fn of_port(port: &Port<SourceKind>) -> Self {
        Self::new(Selection::Preferred(
            port.devices.iter().map(wish).collect(),
        ))
    }
}

impl ProcessDevice {
    /// What the first program of the source plays that runs. The default is all but this program, and an id
    /// is a process's number.
    pub fn of_port(port: &Port<SourceKind>) -> Self {
        let programs = port.devices.iter().map(|device| match device {
            DeviceName::Default | DeviceName::DefaultCommunications => Programs::others(),
            DeviceName::Id(text) => match text.trim().parse() {
                Ok(id) => Programs::Id(id),
                Err(_) => Programs::Named(text.clone()),
            },
            DeviceName::Name(name) => Programs::Named(name.clone()),
        });
        Self::any_of(programs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_named_as_devices_are() {
        let (config, errors) = config::read(
            "[router.source.\"All\"]\nkind = \"process\"\ndevice = \"default\"\n\
             [router.source.\"browser\"]\nkind = \"process\"\n",
        );
        assert!(errors.is_empty());
        let device = |name| ProcessDevice::of_port(config.router.source(name).unwrap());
        let all = [Programs::others()];
        assert_eq!(device("All"), ProcessDevice::any_of(all));
        let browser = Programs::Named("browser".into());
        assert_eq!(device("browser"), ProcessDevice::new(browser));
    }
}
