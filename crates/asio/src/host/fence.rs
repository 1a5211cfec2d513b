//! Memory for a driver to write to, with a fence on both sides.

/// Bytes of each fence.
const FENCE_BYTES: usize = 128;
/// What the fences are made of: no text, no small number, no pointer.
const POST: u8 = 0xA5;

/// Room for an answer. Tells afterwards whether it was written to, and whether the fences stand.
pub(super) struct Fenced {
    /// Words, so that the room is aligned as anything is that ASIO knows.
    words: Vec<u64>,
    before: Vec<u8>,
}

impl Fenced {
    /// Room that holds `content`.
    pub(super) fn new(content: &[u8]) -> Fenced {
        let bytes = FENCE_BYTES + content.len() + FENCE_BYTES;
        let mut fenced = Fenced {
            words: vec![u64::from_ne_bytes([POST; 8]); bytes.div_ceil(8)],
            before: content.to_vec(),
        };
        for (place, byte) in content.iter().enumerate() {
            fenced.put(place, *byte);
        }
        fenced
    }

    /// Room of that many bytes that nobody has written to.
    pub(super) fn room(bytes: usize) -> Fenced {
        Fenced::new(&vec![POST; bytes])
    }

    fn put(&mut self, place: usize, byte: u8) {
        let place = FENCE_BYTES + place;
        let mut word = self.words[place / 8].to_ne_bytes();
        word[place % 8] = byte;
        self.words[place / 8] = u64::from_ne_bytes(word);
    }

    fn all(&self) -> impl Iterator<Item = u8> {
        self.words.iter().flat_map(|word| word.to_ne_bytes())
    }

    /// For the driver. It may write to all of the room, and to the fences too.
    pub(super) fn as_mut_ptr<T>(&mut self) -> *mut T {
        self.words
            .as_mut_ptr()
            .wrapping_byte_add(FENCE_BYTES)
            .cast()
    }

    /// What the room holds now.
    pub(super) fn content(&self) -> Vec<u8> {
        self.all()
            .skip(FENCE_BYTES)
            .take(self.before.len())
            .collect()
    }

    /// Whether the room holds something else than at first.
    pub(super) fn is_written(&self) -> bool {
        self.content() != self.before
    }

    /// Whether something outside of the room was written to.
    pub(super) fn is_breached(&self) -> bool {
        let room = FENCE_BYTES..FENCE_BYTES + self.before.len();
        self.all()
            .enumerate()
            .any(|(place, byte)| !room.contains(&place) && byte != POST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_inside_and_outside_is_told_apart() {
        for bytes in [1, 4, 13, 32, 124] {
            let mut fenced = Fenced::room(bytes);
            assert!(!fenced.is_written() && !fenced.is_breached());
            let room: *mut u8 = fenced.as_mut_ptr();
            // SAFETY: the last byte of the room.
            unsafe { room.add(bytes - 1).write(0) };
            assert!(fenced.is_written() && !fenced.is_breached());
            let room: *mut u8 = fenced.as_mut_ptr();
            // SAFETY: the fence's first byte.
            unsafe { room.add(bytes).write(0) };
            assert!(fenced.is_breached());
        }
        let mut fenced = Fenced::new(&[1, 2, 3]);
        assert_eq!(fenced.content(), [1, 2, 3]);
        let room: *mut u8 = fenced.as_mut_ptr();
        // SAFETY: the byte before the room is the fence's.
        unsafe { room.sub(1).write(0) };
        assert!(fenced.is_breached() && !fenced.is_written());
    }
}
