//! Names that the system gives to endpoints: made from the names of the card and the endpoint, so
//! that they are the same in every run.

use simcard::spec::Flow;

/// The bytes of a GUID that stands for `text`, in the order of its fields.
pub fn guid_of(text: &str) -> u128 {
    const OFFSET: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    let mix = |hash: u128, byte: u8| (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    text.bytes().fold(OFFSET, mix)
}

/// The endpoint's id as `IMMDevice::GetId` gives it, when it was renumbered so often.
pub fn endpoint_id(card: &str, endpoint: &str, flow: Flow, renumbered: u32) -> String {
    let times = match renumbered {
        0 => String::new(),
        times => format!("/{times}"),
    };
    let guid = guid_of(&format!("{card}/{endpoint}/{}{times}", flow as u8));
    let field = |shift: u32, digits: u32| (guid >> shift) & ((1 << (4 * digits)) - 1);
    format!(
        "{{0.0.{}.00000000}}.{{{:08x}-{:04x}-{:04x}-{:04x}-{:012x}}}",
        flow as u8,
        field(96, 8),
        field(80, 4),
        field(64, 4),
        field(48, 4),
        field(0, 12)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_different() {
        let out = endpoint_id("Desk", "OUT", Flow::Render, 0);
        assert_eq!(out, endpoint_id("Desk", "OUT", Flow::Render, 0));
        assert!(out.starts_with("{0.0.0.00000000}.{"), "{out}");
        assert_eq!(out.len(), 55);
        let others = [
            endpoint_id("Desk", "OUT", Flow::Capture, 0),
            endpoint_id("Desk", "OUT2", Flow::Render, 0),
            endpoint_id("Box", "OUT", Flow::Render, 0),
            endpoint_id("Desk", "OUT", Flow::Render, 1),
        ];
        assert!(others.iter().all(|other| *other != out));
        assert!(others[0].starts_with("{0.0.1.00000000}.{"));
    }
}
