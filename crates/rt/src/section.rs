//! The real-time section.

/// Runs `work` as a real-time section: in builds with the feature `guard`, every allocation, free
/// and lock of this module (the executable or DLL that this crate is linked into) on this thread is
/// counted until `work` returns or panics. In other builds this is `work()` and nothing else.
///
/// Sections do not nest in this project; if they did, the outer one would end with the inner one.
#[inline]
pub fn section<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(feature = "guard")]
    let _armed = crate::guard::Armed::new();
    work()
}
