//! The stages of the data plane, each alone: `cargo bench -p sluicebox-benches --bench stages`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sluicebox_benches::shapes::Shape;
use sluicebox_benches::stages::Stages;

/// JSON of one pass: large enough that caches hold no more of it than they would of a stream.
const BYTES: usize = 16 << 20;

fn stages(criterion: &mut Criterion) {
    for shape in Shape::STANDARD {
        let mut stages = Stages::new(shape, BYTES).expect("the config of a shape is valid");
        let mut group = criterion.benchmark_group(shape.name());
        group.sample_size(10);
        group.throughput(Throughput::Bytes(stages.bytes() as u64));
        group.bench_function("decode", |bench| bench.iter(|| black_box(stages.decode())));
        group.bench_function("rules", |bench| bench.iter(|| black_box(stages.rules())));
        group.bench_function("dedup", |bench| {
            bench.iter(|| black_box(stages.dedup().expect("its own rows")));
        });
        group.bench_function("parquet", |bench| {
            bench.iter(|| black_box(stages.parquet().expect("its own rows")));
        });
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
