//! Sound that tells each frame's place, and what looks at it.

/// Frames after which it begins anew.
pub const ROUND: u64 = 1 << 20;
/// Near the end of a round the filter hears the next one.
const EDGE: f64 = 4_096.0;
/// How far from one frame to the next may be from one frame: clocks differ by less than a
/// thousandth, a sample has a sixteenth of a frame.
const STEP_TOLERANCE: f64 = 0.2;

/// The sample of a frame. The second channel is half a round ahead, so that one of the two is always
/// far from the end of its round.
pub fn sample(frame: u64, channel: usize) -> f32 {
    let ahead = (channel % 2) as u64 * ROUND / 2;
    ((frame + ahead) % ROUND + 1) as f32 / (2 * ROUND) as f32
}

/// The place that a sample tells, in frames of its round.
fn place(sample: f32) -> f64 {
    f64::from(sample) * (2 * ROUND) as f64 - 1.0
}

/// Looks whether each frame follows on the one before, between frames too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    last: Option<f64>,
    /// Frames looked at.
    pub frames: u64,
    /// Frames that did not follow.
    pub wrong: u64,
}

impl Line {
    /// The next frame of both channels.
    pub fn take(&mut self, left: f32, right: f32) {
        let round = ROUND as f64;
        let (left, right) = (place(left), place(right));
        // By what is expected: at the end of a round any place may be heard.
        let expected = self.last.map_or(left, |last| last + 1.0);
        let is_clear = (EDGE..round - EDGE).contains(&expected);
        let now = if is_clear {
            left
        } else {
            (right - round / 2.0).rem_euclid(round)
        };
        if let Some(last) = self.last {
            // From half a round behind to half a round ahead.
            let step = (now - last + round / 2.0).rem_euclid(round) - round / 2.0;
            self.frames += 1;
            self.wrong += u64::from((step - 1.0).abs() > STEP_TOLERANCE);
        }
        self.last = Some(now);
    }
}

/// Looks whether each frame is exactly the next one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exact {
    next: Option<u64>,
    /// Frames looked at.
    pub frames: u64,
    /// Frames that were not the next one.
    pub wrong: u64,
}

impl Exact {
    /// The next frame of a channel, the first of which may be any.
    pub fn take_from_any(&mut self, heard: f32, channel: usize) {
        if self.next.is_none() {
            let ahead = (channel % 2) as u64 * ROUND / 2;
            self.next = Some(place(heard).max(0.0) as u64 + ROUND - ahead);
        }
        self.take(heard, channel);
    }

    /// The next frame of a channel; silence before the first is none.
    pub fn take(&mut self, heard: f32, channel: usize) {
        if self.next.is_none() && heard == 0.0 {
            return;
        }
        let frame = self.next.unwrap_or(0);
        self.frames += 1;
        self.wrong += u64::from(heard.to_bits() != sample(frame, channel).to_bits());
        self.next = Some(frame + 1);
    }
}
