//! `competitor`: keeps every processor core busy until it is ended, so that others have to share.

use std::hint::black_box;
use std::num::NonZero;
use std::thread;

fn main() {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    for _ in 1..cores {
        thread::spawn(work);
    }
    work();
}

fn work() {
    let mut sum = 0_u64;
    loop {
        sum = black_box(sum.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}
