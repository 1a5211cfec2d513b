//! Tells whether two endpoints belong to one piece of hardware, and hence to one clock.

/// The container that the system gives to all that is built into the computer: sound cards and
/// displays alike.
pub(crate) const COMPUTER: u128 = 0x00000000_0000_0000_FFFF_FFFFFFFFFFFF;

/// What the system tells of the hardware behind an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hardware {
    /// What all endpoints of one thing that can be plugged in have in common.
    pub(crate) container: Option<u128>,
    /// The name of the sound card.
    pub(crate) card: Option<String>,
}

/// Whether both are one piece of hardware. What is not known counts as different: clocks that are
/// taken for one and are not would drift unnoticed.
pub(crate) fn is_one(a: &Hardware, b: &Hardware) -> bool {
    let cards = a.card.as_ref().zip(b.card.as_ref());
    let one_card = cards.map(|(a, b)| a == b);
    match a.container.zip(b.container) {
        Some((a, b)) if a != b => false,
        Some((COMPUTER, _)) | None => one_card == Some(true),
        // One thing may have several cards in it, such as a dock.
        Some(_) => one_card != Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hardware(container: Option<u128>, card: Option<&str>) -> Hardware {
        Hardware {
            container,
            card: card.map(str::to_owned),
        }
    }

    #[test]
    fn endpoints_of_one_interface_have_one_clock() {
        let usb = hardware(Some(7), Some("USB Interface"));
        assert!(is_one(&usb, &usb));
        assert!(is_one(&usb, &hardware(Some(7), None)));
    }

    #[test]
    fn two_interfaces_of_one_make_have_two_clocks() {
        let first = hardware(Some(7), Some("USB Interface"));
        let second = hardware(Some(8), Some("USB Interface"));
        assert!(!is_one(&first, &second));
    }

    #[test]
    fn what_is_built_in_is_told_apart_by_its_card() {
        let analogue = hardware(Some(COMPUTER), Some("Realtek"));
        let display = hardware(Some(COMPUTER), Some("HDMI"));
        assert!(is_one(&analogue, &analogue));
        assert!(!is_one(&analogue, &display));
        let unnamed = hardware(Some(COMPUTER), None);
        assert!(!is_one(&unnamed, &unnamed));
    }

    #[test]
    fn nothing_known_is_not_one() {
        let unknown = hardware(None, None);
        assert!(!is_one(&unknown, &unknown));
        assert!(!is_one(&unknown, &hardware(Some(7), Some("A"))));
        assert!(is_one(
            &hardware(None, Some("A")),
            &hardware(None, Some("A"))
        ));
    }
}
