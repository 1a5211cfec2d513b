//! The curve along which all gains go from one value to another.

/// From 0 at 0 to 1 at 1, level to the second derivative at both ends, where a step would be heard as a
/// click: the polynomial of degree five that Perlin calls "smootherstep". Beyond the ends it stays.
pub(crate) fn smooth(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * x * (x * (6.0 * x - 15.0) + 10.0)
}

#[cfg(test)]
mod tests {
    use super::smooth;

    #[test]
    fn it_rises_from_end_to_end_and_is_the_same_turned_round() {
        assert_eq!([smooth(-1.0), smooth(0.0), smooth(0.5)], [0.0, 0.0, 0.5]);
        assert_eq!([smooth(1.0), smooth(2.0)], [1.0, 1.0]);
        for n in 1..=100 {
            let (before, x) = (f64::from(n - 1) / 100.0, f64::from(n) / 100.0);
            assert!(smooth(before) < smooth(x), "{x}");
            assert!((smooth(x) + smooth(1.0 - x) - 1.0).abs() < 1e-12, "{x}");
        }
    }
}
