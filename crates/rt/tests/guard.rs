//! The guard fires, and only inside a section. In a program of its own, because it replaces the
//! allocator and reads counters of the whole process; so it is one test.
#![cfg(feature = "guard")]

use rt::guard::{CountingAllocator, Counts, Plant, counts, plant};
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn counted(work: impl FnOnce()) -> Counts {
    let before = counts();
    work();
    let after = counts();
    Counts {
        sections: after.sections - before.sections,
        allocations: after.allocations - before.allocations,
        frees: after.frees - before.frees,
        locks: after.locks - before.locks,
    }
}

#[test]
fn what_a_section_does_is_counted_and_nothing_else() {
    let mutex = rt::Mutex::new(0);
    let none = Counts::default();
    let quiet = Counts {
        sections: 1,
        ..none
    };

    assert_eq!(
        counted(|| drop(black_box(vec![1u8; 100]))),
        none,
        "outside a section"
    );
    assert_eq!(
        counted(|| rt::section(|| black_box(()))),
        quiet,
        "an honest section"
    );
    assert_eq!(
        counted(|| rt::section(|| drop(black_box(Box::new(1u64))))),
        Counts {
            allocations: 1,
            frees: 1,
            ..quiet
        },
    );
    assert_eq!(
        counted(|| rt::section(|| *mutex.lock() += 1)),
        Counts { locks: 1, ..quiet },
    );
    let mut vector: Vec<u32> = Vec::with_capacity(1);
    assert_eq!(
        counted(|| rt::section(|| vector.extend([1, 2, 3]))).allocations,
        1,
        "a vector that grows"
    );
    // Another thread's work is its own affair.
    let other = counted(|| {
        rt::section(|| {
            std::thread::scope(|_| ());
        });
        std::thread::spawn(|| drop(black_box(Box::new(5))))
            .join()
            .expect("thread ends");
    });
    assert_eq!(other.locks, 0);
    // A section that panics is over.
    let panicked = counted(|| {
        let result =
            std::panic::catch_unwind(|| rt::section(|| std::panic::resume_unwind(Box::new(()))));
        assert!(result.is_err());
    });
    let settled = counted(|| drop(black_box(Box::new(1u64))));
    assert_eq!(settled, none, "after a panic, {panicked:?}");

    plant(Plant::Allocation);
    assert_eq!(
        counted(|| rt::section(|| ())),
        Counts {
            allocations: 1,
            frees: 1,
            ..quiet
        },
    );
    plant(Plant::Lock);
    assert_eq!(counted(|| rt::section(|| ())), Counts { locks: 1, ..quiet });
    plant(Plant::Nothing);
    assert_eq!(counted(|| rt::section(|| ())), quiet);
}
