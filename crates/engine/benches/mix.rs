//! What mixing costs: every source channel to every sink channel, in blocks of 64 frames.

use criterion::{Criterion, criterion_group, criterion_main};
use engine::client::Plane;
use engine::mix::{MixSpec, mixer};

const FRAMES: usize = 64;

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mix");
    for (channels, moves) in [(8, false), (64, false), (64, true)] {
        let (mut control, mut mixer) = mixer(&MixSpec {
            sources: channels,
            sinks: channels,
            block_frames: FRAMES,
            ramp_frames: if moves { 1 << 20 } else { 0 },
            rate_hz: 48_000,
        })
        .expect("it can be");
        control
            .set(&vec![0.7; channels * channels])
            .expect("as many as pairs");
        let sound: Vec<f32> = (0..FRAMES).map(|n| (n as f32 * 0.1).sin()).collect();
        let how = if moves { ", in a ramp" } else { "" };
        let name = format!("{channels} by {channels} channels{how}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                mixer.begin(FRAMES);
                (0..channels).for_each(|channel| mixer.source(channel, Plane::Float32(&sound)));
                (0..channels).for_each(|channel| mixer.make(channel));
                mixer.end();
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
