//! The ASIO drivers that this project installs.

use asio::abi::Guid;

/// How a driver uses its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// Beside other programs, through the system's mixer.
    Shared,
    /// Alone, straight to the device.
    Exclusive,
}

/// One driver as ASIO hosts list it.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// The name in the host's list; at most 31 bytes of ASCII.
    pub name: &'static str,
    /// The COM class. Hosts keep it in their settings: it never changes.
    pub clsid: Guid,
    /// What it does with its device.
    pub sharing: Sharing,
}

/// All drivers of `asio2wasapi.dll`.
pub const DRIVERS: [Product; 2] = [
    Product {
        name: "ASIO2WASAPI Shared",
        clsid: Guid::from_u128(0x423FFE53_CFA9_4AF5_8C05_578026364258),
        sharing: Sharing::Shared,
    },
    Product {
        name: "ASIO2WASAPI Exclusive",
        clsid: Guid::from_u128(0xB6F0A540_69EB_40A4_96EC_71E3BE63CC04),
        sharing: Sharing::Exclusive,
    },
];
