//! Grace periods: a reader against a reclaimer, without a map around them.
//!
//! The nodes live in a pool that hands out again what was freed last, as `malloc` does: an address that
//! comes back at once is what finds mistaken identities. A node is zero while it is free, so that a read of
//! a freed node, one of the other domain's, and a second free fail by value; a read that nothing orders
//! before the free fails by loom's check of the cell.

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use std::sync::{Arc, Mutex};

use loom::cell::Cell;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use splitmap_model::internals::{Choices, Domain, ProcessBarrier, Section, choose, end_terms};
use support::with_preemptions;

const FREE: u32 = 0;

/// Nodes, and which of them are free, the last one freed on top.
///
/// Held for no operation of loom's, so it orders nothing. A node that is handed out gets a new cell: what
/// orders the former life before the new one is the allocator's business.
struct Pool {
    nodes: Mutex<Vec<Arc<Cell<u32>>>>,
    free: Mutex<Vec<usize>>,
}

impl Pool {
    fn new(nodes: usize) -> Arc<Self> {
        Arc::new(Self {
            nodes: Mutex::new((0..nodes).map(|_| Arc::new(Cell::new(FREE))).collect()),
            free: Mutex::new((0..nodes).rev().collect()),
        })
    }

    fn alloc(&self, value: u32) -> usize {
        let node = self
            .free
            .lock()
            .expect("free nodes")
            .pop()
            .expect("a free node");
        self.nodes.lock().expect("nodes")[node] = Arc::new(Cell::new(value));
        node
    }

    fn free(&self, node: usize, value: u32) {
        let found = self.cell(node).replace(FREE);
        assert_eq!(found, value, "a freed or foreign node was freed");
        self.free.lock().expect("free nodes").push(node);
    }

    fn read(&self, node: usize) -> u32 {
        self.cell(node).get()
    }

    fn cell(&self, node: usize) -> Arc<Cell<u32>> {
        Arc::clone(&self.nodes.lock().expect("nodes")[node])
    }
}

struct Garbage {
    pool: Arc<Pool>,
    node: usize,
    value: u32,
}

impl Drop for Garbage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.pool.free(self.node, self.value);
        }
    }
}

/// One shared pointer to a node, and its domain. All its nodes have the same value.
struct Shared {
    domain: Domain<(), Garbage>,
    pool: Arc<Pool>,
    value: u32,
    node: AtomicUsize,
}

impl Shared {
    fn new(pool: &Arc<Pool>, value: u32) -> Arc<Self> {
        Arc::new(Self {
            domain: Domain::new(),
            pool: Arc::clone(pool),
            value,
            node: AtomicUsize::new(pool.alloc(value)),
        })
    }

    fn find(&self, _section: &Section<'_, (), Garbage>) -> usize {
        self.node.load(Ordering::Acquire)
    }

    fn read(&self, node: usize) {
        assert_eq!(
            self.pool.read(node),
            self.value,
            "a freed or foreign node was read"
        );
    }

    /// A section with one read in it.
    fn visit(&self) {
        let section = self.domain.enter();
        self.read(self.find(&section));
    }

    /// Replaces the node, and retires the former one.
    fn replace(&self, section: &Section<'_, (), Garbage>) {
        let node = self.pool.alloc(self.value);
        let former = self.node.swap(node, Ordering::AcqRel);
        section.retire(Garbage {
            pool: Arc::clone(&self.pool),
            node: former,
            value: self.value,
        });
    }

    /// A section in which the node is replaced; the batch is closed at its end.
    fn replace_and_flush(&self) {
        let section = self.domain.enter();
        self.replace(&section);
        section.flush();
    }
}

fn spawn(shared: &Arc<Shared>, run: impl FnOnce(&Shared) + 'static) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        run(&shared);
        end_terms();
    })
}

fn enter_vs_retire_once() {
    let shared = Shared::new(&Pool::new(2), 7);
    let reader = spawn(&shared, |shared| {
        drop(shared.domain.enter()); // has a slot from here on
        shared.visit();
    });
    shared.replace_and_flush();
    reader.join().expect("joined");
    shared.visit();
}

/// A reader that enters while a node is retired either keeps it or cannot reach it.
///
/// Covers R4, R5 and the two fences; each fails it when left out.
#[test]
fn enter_vs_retire() {
    with_preemptions(3, enter_vs_retire_once);
}

/// The same without the process-wide barrier.
#[test]
fn enter_vs_retire_by_fences() {
    choose(Choices {
        barrier: ProcessBarrier::Missing,
        ..Choices::default()
    });
    with_preemptions(3, enter_vs_retire_once);
}

/// A reader whose slot is new is seen, too: the slot is published before the reader's fence.
///
/// Covers the push of a slot and the walk over all slots.
#[test]
fn first_enter_vs_retire() {
    with_preemptions(3, || {
        let shared = Shared::new(&Pool::new(2), 7);
        let reader = spawn(&shared, Shared::visit);
        shared.replace_and_flush();
        reader.join().expect("joined");
    });
}

/// Two new slots at once: neither is lost from the list.
#[test]
fn two_first_enters_vs_retire() {
    with_preemptions(1, || {
        let shared = Shared::new(&Pool::new(2), 7);
        let readers = [spawn(&shared, Shared::visit), spawn(&shared, Shared::visit)];
        shared.replace_and_flush();
        for reader in readers {
            reader.join().expect("joined");
        }
    });
}

/// The accesses of a section happen before the freeing that its end permits.
///
/// The reader's section is open before the node is retired; the reclaimer sees it end while it looks at the
/// batch, or in a later round. Covers R2, R5, the Release in `leave` and the Acquire in `open_section`.
#[test]
fn leave_vs_free() {
    with_preemptions(3, || {
        let shared = Shared::new(&Pool::new(3), 7);
        let reader = spawn(&shared, |shared| {
            let section = shared.domain.enter();
            let node = shared.find(&section);
            shared.read(node);
            shared.read(node);
        });
        shared.replace_and_flush();
        shared.replace_and_flush();
        reader.join().expect("joined");
    });
}

fn later_section_once() {
    let shared = Shared::new(&Pool::new(2), 7);
    let reader = spawn(&shared, |shared| {
        shared.visit();
        drop(shared.domain.enter());
    });
    shared.replace_and_flush();
    reader.join().expect("joined");
}

/// A reclaimer that sees the number of a later section knows that the earlier one has ended, and is ordered after
/// its accesses.
///
/// Covers the Release in `announce`.
#[test]
fn later_section() {
    with_preemptions(3, later_section_once);
}

/// The same without the process-wide barrier.
#[test]
fn later_section_by_fences() {
    choose(Choices {
        barrier: ProcessBarrier::Missing,
        ..Choices::default()
    });
    with_preemptions(3, later_section_once);
}

fn nested_sections_once() {
    let shared = Shared::new(&Pool::new(2), 7);
    let reader = spawn(&shared, |shared| {
        let outer = shared.domain.enter();
        let node = shared.find(&outer);
        shared.visit();
        shared.read(node);
        let inner = shared.domain.enter();
        drop(outer);
        shared.read(node);
        shared.visit();
        drop(inner);
    });
    shared.replace_and_flush();
    reader.join().expect("joined");
}

/// An inner section does not end the outer one, takes its number and its fence, and may be left after it.
#[test]
fn nested_sections() {
    with_preemptions(2, nested_sections_once);
}

/// The same without the process-wide barrier.
#[test]
fn nested_sections_by_fences() {
    choose(Choices {
        barrier: ProcessBarrier::Missing,
        ..Choices::default()
    });
    with_preemptions(2, nested_sections_once);
}

/// Two reclaimers of one domain, each of which reads, too: batches are closed and served by either.
#[test]
fn two_reclaimers() {
    with_preemptions(2, || {
        let shared = Shared::new(&Pool::new(4), 7);
        let reclaimer = spawn(&shared, Shared::replace_and_flush);
        shared.replace_and_flush();
        reclaimer.join().expect("joined");
        shared.visit();
    });
}

/// A full list is closed without being asked, and nothing is left when the domain goes.
#[test]
fn full_batch() {
    with_preemptions(3, || {
        let shared = Shared::new(&Pool::new(4), 7);
        let reader = spawn(&shared, Shared::visit);
        {
            let section = shared.domain.enter();
            shared.replace(&section);
            shared.replace(&section);
        }
        shared.visit();
        reader.join().expect("joined");
        assert!(shared.domain.waiting() <= 2, "more than was retired");
    });
}

/// Two domains whose nodes take each other's places the moment they are freed.
///
/// A reader of one must never see a node of the other.
#[test]
fn two_domains() {
    with_preemptions(2, || {
        let pool = Pool::new(4);
        let one = Shared::new(&pool, 1);
        let two = Shared::new(&pool, 2);
        let reader = thread::spawn({
            let (one, two) = (Arc::clone(&one), Arc::clone(&two));
            move || {
                one.visit();
                two.visit();
                end_terms();
            }
        });
        one.replace_and_flush();
        two.replace_and_flush();
        reader.join().expect("joined");
    });
}

/// One thread inside a section of each of two domains: a section of one holds back nothing of the other,
/// and all of its own.
#[test]
fn section_across_domains() {
    with_preemptions(2, || {
        let pool = Pool::new(4);
        let one = Shared::new(&pool, 1);
        let two = Shared::new(&pool, 2);
        let reader = thread::spawn({
            let (one, two) = (Arc::clone(&one), Arc::clone(&two));
            move || {
                let section = one.domain.enter();
                let node = one.find(&section);
                two.visit();
                one.read(node);
                drop(section);
                end_terms();
            }
        });
        one.replace_and_flush();
        two.replace_and_flush();
        reader.join().expect("joined");
    });
}

/// When the system refuses the barrier that it once granted, nothing is freed before the domain goes.
#[test]
fn refused_barrier() {
    choose(Choices {
        barrier: ProcessBarrier::Refused,
        ..Choices::default()
    });
    with_preemptions(3, || {
        let shared = Shared::new(&Pool::new(3), 7);
        let reader = spawn(&shared, Shared::visit);
        shared.replace_and_flush();
        assert_eq!(shared.domain.waiting(), 1);
        shared.replace_and_flush();
        assert_eq!(shared.domain.waiting(), 2);
        reader.join().expect("joined");
    });
}
