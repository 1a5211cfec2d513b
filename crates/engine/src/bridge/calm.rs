//! When a target that was raised may come down again.

use super::plan::{MARGIN_NS, Plan, frames_in};

/// For so long, in seconds, frames must have been to spare at every pull before the target is lowered.
/// Twice as long each time that it turns out to have been too soon, up to the longest.
const PATIENCE_SECONDS: u64 = 10;
const PATIENCE_MAX_SECONDS: u64 = 600;
/// How fast the lead goes to a target that was lowered: a pitch that is off by so little is not heard.
const SPEED: f64 = 500e-6;

/// Watches how many frames are to spare.
#[derive(Debug)]
pub(super) struct Calm {
    /// The target to begin with: it is never below.
    usual_frames: u32,
    /// What is left to spare, in source frames.
    margin_frames: u32,
    patience_frames: u64,
    patience_max_frames: u64,
    /// Sink frames since this was begun, and the fewest source frames that were to spare.
    frames: u64,
    spare_frames: f64,
    has_lowered: bool,
}

impl Calm {
    pub(super) fn new(plan: &Plan) -> Self {
        let rate_hz = u64::from(plan.spec.sink.rate_hz);
        Self {
            usual_frames: plan.target_frames,
            margin_frames: frames_in(MARGIN_NS, plan.spec.source.rate_hz),
            patience_frames: PATIENCE_SECONDS * rate_hz,
            patience_max_frames: PATIENCE_MAX_SECONDS * rate_hz,
            frames: 0,
            spare_frames: f64::INFINITY,
            has_lowered: false,
        }
    }

    /// A pull of `frames` found `spare_frames` more in the bridge than it needed, or would have if the lead
    /// were at its target. Returns what the target may be.
    pub(super) fn pulled(&mut self, frames: usize, spare_frames: f64, target_frames: u32) -> u32 {
        self.frames += frames as u64;
        self.spare_frames = self.spare_frames.min(spare_frames);
        if self.frames < self.patience_frames {
            return target_frames;
        }
        let spare_frames = self.spare_frames.max(0.0) as u32;
        self.begin();
        let margin_frames = self.margin_frames;
        // Less is not worth it: whoever plays is told of each change.
        if spare_frames < 2 * margin_frames || target_frames <= self.usual_frames {
            return target_frames;
        }
        self.has_lowered = true;
        let lower_frames = target_frames.saturating_sub(spare_frames - margin_frames);
        lower_frames.max(self.usual_frames)
    }

    /// The source had too few frames.
    pub(super) fn starved(&mut self) {
        self.begin();
        if std::mem::take(&mut self.has_lowered) {
            self.patience_frames = (2 * self.patience_frames).min(self.patience_max_frames);
        }
    }

    fn begin(&mut self) {
        self.frames = 0;
        self.spare_frames = f64::INFINITY;
    }
}

/// Where the lead is to be after so many sink frames, on its way from `aim_frames` to a target: at once up,
/// gently down. `nominal`: source frames for a sink frame.
pub(super) fn towards(target_frames: u32, aim_frames: f64, frames: usize, nominal: f64) -> f64 {
    let way = frames as f64 * nominal * SPEED;
    f64::from(target_frames).max(aim_frames - way)
}

#[cfg(test)]
mod tests {
    use super::super::{BridgeSpec, Clocks, Side};
    use super::*;
    use crate::format::ClientSample;
    use crate::resample::Quality;

    const RATE_HZ: u32 = 48_000;
    const SECOND: usize = RATE_HZ as usize;
    /// 2 ms.
    const MARGIN: f64 = 96.0;
    const USUAL: u32 = 208;

    fn calm() -> Calm {
        let side = Side {
            rate_hz: RATE_HZ,
            block_frames: 64,
        };
        let plan = Plan::new(&BridgeSpec {
            channels: 1,
            sample: ClientSample::Int32,
            source: side,
            sink: side,
            clocks: Clocks::Apart,
            quality: Quality::Best,
            target_frames: None,
        });
        let plan = plan.expect("it can be");
        assert_eq!(plan.target_frames, USUAL);
        Calm::new(&plan)
    }

    /// The target after so many seconds with so much to spare.
    fn after(calm: &mut Calm, seconds: usize, spare: f64, target: u32) -> u32 {
        (0..seconds).fold(target, |target, _| calm.pulled(SECOND, spare, target))
    }

    #[test]
    fn what_was_to_spare_for_long_goes_but_for_the_margin() {
        let mut calm = calm();
        assert_eq!(after(&mut calm, 9, 400.0, 1_000), 1_000);
        assert_eq!(after(&mut calm, 1, 900.0, 1_000), 1_000 - 400 + 96);
        // What is needed once in a while is kept.
        calm.pulled(64, 0.0, 696);
        assert_eq!(after(&mut calm, 10, 400.0, 696), 696);
        // The rest is not worth it, and below the usual target there is none.
        assert_eq!(after(&mut calm, 10, MARGIN * 1.5, 696), 696);
        assert_eq!(after(&mut calm, 10, 5_000.0, 696), USUAL);
        assert_eq!(after(&mut calm, 10, 5_000.0, USUAL), USUAL);
    }

    #[test]
    fn who_was_wrong_is_more_patient() {
        let mut calm = calm();
        for seconds in [10, 20, 40, 80, 160, 320, 600, 600] {
            assert_eq!(after(&mut calm, seconds - 1, 400.0, 1_000), 1_000);
            assert!(after(&mut calm, 1, 400.0, 1_000) < 1_000, "{seconds}");
            calm.starved();
            // Once more, without having been lowered between: that says nothing.
            calm.starved();
        }
    }

    #[test]
    fn the_way_down_is_not_heard() {
        assert_eq!(towards(480, 200.0, 64, 1.0), 480.0);
        let mut aim = 480.0;
        for _ in 0..SECOND / 64 {
            aim = towards(208, aim, 64, 1.0);
        }
        assert!((455.9..456.1).contains(&aim), "{aim}");
        for _ in 0..12 * SECOND / 64 {
            aim = towards(208, aim, 64, 1.0);
        }
        assert_eq!(aim, 208.0);
    }
}
