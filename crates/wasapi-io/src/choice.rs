//! Which device somebody means by a name.

/// One device that somebody wishes for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// The system's default device.
    Default,
    /// The system's default device for communications.
    DefaultCommunications,
    /// The device with this endpoint id, or the one that had it when it was opened last.
    Id(String),
    /// The device with this name, or else the only one whose name has this in it, case not counted.
    Name(String),
}

/// The device of that name among `names`: the one that is called so, or else the only one that has
/// it in its name.
///
/// # Errors
/// Why no device is meant, as a clause that follows the quoted name.
pub(crate) fn named(wish: &str, names: &[&str]) -> Result<usize, String> {
    let wish = wish.to_lowercase();
    let found = |is_meant: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let lower = names.iter().map(|name| name.to_lowercase());
        lower
            .enumerate()
            .filter(|(_, name)| is_meant(name))
            .map(|(index, _)| index)
            .collect()
    };
    let exact = found(&|name| name == wish);
    let meant = if exact.is_empty() {
        found(&|name| name.contains(&wish))
    } else {
        exact
    };
    match meant.as_slice() {
        [] => Err("is not there".to_owned()),
        [one] => Ok(*one),
        [first, second, ..] if names[*first] == names[*second] => {
            Err("is the name of several devices: write the id".to_owned())
        }
        [first, second, ..] => Err(format!(
            "can be \"{}\" or \"{}\": write more of the name",
            names[*first], names[*second]
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["Speakers", "Speakers (USB)", "Mixer Ö", "Twin"];

    #[test]
    fn a_name_means_one_device() {
        for (wish, expected) in [
            ("Speakers", 0),
            ("speakers (usb)", 1),
            ("usb", 1),
            ("mixer ö", 2),
        ] {
            assert_eq!(named(wish, &NAMES), Ok(expected));
        }
    }

    #[test]
    fn what_means_none_or_several_is_told() {
        let error = |wish, names: &[&str]| named(wish, names).expect_err("unclear");
        assert_eq!(error("Phones", &NAMES), "is not there");
        assert_eq!(error("Phones", &[]), "is not there");
        assert_eq!(
            error("peak", &NAMES),
            "can be \"Speakers\" or \"Speakers (USB)\": write more of the name"
        );
        assert_eq!(
            error("Twin", &["Twin", "Twin"]),
            "is the name of several devices: write the id"
        );
    }
}
