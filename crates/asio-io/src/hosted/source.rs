//! Where a driver comes from.

use asio::host::Driver;
use engine::endpoint::EndpointError;
#[cfg(windows)]
use engine::endpoint::FaultKind;

/// Loads one ASIO driver, again and again.
pub trait DriverSource: Send + Sync + 'static {
    /// The name for people.
    fn name(&self) -> String;

    /// Whether the driver is installed now. Loads nothing.
    fn is_there(&self) -> bool;

    /// Loads the driver, without `init`, on the thread that will use it.
    ///
    /// # Errors
    /// One sentence: why not, and what to do.
    fn load(&self) -> Result<Driver, EndpointError>;
}

/// The installed driver that is called so, or else the only one that has this in its name, case not
/// counted; of several names the first that means one. It is looked for each time that it is loaded.
#[cfg(windows)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    names: Vec<String>,
}

#[cfg(windows)]
impl Installed {
    /// The driver of that name. Whether there is such a one is seen when it is asked for.
    pub fn named(name: impl Into<String>) -> Installed {
        Installed::any_of([name.into()])
    }

    /// The first of these that there is.
    pub fn any_of(names: impl IntoIterator<Item = String>) -> Installed {
        Installed {
            names: names.into_iter().collect(),
        }
    }

    /// Whether only a program of the other bitness can load the driver.
    ///
    /// # Errors
    /// As [`load`](DriverSource::load), where none can.
    pub fn is_of_other_bitness(&self) -> Result<bool, EndpointError> {
        let refusal = match self.find() {
            Ok(_) => return Ok(false),
            Err(refusal) => refusal,
        };
        let list = asio::host::list().unwrap_or_default();
        let names: Vec<&str> = list.iter().map(|driver| driver.name.as_str()).collect();
        let mut found = self
            .names
            .iter()
            .filter_map(|name| meant(name, &names).ok());
        let is_foreign = found.next().is_some_and(|index| {
            matches!(
                list[index].problem,
                Some(asio::host::Problem::OtherBitness(_))
            )
        });
        if is_foreign { Ok(true) } else { Err(refusal) }
    }

    fn find(&self) -> Result<asio::host::InstalledDriver, EndpointError> {
        let list = asio::host::list()
            .map_err(|error| EndpointError::new(FaultKind::Failed, sentence(&error)))?;
        let mut first_refusal = None;
        for name in &self.names {
            match Self::find_one(name, &list) {
                Ok(driver) => return Ok(driver),
                // The most wanted one is worth explaining.
                Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
            }
        }
        Err(first_refusal.unwrap_or_else(|| none_called("", &[])))
    }

    fn find_one(
        name: &str,
        list: &[asio::host::InstalledDriver],
    ) -> Result<asio::host::InstalledDriver, EndpointError> {
        let names: Vec<&str> = list.iter().map(|driver| driver.name.as_str()).collect();
        let index = meant(name, &names)?;
        let driver = &list[index];
        let class = driver.clsid.map(asio::Guid::to_u128);
        let dll = driver
            .dll_path
            .as_deref()
            .and_then(std::path::Path::file_name);
        let dll = dll.map(|name| name.to_string_lossy().into_owned());
        refuse_ours(&driver.name, class, dll.as_deref())?;
        if let Some(problem) = &driver.problem {
            let message = format!(
                "The ASIO driver \"{}\" cannot be used: {problem}.",
                driver.name
            );
            return Err(EndpointError::new(FaultKind::NotFound, message));
        }
        Ok(driver.clone())
    }
}

#[cfg(windows)]
impl DriverSource for Installed {
    fn name(&self) -> String {
        let wanted = || self.names.first().cloned().unwrap_or_default();
        self.find().map_or_else(|_| wanted(), |driver| driver.name)
    }

    fn is_there(&self) -> bool {
        self.find().is_ok()
    }

    fn load(&self) -> Result<Driver, EndpointError> {
        let driver = self.find()?;
        let clsid = driver.clsid.ok_or_else(|| none_called(&driver.name, &[]))?;
        Driver::load(clsid).map_err(|error| {
            let message = format!(
                "The ASIO driver \"{}\" does not load: {error}; install it again, or choose another.",
                driver.name
            );
            EndpointError::new(FaultKind::Failed, message)
        })
    }
}

/// An error of the host's side as a sentence of its own.
pub(crate) fn sentence(error: &asio::host::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let text = first.unwrap_or_default() + letters.as_str();
    let text = text.trim_end_matches([':', ' ', '.']);
    format!("{text}.")
}

#[cfg_attr(not(windows), allow(dead_code))]
mod names {
    use engine::endpoint::{EndpointError, FaultKind};

    /// The driver that is meant by a name, among these.
    pub(crate) fn meant(wanted: &str, names: &[&str]) -> Result<usize, EndpointError> {
        let lower = wanted.to_lowercase();
        let found = |is_meant: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let names = names.iter().enumerate();
            names
                .filter(|(_, name)| is_meant(&name.to_lowercase()))
                .map(|(index, _)| index)
                .collect()
        };
        let exact = found(&|name| name == lower);
        let parts = found(&|name| !lower.is_empty() && name.contains(&lower));
        match (exact.as_slice(), parts.as_slice()) {
            ([one, ..], _) | ([], [one]) => Ok(*one),
            ([], []) => Err(none_called(wanted, names)),
            ([], several) => {
                let several: Vec<&str> = several.iter().map(|index| names[*index]).collect();
                let message = format!(
                    "\"{wanted}\" may be any of the ASIO drivers \"{}\"; give more of the name.",
                    several.join("\", \"")
                );
                Err(EndpointError::new(FaultKind::NotFound, message))
            }
        }
    }

    pub(crate) fn none_called(wanted: &str, names: &[&str]) -> EndpointError {
        let there = match names {
            [] => "none is installed".to_owned(),
            names => format!("there are \"{}\"", names.join("\", \"")),
        };
        let message =
            format!("No ASIO driver \"{wanted}\" is installed for programs of this kind; {there}.");
        EndpointError::new(FaultKind::NotFound, message)
    }

    /// Refuses a driver that is one of our own, which would play into itself.
    pub(crate) fn refuse_ours(
        name: &str,
        class: Option<u128>,
        dll: Option<&str>,
    ) -> Result<(), EndpointError> {
        let is_our_class = class == Some(config::class_id(name));
        let is_our_dll = dll.is_some_and(|dll| dll.to_ascii_lowercase().starts_with("asio2wasapi"));
        if !is_our_class && !is_our_dll {
            return Ok(());
        }
        let message = format!(
            "\"{name}\" is one of our own drivers, and sound would go round in a circle; choose the \
             driver of a piece of hardware."
        );
        Err(EndpointError::new(FaultKind::Unsupported, message))
    }
}
#[cfg(windows)]
use names::{meant, none_called, refuse_ours};

#[cfg(test)]
mod tests {
    use super::names::*;
    use super::sentence;
    use asio::host::Error;

    #[test]
    fn a_part_of_a_name_is_enough_if_it_is_the_only_one() {
        let names = ["Box", "Box Two", "ASIO2WASAPI Shared"];
        assert_eq!(meant("box", &names).unwrap(), 0);
        assert_eq!(meant("TWO", &names).unwrap(), 1);
        assert_eq!(
            meant("x", &names).unwrap_err().message,
            "\"x\" may be any of the ASIO drivers \"Box\", \"Box Two\"; give more of the name."
        );
        let none = meant("Fireface", &names[..1]).unwrap_err().message;
        assert_eq!(
            none,
            "No ASIO driver \"Fireface\" is installed for programs of this kind; there are \"Box\"."
        );
        assert!(
            meant("", &[])
                .unwrap_err()
                .message
                .ends_with("none is installed.")
        );
    }

    #[test]
    fn a_circle_is_refused_in_one_sentence() {
        let ours = config::class_id("ASIO2WASAPI Shared");
        let error = refuse_ours("ASIO2WASAPI Shared", Some(ours), Some("x.dll")).unwrap_err();
        assert_eq!(
            error.message,
            "\"ASIO2WASAPI Shared\" is one of our own drivers, and sound would go round in a circle; \
             choose the driver of a piece of hardware."
        );
        refuse_ours("Mine", Some(5), Some("Asio2Wasapi32.dll")).unwrap_err();
        refuse_ours("Box", Some(5), Some("box.dll")).unwrap();
        refuse_ours("Box", None, None).unwrap();
    }

    #[test]
    fn errors_become_sentences() {
        let error = Error::Init {
            driver: "box".into(),
            text: String::new(),
        };
        assert_eq!(sentence(&error), "Box cannot be initialised.");
    }
}
