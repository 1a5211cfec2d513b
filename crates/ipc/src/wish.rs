//! What a client wants, and what of it can be.

use std::fmt;
use std::sync::atomic::Ordering;

use crate::layout::{ClientPart, MAGIC, VERSION};
use crate::limits::{BLOCK_FRAMES_MAX, CHANNELS_MAX, NAME_BYTES_MAX, RATE_HZ_MAX, RATE_HZ_MIN};

/// How a client's blocks are handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HandOver {
    /// As it shows to be best.
    #[default]
    Auto,
    /// The client runs inside the cycle: nothing is added, and it must be quick.
    Synchronous,
    /// What it made is taken in the next cycle: a block is added, and it may take its time.
    Pipelined,
}

impl HandOver {
    fn number(self) -> u32 {
        match self {
            HandOver::Auto => 0,
            HandOver::Synchronous => 1,
            HandOver::Pipelined => 2,
        }
    }

    fn of_number(number: u32) -> Option<HandOver> {
        [HandOver::Auto, HandOver::Synchronous, HandOver::Pipelined]
            .into_iter()
            .find(|one| one.number() == number)
    }
}

/// What a client wants to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Its name for people, at most [`NAME_BYTES_MAX`] bytes, without control characters.
    pub name: String,
    /// Channels that it hears, 0 to [`CHANNELS_MAX`].
    pub inputs: u32,
    /// Channels that it plays, 0 to [`CHANNELS_MAX`]; one of both is not 0.
    pub outputs: u32,
    /// Frames in its blocks, 1 to [`BLOCK_FRAMES_MAX`].
    pub block_frames: u32,
    /// Its rate in Hz.
    pub rate_hz: u32,
    /// How its blocks are handed over.
    pub hand_over: HandOver,
}

/// Why a client was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// It speaks another version.
    Version,
    /// More channels than there can be, or none.
    Channels,
    /// Blocks of a length that there is not.
    Block,
    /// A rate that there is not.
    Rate,
    /// A name that is too long, empty or no text.
    Name,
    /// A way of handing over that there is not.
    HandOver,
    /// The router does not take this rate and block beside its own.
    Unsuited,
    /// A reason that this version does not know.
    Unknown,
}

impl Refusal {
    const ALL: [Refusal; 7] = [
        Refusal::Version,
        Refusal::Channels,
        Refusal::Block,
        Refusal::Rate,
        Refusal::Name,
        Refusal::HandOver,
        Refusal::Unsuited,
    ];

    /// As [`RouterPart::answer`](crate::RouterPart::answer) has it.
    pub(crate) fn number(self) -> u32 {
        let place = Refusal::ALL.iter().position(|one| *one == self);
        place.map_or(u32::MAX, |place| place as u32 + 1)
    }

    /// `None` for the answer that is no refusal.
    pub(crate) fn of_number(number: u32) -> Option<Refusal> {
        let place = usize::try_from(number.checked_sub(1)?).unwrap_or(usize::MAX);
        Some(*Refusal::ALL.get(place).unwrap_or(&Refusal::Unknown))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Version => f.write_str(
                "The driver and the router are of different versions; install them together.",
            ),
            Refusal::Channels => write!(
                f,
                "The router takes programs with 1 to {CHANNELS_MAX} channels each way; use fewer."
            ),
            Refusal::Block => write!(
                f,
                "The router takes blocks of 1 to {BLOCK_FRAMES_MAX} frames; choose another."
            ),
            Refusal::Rate => write!(
                f,
                "The router takes rates from {RATE_HZ_MIN} to {RATE_HZ_MAX} Hz; choose another."
            ),
            Refusal::Name => write!(
                f,
                "The router takes names of 1 to {NAME_BYTES_MAX} bytes of text; choose another."
            ),
            Refusal::HandOver => {
                f.write_str("The router does not know this way of handing over blocks.")
            }
            Refusal::Unsuited => f.write_str(
                "The router cannot take this rate or block beside its own; choose the router's.",
            ),
            Refusal::Unknown => {
                f.write_str("The router refused for a reason that this driver does not know.")
            }
        }
    }
}

impl std::error::Error for Refusal {}

impl Wish {
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), Refusal> {
        let channels = 0..=CHANNELS_MAX;
        let has_any = self.inputs > 0 || self.outputs > 0;
        if !has_any || !channels.contains(&self.inputs) || !channels.contains(&self.outputs) {
            return Err(Refusal::Channels);
        }
        if !(1..=BLOCK_FRAMES_MAX).contains(&self.block_frames) {
            return Err(Refusal::Block);
        }
        if !(RATE_HZ_MIN..=RATE_HZ_MAX).contains(&self.rate_hz) {
            return Err(Refusal::Rate);
        }
        let is_name = !self.name.trim().is_empty()
            && self.name.len() <= NAME_BYTES_MAX
            && !self.name.chars().any(char::is_control);
        if is_name { Ok(()) } else { Err(Refusal::Name) }
    }

    /// Writes it down for the router.
    pub(crate) fn write(&self, part: &ClientPart) {
        let put = |word: &std::sync::atomic::AtomicU32, value| word.store(value, Ordering::Relaxed);
        put(&part.magic, MAGIC);
        put(&part.version, VERSION);
        put(&part.inputs, self.inputs);
        put(&part.outputs, self.outputs);
        put(&part.block_frames, self.block_frames);
        put(&part.rate_hz, self.rate_hz);
        put(&part.hand_over, self.hand_over.number());
        put(&part.name_bytes, self.name.len() as u32);
        let mut bytes = self.name.bytes();
        for word in &part.name {
            let four = std::array::from_fn(|_| bytes.next().unwrap_or(0));
            put(word, u32::from_le_bytes(four));
        }
    }

    /// Reads what a client claims to want: each word once, and nothing is believed.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(crate) fn read(part: &ClientPart) -> Result<Wish, Refusal> {
        let get = |word: &std::sync::atomic::AtomicU32| word.load(Ordering::Relaxed);
        if get(&part.magic) != MAGIC || get(&part.version) != VERSION {
            return Err(Refusal::Version);
        }
        let bytes: Vec<u8> = part
            .name
            .iter()
            .flat_map(|word| get(word).to_le_bytes())
            .collect();
        let length = usize::try_from(get(&part.name_bytes)).unwrap_or(usize::MAX);
        let name = bytes.get(..length).ok_or(Refusal::Name)?;
        let wish = Wish {
            name: str::from_utf8(name).map_err(|_| Refusal::Name)?.to_owned(),
            inputs: get(&part.inputs),
            outputs: get(&part.outputs),
            block_frames: get(&part.block_frames),
            rate_hz: get(&part.rate_hz),
            hand_over: HandOver::of_number(get(&part.hand_over)).ok_or(Refusal::HandOver)?,
        };
        wish.check()?;
        Ok(wish)
    }
}
