//! Initialisations under way: who makes the value of which key, and who waits for it.
//!
//! A *flight* is one call that makes the value of one key: its *leader*. Others who want the same key hold a
//! *ticket* and wait for the end of the flight, whatever it is (a value in the map, an error, a panic, a
//! future that was dropped), and then begin anew: the first of them leads if there is still no value.
//!
//! # Invariants
//!
//! * **T1** — At most one flight per key: a record goes into the table under the mutex, after every record of
//!   an equal hash there was compared with it and found to be another key's.
//! * **T2** — The leader's value is in the map before its record leaves the table. So whoever finds no record,
//!   and then looks into the map, finds the value, or leads.
//! * **T3** — A record leaves the table when its [`Lead`] is dropped, on every path, and then every waiter that
//!   is on it is woken. A ticket whose record is gone never waits.
//!
//! No user code runs under the mutex: keys are compared outside, by shares of the leader's key, and wakers
//! are cloned before, and woken and dropped after.
//!
//! # A key in two places
//!
//! The map wants the key by value, and others want to compare with it until the value is there. So the leader
//! takes it out of its record just before it lands, and waits until nobody is comparing. From then to the end
//! of the flight the record stands for every key with its hash: others with that hash wait, a moment, and
//! look again. Not so the landing thread itself, whose `Drop` or `Eq` may call back.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;

use crate::primitive::{Arc, Backoff, Mutex, Thread, ThreadId, current_thread, park, yield_point};

/// A map's flights.
pub(super) struct Flights<K>(Mutex<Table<K>>);

struct Table<K> {
    records: BTreeMap<Number, Record<K>>,
    /// The serial number of the next record; also that of the next waiter.
    next: u64,
}

/// A flight's place in the table: records of one hash are neighbours, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Number {
    hash: u64,
    serial: u64,
}

struct Record<K> {
    /// The leader's, for others to compare theirs with; gone while the leader lands.
    key: Option<Arc<K>>,
    /// The thread that makes the value inside one call, or that lands. A future has none.
    thread: Option<ThreadId>,
    waiters: BTreeMap<u64, Waiter>,
}

enum Waiter {
    Thread(Thread),
    Task(Waker),
}

impl Waiter {
    fn wake(self) {
        match self {
            Self::Thread(thread) => thread.unpark(),
            Self::Task(waker) => waker.wake(),
        }
    }
}

impl<K> Flights<K> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Table {
            records: BTreeMap::new(),
            next: 0,
        }))
    }

    /// Leads a new flight for `key`, unless there is one: then returns the key, and a ticket to wait with.
    ///
    /// `thread` is the caller's, if it is to make the value before it returns.
    pub(super) fn board(
        &self,
        hash: u64,
        key: K,
        thread: Option<ThreadId>,
    ) -> Result<Lead<'_, K>, (K, Ticket<'_, K>)>
    where
        K: Eq,
    {
        let mut from = 0;
        loop {
            let mut table = self.0.lock();
            let rivals = table.rivals(hash, from);
            let Some((newest, ..)) = rivals.last() else {
                // T1: those before `from` are other keys', and there is none after.
                let (number, key) = table.add(hash, key, thread);
                drop(table);
                return Ok(Lead {
                    flights: self,
                    number,
                    key: Some(key),
                });
            };
            drop(table);
            from = newest.serial + 1;
            yield_point(); // the rivals may land or give up
            for (number, rival, leader) in rivals {
                let is_own_thread = leader == Some(current_thread().id());
                let is_same = match rival {
                    Some(rival) => *rival == key,
                    None => !is_own_thread,
                };
                if is_same {
                    let ticket = Ticket {
                        flights: self,
                        number,
                        seat: None,
                        is_own_thread,
                    };
                    return Err((key, ticket));
                }
            }
        }
    }
}

/// What is to be known of a flight that may be for the same key.
type Rival<K> = (Number, Option<Arc<K>>, Option<ThreadId>);

impl<K> Table<K> {
    /// The flights for keys of this hash, from a serial number on; the newest comes last.
    fn rivals(&self, hash: u64, from: u64) -> Vec<Rival<K>> {
        let first = Number { hash, serial: from };
        let last = Number {
            hash,
            serial: u64::MAX,
        };
        self.records
            .range(first..=last)
            .map(|(number, record)| (*number, record.key.clone(), record.thread))
            .collect()
    }

    fn add(&mut self, hash: u64, key: K, thread: Option<ThreadId>) -> (Number, Arc<K>) {
        let number = Number {
            hash,
            serial: self.next,
        };
        self.next += 1;
        let key = Arc::new(key);
        let record = Record {
            key: Some(Arc::clone(&key)),
            thread,
            waiters: BTreeMap::new(),
        };
        self.records.insert(number, record);
        (number, key)
    }
}

/// The right to make the value of one key. Dropping it ends the flight.
pub(super) struct Lead<'f, K> {
    flights: &'f Flights<K>,
    number: Number,
    /// Present until it is taken to be put into the map.
    key: Option<Arc<K>>,
}

impl<K> Lead<'_, K> {
    pub(super) fn key(&self) -> &K {
        match &self.key {
            Some(key) => key,
            None => unreachable!("the key leaves with `land`, which consumes the lead"),
        }
    }

    /// Has `store` put key and value into the map, and ends the flight (T2).
    pub(super) fn land<R>(mut self, store: impl FnOnce(K) -> R) -> R {
        let stored = store(self.take_key());
        drop(self);
        stored
    }

    fn take_key(&mut self) -> K {
        let mut table = self.flights.0.lock();
        let shared = table.records.get_mut(&self.number).and_then(|record| {
            record.thread = Some(current_thread().id());
            record.key.take()
        });
        drop(table);
        drop(shared);
        let Some(mut key) = self.key.take() else {
            unreachable!("the key leaves with `land`, which consumes the lead");
        };
        // Others may still be comparing: no new ones come.
        let backoff = Backoff::new();
        loop {
            match Arc::try_unwrap(key) {
                Ok(key) => return key,
                Err(shared) => key = shared,
            }
            backoff.snooze();
        }
    }
}

impl<K> Drop for Lead<'_, K> {
    fn drop(&mut self) {
        let mut table = self.flights.0.lock();
        let record = table.records.remove(&self.number);
        drop(table);
        let Some(record) = record else {
            unreachable!("a record leaves the table with its lead (T3)");
        };
        let mut waiters = WakeAll(record.waiters);
        while let Some((_, waiter)) = waiters.0.pop_first() {
            waiter.wake();
        }
    }
}

/// Wakes the others when one waker panics (T3).
struct WakeAll(BTreeMap<u64, Waiter>);

impl Drop for WakeAll {
    fn drop(&mut self) {
        while let Some((_, waiter)) = self.0.pop_first() {
            waiter.wake();
        }
    }
}

/// A place among those who wait for the end of a flight: for a thread by [`wait`](Self::wait), for a task as a
/// future.
pub(super) struct Ticket<'f, K> {
    flights: &'f Flights<K>,
    number: Number,
    /// The number of the waiter, once there is one.
    seat: Option<u64>,
    /// Whether the flight's leader is a call further up on this thread's stack.
    is_own_thread: bool,
}

impl<K> Ticket<'_, K> {
    /// Blocks the thread until the flight is over.
    ///
    /// # Panics
    ///
    /// If the flight is this thread's own, which would wait for itself.
    pub(super) fn wait(mut self) {
        assert!(
            !self.is_own_thread,
            "the initialiser of a key asked for the value of the same key"
        );
        while !self.is_over(Waiter::Thread(current_thread())) {
            park();
        }
    }

    /// Whether the flight is over. If not, `waiter` will be woken, in the place of the last one given.
    fn is_over(&mut self, mut waiter: Waiter) -> bool {
        // A waiter that is replaced is dropped with the parameter, after the guard.
        let mut table = self.flights.0.lock();
        let serial = table.next;
        let Some(record) = table.records.get_mut(&self.number) else {
            return true;
        };
        if let Some(former) = self.seat.and_then(|seat| record.waiters.get_mut(&seat)) {
            core::mem::swap(former, &mut waiter);
            return false;
        }
        record.waiters.insert(serial, waiter);
        table.next += 1;
        self.seat = Some(serial);
        false
    }
}

impl<K> Future for Ticket<'_, K> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.is_over(Waiter::Task(context.waker().clone())) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl<K> Drop for Ticket<'_, K> {
    fn drop(&mut self) {
        let Some(seat) = self.seat else { return };
        let mut table = self.flights.0.lock();
        let record = table.records.get_mut(&self.number);
        let waiter = record.and_then(|record| record.waiters.remove(&seat));
        drop(table);
        drop(waiter);
    }
}
