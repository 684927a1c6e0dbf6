//! Batches of garbage and when each may be freed.
//!
//! Closing a batch costs one heavy barrier and a look at every slot; the slots found inside a section
//! are what the batch waits for, and are asked to serve the queue when they leave. The queue is served from the front: a section that holds back a batch
//! began before that batch was closed, so it holds back the later ones too, and looking behind a batch
//! that is not due would find nothing. (Two batches closed at the same time may queue in either order; then
//! one waits a little longer than it must.)

use std::collections::VecDeque;

use super::Registry;
use super::slot::Slot;
use crate::primitive::{AtomicUsize, Mutex, Ordering, yield_point};

/// Garbage that was closed together, and the sections that may still see it.
struct Batch<C, G> {
    objects: Vec<G>,
    waits: Vec<Wait<C, G>>,
}

/// A section, named by its slot and its number there.
struct Wait<C, G> {
    slot: *const Slot<C, G>,
    section: usize,
}

/// The domain's closed batches, oldest first.
pub(super) struct Queue<C, G> {
    batches: Mutex<VecDeque<Batch<C, G>>>,
    /// Objects in `batches`, for statistics.
    objects: AtomicUsize,
}

impl<C, G> Queue<C, G> {
    pub(super) fn new() -> Self {
        Self {
            batches: Mutex::new(VecDeque::new()),
            objects: AtomicUsize::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        // ORDERING: Relaxed. A statistic.
        self.objects.load(Ordering::Relaxed)
    }
}

impl<C, G> Registry<C, G> {
    /// Closes `objects` as a batch and queues it, or gives it back if the barrier was refused.
    ///
    /// The caller is outside every section, or its own section would hold the batch back.
    pub(super) fn close(&self, mut objects: Vec<G>) -> Result<(), Vec<G>> {
        for slot in self.slots() {
            slot.bequeath(&mut objects);
        }
        if objects.is_empty() {
            return Ok(());
        }
        yield_point(); // the batch is full, and the readers go on
        if !self.barrier.heavy() {
            return Err(objects);
        }
        yield_point(); // sections end and begin before they are looked at
        let waits = self
            .slots()
            .filter(|_| !cfg!(splitmap_planted = "early_free"))
            .filter_map(|slot| {
                let section = slot.open_section()?;
                slot.summon();
                Some(Wait { slot, section })
            })
            .collect();
        yield_point(); // another batch may be queued first
        let count = objects.len();
        let mut batches = self.queue.batches.lock();
        batches.push_back(Batch { objects, waits });
        // ORDERING: Relaxed. A statistic; written under the lock.
        self.queue.objects.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    /// Takes every object that is due off the queue. The caller drops them, with nothing held.
    pub(super) fn due(&self) -> Vec<G> {
        let mut due = Vec::new();
        let mut batches = self.queue.batches.lock();
        while let Some(batch) = batches.front_mut() {
            batch.waits.retain(|wait| {
                // SAFETY: the slot is one of this registry's, which are freed only with the domain;
                // batches are only looked at through a live registry.
                let slot = unsafe { &*wait.slot };
                slot.open_section() == Some(wait.section)
            });
            if !batch.waits.is_empty() {
                break;
            }
            if let Some(batch) = batches.pop_front() {
                due.extend(batch.objects);
            }
        }
        // ORDERING: Relaxed. A statistic; written under the lock.
        self.queue.objects.fetch_sub(due.len(), Ordering::Relaxed);
        due
    }
}
