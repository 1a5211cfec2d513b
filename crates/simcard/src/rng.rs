//! Random numbers that are the same on every machine, for ever.

/// SplitMix64: small, fast, and fixed by its constants. Not for secrets.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// A generator; the same seed gives the same numbers.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator for a part of the whole: streams with other `name`s are unrelated.
    pub fn derived(seed: u64, name: &str) -> Self {
        let mut state = Self(seed);
        for byte in name.bytes() {
            state.0 ^= u64::from(byte);
            state.0 = state.next_u64();
        }
        state
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly spread over 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True once in `n` times on average; never for 0.
    pub fn one_in(&mut self, n: u32) -> bool {
        n != 0 && self.next_u64().is_multiple_of(u64::from(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_published_ones() {
        let mut rng = SplitMix64::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| rng.next_u64()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn parts_are_unrelated_and_repeatable() {
        let draw = |seed, name| SplitMix64::derived(seed, name).next_u64();
        assert_eq!(draw(7, "OUT"), draw(7, "OUT"));
        assert_ne!(draw(7, "OUT"), draw(7, "IN"));
        assert_ne!(draw(7, "OUT"), draw(8, "OUT"));
    }

    #[test]
    fn the_unit_is_even() {
        let mut rng = SplitMix64::new(5);
        let mean = (0..100_000).map(|_| rng.unit()).sum::<f64>() / 100_000.0;
        assert!((mean - 0.5).abs() < 0.005, "{mean}");
        assert!(!rng.one_in(0));
        assert!(rng.one_in(1));
    }
}
