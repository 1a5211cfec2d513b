//! The COM class of each profile, told from its name alone.

use crate::model::built_in;

/// The COM class of the driver of that name: 128 bits as they are written out. Names that differ in
/// the case of ASCII letters only have the same.
///
/// The built-in profiles have fixed ones. Any other is computed from the name, so that a host which
/// has remembered the class still finds the driver on another day or machine, whatever has become
/// of the file. It never changes from version to version.
pub fn class_id(name: &str) -> u128 {
    match built_in(name) {
        Some(known) => known.class_id,
        None => marked(hash(&name.to_ascii_lowercase())),
    }
}

/// FNV-1a over the name, after a text that makes the numbers this project's own.
fn hash(name: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    const OURS: &str = "asio2wasapi profile: ";

    OURS.bytes().chain(name.bytes()).fold(BASIS, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME)
    })
}

/// The number with the marks of RFC 9562 for an id of somebody's own making: version 8, variant 10.
const fn marked(number: u128) -> u128 {
    let version = 0xF << 76;
    let variant = 0b11 << 62;
    (number & !version & !variant) | (8 << 76) | (0b10 << 62)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BUILT_IN;

    #[test]
    fn the_class_of_a_name_never_changes() {
        assert_eq!(class_id("Studio"), 0x8EA2FCE5_B614_833A_BE1A_754F7038E1B7);
        assert_eq!(class_id("Studio"), class_id("STUDIO"));
        assert_ne!(class_id("Studio"), class_id("Studio 2"));
        for one in BUILT_IN {
            assert_eq!(class_id(&one.name.to_uppercase()), one.class_id);
        }
    }

    #[test]
    fn it_is_marked_as_one_of_somebodys_own() {
        for number in [0, u128::MAX] {
            let text = format!("{:032x}", marked(number));
            assert_eq!(&text[12..13], "8");
            assert!(matches!(&text[16..17], "8" | "b"));
        }
    }
}
