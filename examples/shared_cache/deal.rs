//! Deals a trace's operations to threads.
//!
//! By key, all operations of a key go to one thread in their order. Only the map is then shared, no
//! key is, and however the threads interleave, every operation finds what it would find on one
//! thread: the outcome is exact. By offset, every thread runs the whole trace, each from its own
//! starting point, and every key is contended.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::cli::{Deal, Plan};
use super::trace::{Key, Trace};

/// The operations of one thread, as indices into [`Trace::ops`].
#[derive(Debug)]
pub(crate) enum Share {
    /// These, in ascending order.
    Picked(Vec<u32>),
    /// All of them, beginning here.
    From(usize),
}

/// One share a thread.
pub(crate) fn deal<K: Key>(trace: &Trace<K>, plan: &Plan) -> Vec<Share> {
    match plan.deal {
        Deal::Key => by_key(trace, plan.threads),
        Deal::Offset => (0..plan.threads)
            .map(|thread| Share::From(trace.ops.len() * thread / plan.threads))
            .collect(),
    }
}

fn by_key<K: Key>(trace: &Trace<K>, threads: usize) -> Vec<Share> {
    // A fixed seed: a run that went wrong is dealt the same way again.
    let hasher = FixedState::default();
    let owners: Vec<_> = trace
        .keys
        .iter()
        .map(|key| (hasher.hash_one(key) % threads as u64) as usize)
        .collect();
    let mut picked = vec![Vec::new(); threads];
    for (op, index) in trace.ops.iter().zip(0..) {
        picked[owners[op.key as usize]].push(index);
    }
    picked.into_iter().map(Share::Picked).collect()
}

impl Share {
    /// Calls `step` with every index, in the order to run them; the trace has `len` operations.
    pub(crate) fn for_each(&self, len: usize, mut step: impl FnMut(usize)) {
        match self {
            Share::Picked(indices) => indices.iter().for_each(|&index| step(index as usize)),
            Share::From(start) => (*start..len).chain(0..*start).for_each(step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cli::plan;
    use super::super::trace::{Kind, Op};
    use super::*;

    fn dealt(deal: Deal, threads: usize) -> Vec<Vec<usize>> {
        let op = |key| Op {
            number: 0,
            key,
            kind: Kind::Get,
        };
        let trace = Trace {
            keys: (0..10_u64).collect(),
            ops: (0..100).map(|n| op(n * n % 10)).collect(),
        };
        let threads = threads.to_string();
        let mut plan = plan(&["--threads", &threads]).expect("valid options");
        plan.deal = deal;
        let order = |share: &Share| {
            let mut order = Vec::new();
            share.for_each(trace.ops.len(), |index| order.push(index));
            order
        };
        super::deal(&trace, &plan).iter().map(order).collect()
    }

    #[test]
    fn by_key_each_operation_is_dealt_once_in_order_to_its_keys_thread() {
        let shares = dealt(Deal::Key, 3);
        let mut owner = [None; 10];
        for (thread, share) in shares.iter().enumerate() {
            assert!(share.is_sorted());
            for n in share {
                assert_eq!(*owner[n * n % 10].get_or_insert(thread), thread);
            }
        }
        let mut all = shares.concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..100));
    }

    #[test]
    fn by_offset_every_thread_runs_all_from_its_own_start() {
        let shares = dealt(Deal::Offset, 4);
        let starts: Vec<_> = shares.iter().map(|share| share[0]).collect();
        assert_eq!(starts, [0, 25, 50, 75]);
        for mut share in shares {
            share.sort_unstable();
            assert!(share.into_iter().eq(0..100));
        }
    }
}
