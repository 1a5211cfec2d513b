//! The CPU's vector units: what a conversion is compiled for, and which of it runs.

/// Runs an expression with the best unit that there is code for: on x86 AVX2, or SSE2, which every
/// such CPU has; elsewhere what the target always has.
macro_rules! on_units {
    ($level:expr, $simd:ident => $run:expr) => {{
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let Some($simd) = $level.as_avx2() {
            $run
        } else {
            let $simd = $level
                .as_sse2()
                .expect("Rust's targets for x86 have SSE2 themselves");
            $run
        }
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        fearless_simd::dispatch!($level, $simd => $run)
    }};
}

pub(crate) use on_units;
