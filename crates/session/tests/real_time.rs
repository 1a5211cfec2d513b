//! The cycle allocates, frees and locks nothing. In a program of its own, because it replaces the
//! allocator and counts for the whole process.

#[allow(dead_code)] // The other test uses the rest.
mod support;

use rt::guard::{CountingAllocator, counts};
use support::PERIOD_FRAMES;
use support::host::{LEFT, RIGHT, counter, ready_driver};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn a_cycle_does_nothing_that_may_block() {
    let mut cycles = 0;
    for (block_frames, withholds_output_ready) in [(100, false), (64, true), (2048, false)] {
        let (mut driver, bench) = ready_driver();
        let (mut handler, _) = counter();
        handler.withholds_output_ready = withholds_output_ready;
        driver
            .create_buffers(&[LEFT, RIGHT], block_frames, handler)
            .expect("created");
        driver.start().expect("started");
        for _ in 0..500 {
            assert_eq!(bench.tick().len(), PERIOD_FRAMES as usize);
            cycles += 1;
        }
        driver.stop().expect("stopped");
    }
    let counts = counts();
    assert_eq!(counts.sections, cycles);
    assert_eq!((counts.allocations, counts.frees, counts.locks), (0, 0, 0));
}
