//! The two functions that the model needs beyond plain arithmetic, made of nothing but it, so that
//! they give the same bits on every system: the libraries of systems differ in their last bits.

use std::f64::consts::{LN_2, TAU};

/// The cosine of `turns` whole turns, for 0 to 1. Exact to about 1e-16.
pub(crate) fn cos_turns(turns: f64) -> f64 {
    let folded = if turns > 0.5 { 1.0 - turns } else { turns };
    match folded {
        x if x > 0.375 => -series(TAU * (0.5 - x), 1.0, 1),
        x if x > 0.125 => {
            let angle = TAU * (0.25 - x);
            series(angle, angle, 2)
        }
        x => series(TAU * x, 1.0, 1),
    }
}

/// The series of the cosine (first term 1, next divisor 1·2) or the sine (first term x, 2·3).
fn series(x: f64, first: f64, divisor: u32) -> f64 {
    let square = x * x;
    let (mut term, mut sum, mut n) = (first, first, f64::from(divisor));
    for _ in 0..9 {
        term *= -square / (n * (n + 1.0));
        sum += term;
        n += 2.0;
    }
    sum
}

/// The natural logarithm of a number above 0. Exact to about 1e-15.
pub(crate) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7FF) as i32 - 1023;
    let mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let square = z * z;
    let (mut power, mut sum) = (z, 0.0);
    for n in 0..17 {
        sum += power / f64::from(2 * n + 1);
        power *= square;
    }
    f64::from(exponent) * LN_2 + 2.0 * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_agree_with_the_library() {
        for n in 0..=10_000 {
            let x = f64::from(n) / 10_000.0;
            assert!((cos_turns(x) - (TAU * x).cos()).abs() < 1e-14, "cos at {x}");
            let y = 1e-9 + x * 3.0;
            assert!((ln(y) - y.ln()).abs() < 1e-13, "ln at {y}");
        }
    }
}
