//! The latencies that the whole driver reports are those that it has.

mod support;

#[path = "support/matrix.rs"]
mod matrix;
#[path = "support/model.rs"]
mod model;

use simcard::wake::WakeSpec;
use support::cabled::measure;

#[test]
fn what_is_reported_is_what_is_measured_in_every_mode() {
    model::for_seeds("what_is_reported", 60, |rng| {
        let setting = matrix::draw(rng);
        let measured = measure(&setting).unwrap_or_else(|error| panic!("{setting:?}: {error}"));
        let apart = measured.apart(setting.wake != WakeSpec::default());
        assert!(
            apart.most_frames() <= 1,
            "{setting:?}: {apart:?}, {measured:?}"
        );
    });
}
