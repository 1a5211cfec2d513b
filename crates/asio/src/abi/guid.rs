//! COM's 128-bit names.

use std::fmt;
use std::str::FromStr;

/// A globally unique id in the memory layout of COM's `GUID`.
///
/// Shown as `{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}`, and parsed from that, in either case and with
/// or without braces.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid {
    data1: u32,
    data2: u16,
    data3: u16,
    data4: [u8; 8],
}

impl Guid {
    /// The interface id of COM's `IUnknown`.
    pub const IUNKNOWN: Guid = Guid::from_u128(0x00000000_0000_0000_C000_000000000046);
    /// The interface id of COM's `IClassFactory`.
    pub const ICLASS_FACTORY: Guid = Guid::from_u128(0x00000001_0000_0000_C000_000000000046);

    /// The id whose digits, written out, are those of `value`.
    pub const fn from_u128(value: u128) -> Guid {
        Guid {
            data1: (value >> 96) as u32,
            data2: (value >> 80) as u16,
            data3: (value >> 64) as u16,
            data4: (value as u64).to_be_bytes(),
        }
    }

    /// The id's digits as one number: the reverse of [`from_u128`](Self::from_u128).
    pub const fn to_u128(self) -> u128 {
        (self.data1 as u128) << 96
            | (self.data2 as u128) << 80
            | (self.data3 as u128) << 64
            | u64::from_be_bytes(self.data4) as u128
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = u64::from_be_bytes(self.data4);
        write!(
            f,
            "{{{:08X}-{:04X}-{:04X}-{:04X}-{:012X}}}",
            self.data1,
            self.data2,
            self.data3,
            tail >> 48,
            tail & 0xFFFF_FFFF_FFFF
        )
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no [`Guid`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an id of the form {{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}}")]
pub struct ParseGuidError(String);

impl FromStr for Guid {
    type Err = ParseGuidError;

    fn from_str(text: &str) -> Result<Guid, ParseGuidError> {
        parse(text.trim()).ok_or_else(|| ParseGuidError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Guid> {
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let groups: Vec<&str> = inner.split('-').collect();
    let lengths_fit = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
    let digits = groups.concat();
    // The number parser would take a sign.
    let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !(lengths_fit && all_hex) {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok().map(Guid::from_u128)
}

const _: () = assert!(size_of::<Guid>() == 16 && align_of::<Guid>() == 4);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_memory_layout_is_that_of_com() {
        assert_eq!(Guid::IUNKNOWN.data4, [0xC0, 0, 0, 0, 0, 0, 0, 0x46]);
        assert_eq!(Guid::ICLASS_FACTORY.data1, 1);
        assert_eq!(
            Guid::IUNKNOWN.to_string(),
            "{00000000-0000-0000-C000-000000000046}"
        );
    }

    #[test]
    fn what_is_no_id_is_refused() {
        let bad = [
            "",
            "{}",
            "{00000000-0000-0000-C000-000000000046",
            "00000000-0000-0000-C000-000000000046}",
            "{00000000-0000-0000-C000-00000000004}",
            "{000000000000-0000-C000-000000000046}",
            "{+0000000-0000-0000-C000-000000000046}",
            "{0000000G-0000-0000-C000-000000000046}",
        ];
        for text in bad {
            assert!(text.parse::<Guid>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_id_survives_its_text(value: u128) {
            let guid = Guid::from_u128(value);
            prop_assert_eq!(guid.to_u128(), value);
            prop_assert_eq!(guid.to_string().parse::<Guid>(), Ok(guid));
            let bare = guid.to_string().to_lowercase();
            prop_assert_eq!(bare.trim_matches(['{', '}']).parse::<Guid>(), Ok(guid));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<Guid>();
        }
    }
}
