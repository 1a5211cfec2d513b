//! The legs that run programs in Wine, as tables.

mod playback;

use super::Leg;

/// All of them, quick ones first.
pub fn legs() -> Vec<Leg> {
    playback::legs()
}
