//! The concurrent maps under criterion: one group a workload, `sync/<workload>/<keys>`.
//!
//! For the eye and for regressions between commits. Subjects run one after the other here, not in
//! interleaved rounds: whoever compares maps uses `contention`.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use splitmap_benches::rounds::{SUBJECTS, Session};
use splitmap_benches::workload::{Cell, Effort, Workload, catalogue};

const SIZE: usize = 1 << 16;
const THREADS: usize = 2;

fn bench_workload(c: &mut Criterion, workload: &Workload) {
    let mut group = c.benchmark_group(format!("sync/{}/{}", workload.name, workload.keys));
    group.sample_size(10);
    group.measurement_time(Duration::from_secs(2));
    // One iteration is one operation of one thread.
    group.throughput(Throughput::Elements(1));
    let plan = workload.plan(Cell {
        size: SIZE,
        threads: THREADS,
        effort: Effort::QUICK,
    });
    for subject in SUBJECTS {
        let mut session = Session::new(&plan, &|name| name == subject);
        let mut round = 0;
        if session.is_empty() {
            continue;
        }
        group.bench_function(BenchmarkId::new(subject, SIZE), |b| {
            b.iter_custom(|iters| {
                let (mut took, mut ops) = (Duration::ZERO, 0);
                while ops < iters {
                    session.round(round, &mut |_| {});
                    round += 1;
                    let figures = session.take_figures();
                    let sample = figures[0].samples[0];
                    took += sample.elapsed * THREADS as u32;
                    ops += sample.ops;
                }
                took.mul_f64(iters as f64 / ops as f64)
            });
        });
    }
    group.finish();
}

fn sync_map(c: &mut Criterion) {
    for workload in catalogue().iter().filter(|workload| workload.quick) {
        bench_workload(c, workload);
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    sync_map(&mut criterion);
    criterion.final_summary();
}
