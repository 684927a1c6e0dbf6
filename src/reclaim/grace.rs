//! Batches of garbage and when each may be freed.
//!
//! Closing a batch costs one heavy barrier and a look at every slot; the slots found inside a section
//! are what the batch waits for, and are asked to serve the queue when they leave. The queue is served from the front: a section that holds back a batch
//! began before that batch was closed, so it holds back the later ones too, and looking behind a batch
//! that is not due would find nothing. (Two batches closed at the same time may queue in either order; then
//! one waits a little longer than it must.)

use std::collections::VecDeque;

use super::slot::Slot;
use super::{Garbage, Registry};
use crate::primitive::{AtomicUsize, Mutex, Ordering, yield_point};
use crate::tuning::{DUE_STEP, EMPTY_LISTS};

impl<C, G: Garbage> Clone for Wait<C, G> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

/// Garbage that was closed together, and the sections that may still see it.
struct Batch<C, G: Garbage> {
    objects: Vec<G>,
    waits: Vec<Wait<C, G>>,
}

/// A section, named by its slot and its number there.
struct Wait<C, G: Garbage> {
    slot: *const Slot<C, G>,
    section: usize,
}

struct Batches<C, G: Garbage> {
    /// Oldest first.
    closed: VecDeque<Batch<C, G>>,
    /// Lists of batches that were freed, to be used again.
    empty: Vec<Vec<G>>,
}

/// The domain's closed batches.
pub(super) struct Queue<C, G: Garbage> {
    batches: Mutex<Batches<C, G>>,
    /// Objects in `batches`, for statistics.
    objects: AtomicUsize,
}

impl<C, G: Garbage> Queue<C, G> {
    pub(super) fn new() -> Self {
        Self {
            batches: Mutex::new(Batches {
                closed: VecDeque::new(),
                empty: Vec::new(),
            }),
            objects: AtomicUsize::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        // ORDERING: Relaxed. A statistic.
        self.objects.load(Ordering::Relaxed)
    }
}

impl<C, G: Garbage> Registry<C, G> {
    /// Closes `objects` as a batch and queues it, or gives it back if the barrier was refused. In its place comes
    /// an empty list.
    ///
    /// The caller is outside every section, or its own section would hold the batch back.
    pub(super) fn close(&self, mut objects: Vec<G>) -> Result<Vec<G>, Vec<G>> {
        for slot in self.slots() {
            slot.bequeath(&mut objects);
        }
        if objects.is_empty() {
            return Ok(objects);
        }
        yield_point(); // the batch is full, and the readers go on
        if !self.barrier.heavy() {
            return Err(objects);
        }
        yield_point(); // sections end and begin before they are looked at
        let waits: Vec<_> = self
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
        // In parts, so that whoever frees them need not free all at once.
        while objects.len() > DUE_STEP {
            let rest = objects.split_off(DUE_STEP);
            batches.closed.push_back(Batch {
                objects: core::mem::replace(&mut objects, rest),
                waits: waits.clone(),
            });
        }
        batches.closed.push_back(Batch { objects, waits });
        // ORDERING: Relaxed. A statistic; written under the lock.
        self.queue.objects.fetch_add(count, Ordering::Relaxed);
        Ok(batches.empty.pop().unwrap_or_default())
    }

    /// Takes objects that are due off the queue: a batch, and further ones up to `most` objects. The caller ends
    /// them, with nothing held.
    pub(super) fn due(&self, due: &mut Vec<G>, most: usize) {
        let mut batches = self.queue.batches.lock();
        while let Some(batch) = batches.closed.front_mut() {
            batch.waits.retain(|wait| {
                // SAFETY: the slot is one of this registry's, which are freed only with the domain;
                // batches are only looked at through a live registry.
                let slot = unsafe { &*wait.slot };
                slot.open_section() == Some(wait.section)
            });
            let fits = due.is_empty() || due.len() + batch.objects.len() <= most;
            if !batch.waits.is_empty() || !fits {
                break;
            }
            if let Some(mut batch) = batches.closed.pop_front() {
                due.append(&mut batch.objects);
                if batches.empty.len() < EMPTY_LISTS {
                    batches.empty.push(batch.objects);
                }
            }
        }
        // ORDERING: Relaxed. A statistic; written under the lock.
        self.queue.objects.fetch_sub(due.len(), Ordering::Relaxed);
    }
}
