//! Text for hosts: fixed buffers of bytes in a code page that nobody tells us.

/// Writes `text` into `buffer` as ASCII with a NUL at the end, cut where the buffer ends.
///
/// Hosts read these buffers as UTF-8, as the system's code page or as something else. All of them
/// agree on ASCII, so other letters become the most similar ASCII letter, or `?`.
pub(crate) fn write_ascii(text: &str, buffer: &mut [u8]) {
    let Some(room) = buffer.len().checked_sub(1) else {
        return;
    };
    let letters = text.chars().map(similar_ascii);
    let mut used = 0;
    for (place, letter) in buffer[..room].iter_mut().zip(letters) {
        *place = letter;
        used += 1;
    }
    buffer[used..].fill(0);
}

/// The text in a fixed buffer, up to the first NUL. What is no UTF-8 becomes U+FFFD.
pub(crate) fn read_text(buffer: &[u8]) -> String {
    let end = buffer
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(buffer.len());
    String::from_utf8_lossy(&buffer[..end]).into_owned()
}

/// Similar letters for U+00A0 to U+00FF.
const LATIN1: &[u8; 96] = b" !cL?Y|S\"ca<--R-o?23'uP.,1o>???\
?AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

fn similar_ascii(letter: char) -> u8 {
    match letter {
        ' '..='~' => letter as u8,
        '\t' | '\n' | '\r' => b' ',
        '\u{a0}'..='\u{ff}' => LATIN1[letter as usize - 0xa0],
        '\u{2018}' | '\u{2019}' => b'\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' => b'"',
        '\u{2010}'..='\u{2015}' => b'-',
        _ => b'?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ascii(text: &str) -> String {
        let mut buffer = [0xAA; 32];
        write_ascii(text, &mut buffer);
        read_text(&buffer)
    }

    #[test]
    fn letters_become_similar_ones() {
        assert_eq!(ascii("Lautsprecher (Größe 2)"), "Lautsprecher (Grose 2)");
        assert_eq!(ascii("Casque d’écoute – «é»"), "Casque d'ecoute - <e>");
        assert_eq!(ascii("スピーカー ®"), "????? R");
        assert_eq!(ascii("a\u{7}b\nc"), "a?b c");
    }

    #[test]
    fn a_long_text_is_cut_and_ended() {
        let mut buffer = [0xAA; 8];
        write_ascii("0123456789", &mut buffer);
        assert_eq!(&buffer, b"0123456\0");
        write_ascii("x", &mut []);
    }

    proptest! {
        #[test]
        fn the_buffer_always_ends_with_nul_and_holds_ascii(text: String, len in 1usize..40) {
            let mut buffer = vec![0xAA; len];
            write_ascii(&text, &mut buffer);
            prop_assert_eq!(buffer[len - 1], 0);
            prop_assert!(buffer.iter().all(|byte| byte.is_ascii()));
        }
    }
}
