//! The bucket map beside hashbrown and std's map: one group a workload, `bucket/<workload>/<keys>`.
//!
//! Shows what an operation costs on the mean; the worst one is `bucket_budget`'s to show. Every run is
//! checked, so that `cargo bench -- --test` doubles as a test.

use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use splitmap_benches::key::Key;
use splitmap_benches::solo::{Keys, Operation, contenders};

const SIZES: [usize; 3] = [1 << 10, 1 << 16, 1 << 20];

fn bench_size<K: Key>(c: &mut Criterion, operation: Operation, keys: &Arc<Keys<K>>, size: usize) {
    let mut group = c.benchmark_group(format!("bucket/{operation}/{}", K::NAME));
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(2));
    // One iteration is one operation.
    group.throughput(Throughput::Elements(1));
    for mut job in contenders(operation, keys) {
        let id = BenchmarkId::new(job.name(), size);
        group.bench_function(id, |b| {
            b.iter_custom(|iters| {
                let (mut took, mut ops) = (Duration::ZERO, 0);
                while ops < iters {
                    let sample = job.round(0, None);
                    took += sample.elapsed;
                    ops += sample.ops;
                }
                took.mul_f64(iters as f64 / ops as f64)
            });
        });
    }
    group.finish();
}

fn bench_keys<K: Key>(c: &mut Criterion) {
    for size in SIZES {
        let keys = Keys::<K>::new(size);
        for operation in Operation::ALL {
            bench_size(c, operation, &keys, size);
        }
    }
}

fn bucket_map(c: &mut Criterion) {
    bench_keys::<u64>(c);
    bench_keys::<String>(c);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    bucket_map(&mut criterion);
    criterion.final_summary();
}
