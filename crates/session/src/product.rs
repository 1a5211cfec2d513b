//! The ASIO drivers that this project installs.

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
    /// The COM class, as text in braces. Hosts keep it in their settings: it never changes.
    pub clsid: &'static str,
    /// One sentence for whoever looks into the registry.
    pub description: &'static str,
    /// What it does with its device.
    pub sharing: Sharing,
}

/// All drivers of `asio2wasapi.dll`.
pub const DRIVERS: [Product; 2] = [
    Product {
        name: "ASIO2WASAPI Shared",
        clsid: "{423FFE53-CFA9-4AF5-8C05-578026364258}",
        description: "ASIO to the default Windows device, beside other programs",
        sharing: Sharing::Shared,
    },
    Product {
        name: "ASIO2WASAPI Exclusive",
        clsid: "{B6F0A540-69EB-40A4-96EC-71E3BE63CC04}",
        description: "ASIO to the default Windows device, alone and bit-exact",
        sharing: Sharing::Exclusive,
    },
];
