//! How a bridge does, for threads that hold neither end.

use rt::Gauge;

use super::BridgeStatus;

const IS_SHOWN: u64 = 1;
const IS_EXACT: u64 = 2;
const IS_RUNNING: u64 = 4;

/// Shows a [`BridgeStatus`] to any thread. One bridge writes; neither side ever waits. Each number is
/// whole, but two of them may be a block apart.
#[derive(Debug, Default)]
pub struct BridgeView {
    flags: Gauge,
    clocks_ppm: Gauge,
    ratio_ppm: Gauge,
    lead_frames: Gauge,
    target_frames: Gauge,
    underruns: Gauge,
    overruns: Gauge,
    dropped_frames: Gauge,
    silent_frames: Gauge,
}

impl BridgeView {
    /// What the bridge has shown last; `None` while there is none.
    pub fn status(&self) -> Option<BridgeStatus> {
        let flags = self.flags.get();
        (flags & IS_SHOWN != 0).then(|| BridgeStatus {
            clocks_ppm: f64::from_bits(self.clocks_ppm.get()),
            ratio_ppm: f64::from_bits(self.ratio_ppm.get()),
            lead_frames: f64::from_bits(self.lead_frames.get()),
            target_frames: self.target_frames.get() as u32,
            is_exact: flags & IS_EXACT != 0,
            is_running: flags & IS_RUNNING != 0,
            underruns: self.underruns.get(),
            overruns: self.overruns.get(),
            dropped_frames: self.dropped_frames.get(),
            silent_frames: self.silent_frames.get(),
        })
    }

    /// Real-time safe.
    pub(super) fn show(&self, status: &BridgeStatus) {
        self.clocks_ppm.set(status.clocks_ppm.to_bits());
        self.ratio_ppm.set(status.ratio_ppm.to_bits());
        self.lead_frames.set(status.lead_frames.to_bits());
        self.target_frames.set(u64::from(status.target_frames));
        self.underruns.set(status.underruns);
        self.overruns.set(status.overruns);
        self.dropped_frames.set(status.dropped_frames);
        self.silent_frames.set(status.silent_frames);
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(status.is_exact, IS_EXACT) | flag(status.is_running, IS_RUNNING);
        // Last: who sees a bridge sees its numbers.
        self.flags.set(IS_SHOWN | flags);
    }

    pub(super) fn clear(&self) {
        self.flags.set(0);
    }
}
