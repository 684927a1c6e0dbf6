//! Unique keys into an empty map that was given no hint: all of its growth, and nothing else.
//!
//! Small maps are filled many times over in one round, each time a new one that was built before the
//! clock started.

use super::{Cell, Plan, Workload, steps};
use crate::key::{Key, shuffled};
use crate::script::Kind;

pub(super) fn list(all: &mut Vec<Workload>) {
    all.push(Workload::numbers("insert-unique", unique));
    all.push(Workload::strings("insert-unique", unique));
}

fn unique<K: Key>(cell: Cell) -> Plan<K> {
    let keys = shuffled::<K>(0..cell.size as u64, 5);
    let scripts = cell.each_thread().map(|(thread, threads)| {
        let mut share = keys.iter().skip(thread).step_by(threads).cloned();
        steps(share.len(), || {
            let key = share
                .next()
                .expect("PANIC: there are as many keys as steps");
            (Kind::Insert, key)
        })
    });
    Plan::empty(scripts).repeated(cell.size, cell)
}
