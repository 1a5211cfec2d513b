//! Names for channels.

/// The speaker positions of the bits of `dwChannelMask`, lowest bit first (the `SPEAKER_*`
/// constants of ksmedia.h).
const SPEAKERS: [&str; 18] = [
    "Front Left",
    "Front Right",
    "Front Center",
    "Low Frequency",
    "Back Left",
    "Back Right",
    "Front Left of Center",
    "Front Right of Center",
    "Back Center",
    "Side Left",
    "Side Right",
    "Top Center",
    "Top Front Left",
    "Top Front Center",
    "Top Front Right",
    "Top Back Left",
    "Top Back Center",
    "Top Back Right",
];

/// The name of a device's output channel: its number from 1, and its speaker where the mask has one
/// for it. Channels keep the device's order; the n-th bit that is set names the n-th channel.
pub(crate) fn output_name(channel_mask: u32, index: u32) -> String {
    let mut set = (0..SPEAKERS.len()).filter(|bit| channel_mask >> bit & 1 == 1);
    match set.nth(index as usize) {
        Some(bit) => format!("{} {}", index + 1, SPEAKERS[bit]),
        None => format!("Output {}", index + 1),
    }
}

/// The name of a device's input channel: its number from 1, and its place where a stereo or a mono
/// input has one.
pub(crate) fn input_name(channels: u16, index: u32) -> String {
    match (channels, index) {
        (1, 0) => "1 Input".into(),
        (2, 0) => "1 Input Left".into(),
        (2, 1) => "2 Input Right".into(),
        _ => format!("{} Input", index + 1),
    }
}

/// The most letters of a device's name in a channel's; ASIO has room for 31 in all.
const DEVICE_LETTERS: usize = 24;

/// The name of a channel of one of several devices: the device's, and the channel's number in it from
/// 1.
pub(crate) fn joined_name(device: &str, index: u32) -> String {
    let short: String = device.chars().take(DEVICE_LETTERS).collect();
    format!("{} {}", short.trim_end(), index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_names_the_channels_in_the_device_order() {
        let names = |mask: u32, count: u32| -> Vec<String> {
            (0..count).map(|index| output_name(mask, index)).collect()
        };
        assert_eq!(names(0x3, 2), ["1 Front Left", "2 Front Right"]);
        assert_eq!(
            names(0x60F, 6)[3..],
            ["4 Low Frequency", "5 Side Left", "6 Side Right"]
        );
        assert_eq!(names(0, 2), ["Output 1", "Output 2"]);
        assert_eq!(names(0x4, 2), ["1 Front Center", "Output 2"]);
        assert_eq!(names(0xFFFF_FFFF, 19)[18], "Output 19");
    }

    #[test]
    fn every_name_fits_the_32_bytes_of_asio() {
        for bit in 0..18 {
            assert!(output_name(1 << bit, 0).len() + "99".len() < 32);
        }
    }
}
