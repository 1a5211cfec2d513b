//! Denormal numbers off.

#![allow(unsafe_code)] // The CPU's floating-point control register has no safe door.

/// While it lives, this thread's floating-point unit takes denormal numbers for zero and makes zero
/// of results that would be denormal. Sound that fades out otherwise ends in numbers that some CPUs
/// take a hundred times longer to multiply. Dropping it puts back what was set before.
///
/// On CPUs other than x86-64 and AArch64 it does nothing.
#[derive(Debug)]
pub struct DenormalsOff {
    before: u64,
    /// The register belongs to the thread: the guard must not move to another.
    _this_thread: std::marker::PhantomData<*const ()>,
}

/// MXCSR: flush to zero (bit 15) and denormals are zero (bit 6); Intel SDM vol. 1, 10.2.3.
#[cfg(target_arch = "x86_64")]
const OFF_BITS: u64 = 1 << 15 | 1 << 6;
/// FPCR: flush to zero (bit 24); Arm ARM, FPCR.
#[cfg(target_arch = "aarch64")]
const OFF_BITS: u64 = 1 << 24;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const OFF_BITS: u64 = 0;

impl DenormalsOff {
    /// Switches denormals off on this thread.
    pub fn new() -> Self {
        let before = control();
        set_control(before | OFF_BITS);
        Self {
            before,
            _this_thread: std::marker::PhantomData,
        }
    }
}

impl Default for DenormalsOff {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for DenormalsOff {
    fn drop(&mut self) {
        set_control(self.before);
    }
}

#[cfg(target_arch = "x86_64")]
fn control() -> u64 {
    let mut value = 0u32;
    // SAFETY: stores the register into a local of its size.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &mut value, options(nostack)) };
    u64::from(value)
}

#[cfg(target_arch = "x86_64")]
fn set_control(value: u64) {
    let value = value as u32;
    // SAFETY: the value is one that was read from the register, with two documented bits changed;
    // no exception gets unmasked.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &value, options(nostack, readonly)) };
}

#[cfg(target_arch = "aarch64")]
fn control() -> u64 {
    let value: u64;
    // SAFETY: reads a register that user code may read.
    unsafe { std::arch::asm!("mrs {}, fpcr", out(reg) value, options(nomem, nostack)) };
    value
}

#[cfg(target_arch = "aarch64")]
fn set_control(value: u64) {
    // SAFETY: the value is one that was read from the register, with one documented bit changed.
    unsafe { std::arch::asm!("msr fpcr, {}", in(reg) value, options(nomem, nostack)) };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn control() -> u64 {
    0
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn set_control(_value: u64) {}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use super::*;
    use std::hint::black_box;

    fn half_of_the_smallest_normal() -> f32 {
        black_box(f32::MIN_POSITIVE) * black_box(0.5)
    }

    #[test]
    fn results_are_flushed_while_it_lives_and_only_then() {
        assert!(half_of_the_smallest_normal() > 0.0);
        {
            let _off = DenormalsOff::new();
            assert_eq!(half_of_the_smallest_normal(), 0.0);
        }
        assert!(half_of_the_smallest_normal() > 0.0);
    }
}
