//! Plays a thread's steps on a map, and records what comes of them.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::VecDeque;
use std::time::Instant;

use splitmap::Ref;

use super::history::{CLASSES, Effect, Event, MAX_KEYS, Value, class};
use super::script::{Op, Step};
use super::subject::{Key, Ledger, Map, Val};

/// Results that a thread holds at once.
const MAX_HELD: usize = 2;

/// Gives events their stamps.
pub(crate) enum Clock {
    /// No two stamps are the same; but the threads synchronise on it.
    Counter(AtomicU64),
    Time(Instant),
}

impl Clock {
    pub(crate) fn counter() -> Self {
        Self::Counter(AtomicU64::new(0))
    }

    pub(crate) fn time() -> Self {
        Self::Time(Instant::now())
    }

    fn now(&self) -> u64 {
        match self {
            Self::Counter(next) => next.fetch_add(1, Ordering::SeqCst),
            Self::Time(start) => start.elapsed().as_nanos() as u64,
        }
    }
}

/// A map and what is needed to watch it.
#[derive(Clone, Copy)]
pub(crate) struct Stage<'m, 'h> {
    pub(crate) map: &'m Map<'h>,
    pub(crate) ledger: &'h Ledger,
    pub(crate) clock: &'m Clock,
    pub(crate) keys: u8,
    /// Whether any thread calls `clear`.
    pub(crate) cleared: bool,
}

type Found<'m, 'h> = Ref<'m, Key<'h>, Val<'h>>;

/// One thread's part in a history.
pub(crate) struct Player<'m, 'h> {
    stage: Stage<'m, 'h>,
    /// Which of the history's players this is.
    number: u16,
    values: core::ops::Range<Value>,
    held: VecDeque<(Found<'m, 'h>, Value)>,
    events: Vec<Event>,
}

impl<'m, 'h> Player<'m, 'h> {
    /// Lanes that one player may record in: its own, and one for each key.
    const LANES: u16 = 1 + MAX_KEYS as u16;

    /// The player with this number in its history. Of `values`, it may need one for each step.
    pub(crate) fn new(stage: Stage<'m, 'h>, number: u16, values: core::ops::Range<Value>) -> Self {
        Self {
            stage,
            number,
            values,
            held: VecDeque::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn play(&mut self, step: &Step) {
        match step.op {
            Op::Get(key) => {
                let (found, at) = self.time(|map| map.get(&self.stage.ledger.key(key)));
                let value = self.look(found, key, step.hold);
                self.record("get", at, Effect::Saw { key, value });
            }
            Op::ContainsKey(key) => {
                let probe = self.stage.ledger.key(key);
                let (found, at) = self.time(|map| map.contains_key(&probe));
                let effect = match found {
                    true => Effect::SawSome { key },
                    false => Effect::Saw { key, value: None },
                };
                self.record("contains_key", at, effect);
            }
            Op::Insert(key) => {
                let (to, new) = self.fresh();
                let own = self.stage.ledger.key(key);
                let (found, at) = self.time(|map| map.insert(own, new));
                let from = self.look(found, key, step.hold);
                let to = Some(to);
                self.record("insert", at, Effect::Changed { key, from, to });
            }
            Op::TryInsert(key) => {
                let (to, new) = self.fresh();
                let own = self.stage.ledger.key(key);
                let (filled, at) = self.time(|map| match map.try_insert(own, new) {
                    Ok(stored) => (stored, None),
                    Err(error) => (error.current, Some(error.value)),
                });
                let (found, rejected) = filled;
                let rejected = rejected.map(|value| self.stage.ledger.read_value(&value));
                let value = self.look(Some(found), key, step.hold);
                let effect = match rejected {
                    Some(rejected) => {
                        assert_eq!(rejected, to, "another value was given back");
                        Effect::Saw { key, value }
                    }
                    None => self.filled(key, value, to),
                };
                self.record("try_insert", at, effect);
            }
            Op::GetOrInsert(key) => {
                let (to, new) = self.fresh();
                let own = self.stage.ledger.key(key);
                let (found, at) = self.time(|map| map.get_or_insert(own, new));
                let value = self.look(Some(found), key, step.hold);
                let effect = self.filled_or_saw(key, value, to);
                self.record("get_or_insert", at, effect);
            }
            Op::GetOrInsertWith(key) => {
                let (to, new) = self.fresh();
                let own = self.stage.ledger.key(key);
                let (found, at) = self.time(|map| map.get_or_insert_with(own, || new));
                let value = self.look(Some(found), key, step.hold);
                let effect = self.filled_or_saw(key, value, to);
                self.record("get_or_insert_with", at, effect);
            }
            Op::Remove(key) => self.remove(key, step.hold),
            Op::RemoveIf(key, class) => self.remove_if(key, class, step.hold),
            Op::CompareAndRemove(key, class) => {
                let probe = self.stage.ledger.key(key);
                let expected = Ledger::probe(class);
                let (found, at) = self.time(|map| map.compare_and_remove(&probe, &expected));
                let from = self.look(found, key, step.hold);
                self.record("compare_and_remove", at, removed(key, class, from));
            }
            Op::CompareAndSwap(key, class) => self.compare_and_swap(key, class, step.hold),
            Op::Update(key) => self.update(key, step.hold),
            Op::Iter(victim) => self.walk(victim, step.hold),
            Op::ForEach => self.for_each(),
            Op::Retain(class) => self.retain(class),
            Op::Clear => {
                let ((), at) = self.time(|map| map.clear());
                self.record("clear", at, Effect::Cleared);
            }
            Op::Promote => self.stage.map.promote(),
            Op::Len => {
                let (len, at) = self.time(|map| map.len());
                self.record("len", at, Effect::Counted { len, slack: 0 });
            }
            Op::Stats => {
                let stats = self.stage.map.stats();
                assert!(stats.amended || stats.misses == 0, "a miss without dirty");
            }
        }
    }

    /// What every key and the count are, on one thread when all others are done.
    pub(crate) fn take_stock(&mut self) {
        for key in 0..self.stage.keys {
            self.play(&Step {
                op: Op::Get(key),
                hold: false,
            });
        }
        for op in [Op::Iter(None), Op::Len] {
            self.play(&Step { op, hold: false });
        }
    }

    /// Releases what is held, and gives what was recorded.
    pub(crate) fn finish(mut self) -> Vec<Event> {
        while self.release() {}
        self.events
    }

    fn remove(&mut self, key: u8, hold: bool) {
        let probe = self.stage.ledger.key(key);
        let (found, at) = self.time(|map| map.remove(&probe));
        let from = self.look(found, key, hold);
        let effect = match from {
            Some(_) => Effect::Changed {
                key,
                from,
                to: None,
            },
            None => Effect::Saw { key, value: None },
        };
        self.record("remove", at, effect);
    }

    fn remove_if(&mut self, key: u8, accepted: u32, hold: bool) {
        let ledger = self.stage.ledger;
        let probe = ledger.key(key);
        let mut shown = None;
        let (found, at) = self.time(|map| {
            map.remove_if(&probe, |_, value| {
                shown = Some(ledger.read_value(value));
                shown.map(class) == Some(accepted)
            })
        });
        let from = self.look(found, key, hold);
        assert!(
            from.is_none() || from == shown,
            "another value was removed than was shown"
        );
        self.record("remove_if", at, removed(key, accepted, from));
    }

    fn compare_and_swap(&mut self, key: u8, expected: u32, hold: bool) {
        let (to, new) = self.fresh();
        let probe = self.stage.ledger.key(key);
        let equal = Ledger::probe(expected);
        let (swapped, at) = self.time(|map| map.compare_and_swap(&probe, &equal, new));
        let effect = match swapped {
            Ok(replaced) => {
                let from = self.look(Some(replaced), key, hold);
                assert_eq!(
                    from.map(class),
                    Some(expected),
                    "an unequal value was replaced"
                );
                let to = Some(to);
                Effect::Changed { key, from, to }
            }
            Err(new) => {
                let rejected = self.stage.ledger.read_value(&new);
                assert_eq!(rejected, to, "another value was given back");
                let class = expected;
                Effect::SawNoneOf { key, class }
            }
        };
        self.record("compare_and_swap", at, effect);
    }

    fn update(&mut self, key: u8, hold: bool) {
        let ledger = self.stage.ledger;
        let to = self.number_of_fresh();
        let probe = ledger.key(key);
        let mut from = None;
        let (found, at) = self.time(|map| {
            map.update(&probe, |_, value| {
                from = Some(ledger.read_value(value));
                ledger.value(to)
            })
        });
        let stored = self.look(found, key, hold);
        let effect = match stored {
            Some(stored) => {
                assert_eq!(stored, to, "another value was stored than was made");
                Effect::Changed {
                    key,
                    from,
                    to: Some(to),
                }
            }
            None => Effect::Saw { key, value: None },
        };
        self.record("update", at, effect);
    }

    fn walk(&mut self, mut victim: Option<u8>, hold: bool) {
        let mut walk = Walk::begin(self.stage);
        for entry in self.stage.map {
            let key = self.stage.ledger.read_key(entry.key());
            let value = self.stage.ledger.read_value(&entry);
            walk.visit(key, value);
            self.look(Some(entry), key, hold);
            if let Some(victim) = victim.take() {
                self.remove(victim, hold);
            }
            walk.step();
        }
        self.record_walk("iter", walk);
    }

    fn for_each(&mut self) {
        let ledger = self.stage.ledger;
        let mut walk = Walk::begin(self.stage);
        self.stage.map.for_each(|entry| {
            walk.visit(ledger.read_key(entry.key()), ledger.read_value(&entry));
            walk.step();
        });
        self.record_walk("for_each", walk);
    }

    fn retain(&mut self, refused: u32) {
        let ledger = self.stage.ledger;
        let mut walk = Walk::begin(self.stage);
        self.stage.map.retain(|key, value| {
            let (key, value) = (ledger.read_key(key), ledger.read_value(value));
            walk.visit(key, value);
            let keep = class(value) != refused;
            if !keep {
                walk.refuse(key, value);
            }
            walk.step();
            keep
        });
        self.record_walk("retain", walk);
    }

    /// Records the events that a walk consists of, each in the lane of its key.
    fn record_walk(&mut self, name: &'static str, walk: Walk<'_, '_>) {
        for (at, effect) in walk.end() {
            let lane = effect.key().map_or(0, |key| 1 + u16::from(key));
            self.push(lane, name, at, effect);
        }
    }

    fn filled(&self, key: u8, stored: Option<Value>, to: Value) -> Effect {
        let to = Some(to);
        assert_eq!(stored, to, "another value was stored than was given");
        Effect::Changed {
            key,
            from: None,
            to,
        }
    }

    fn filled_or_saw(&self, key: u8, value: Option<Value>, to: Value) -> Effect {
        if value == Some(to) {
            self.filled(key, value, to)
        } else {
            Effect::Saw { key, value }
        }
    }

    /// Runs one call on the map, between two stamps.
    fn time<R>(&self, call: impl FnOnce(&'m Map<'h>) -> R) -> (R, (u64, u64)) {
        let before = self.now();
        let result = call(self.stage.map);
        (result, (before, self.now()))
    }

    fn now(&self) -> u64 {
        self.stage.clock.now()
    }

    fn number_of_fresh(&mut self) -> Value {
        self.values.next().expect("a value for every step")
    }

    fn fresh(&mut self) -> (Value, Val<'h>) {
        let number = self.number_of_fresh();
        (number, self.stage.ledger.value(number))
    }

    /// Reads what a call returned, and keeps it or drops it.
    fn look(&mut self, found: Option<Found<'m, 'h>>, key: u8, hold: bool) -> Option<Value> {
        let found = found?;
        let (number, value) = (found.key(), found.value());
        assert_eq!(
            self.stage.ledger.read_key(number),
            key,
            "another key was found"
        );
        let value = self.stage.ledger.read_value(value);
        if hold {
            if self.held.len() == MAX_HELD {
                self.release();
            }
            self.held.push_back((found, value));
        }
        Some(value)
    }

    /// Reads once more what has been held longest, and lets it go.
    fn release(&mut self) -> bool {
        let Some((found, value)) = self.held.pop_front() else {
            return false;
        };
        let now = self.stage.ledger.read_value(&found);
        assert_eq!(now, value, "a value changed while it was held");
        true
    }

    fn record(&mut self, name: &'static str, at: (u64, u64), effect: Effect) {
        self.push(0, name, at, effect);
    }

    fn push(&mut self, lane: u16, name: &'static str, (call, ret): (u64, u64), effect: Effect) {
        self.events.push(Event {
            call,
            ret,
            lane: self.number * Self::LANES + lane,
            name,
            effect,
        });
    }
}

/// What a conditional removal did: nothing, unless it returned a value.
fn removed(key: u8, accepted: u32, from: Option<Value>) -> Effect {
    debug_assert!(accepted < CLASSES, "no such class");
    match from {
        Some(value) => {
            assert_eq!(
                class(value),
                accepted,
                "a value was removed that was not to be"
            );
            Effect::Changed {
                key,
                from,
                to: None,
            }
        }
        None => Effect::SawNoneOf {
            key,
            class: accepted,
        },
    }
}

/// What a walk over the map says about each key.
struct Walk<'m, 'h> {
    stage: Stage<'m, 'h>,
    began: u64,
    /// When the present step began.
    step: u64,
    seen: [bool; MAX_KEYS],
    /// A value that was shown and refused at this moment.
    refused: Option<(u64, u8, Value)>,
    events: Vec<((u64, u64), Effect)>,
}

impl<'m, 'h> Walk<'m, 'h> {
    fn begin(stage: Stage<'m, 'h>) -> Self {
        let now = stage.clock.now();
        Self {
            stage,
            began: now,
            step: now,
            seen: [false; MAX_KEYS],
            refused: None,
            events: Vec::new(),
        }
    }

    /// The key had this value at the present step.
    ///
    /// A walk that began before a `clear` may still find values there that it has not got to yet: they
    /// were the keys' at some moment of the walk.
    fn visit(&mut self, key: u8, value: Value) {
        let now = self.stage.clock.now();
        let since = self.since(self.step);
        let again = self.settle(now) == Some(key);
        assert!(
            again || !self.seen[usize::from(key)],
            "a walk came to one key twice"
        );
        self.seen[usize::from(key)] = true;
        let value = Some(value);
        self.events.push(((since, now), Effect::Saw { key, value }));
    }

    /// The removal that follows is of an entry that a `clear` may have detached as well, and then takes place before
    /// that `clear`.
    fn refuse(&mut self, key: u8, value: Value) {
        let since = self.since(self.stage.clock.now());
        self.refused = Some((since, key, value));
    }

    /// Since when what is done to an entry may have taken place, if it did at `step` at the earliest where nobody
    /// detaches entries.
    fn since(&self, step: u64) -> u64 {
        if self.stage.cleared { self.began } else { step }
    }

    fn step(&mut self) {
        self.step = self.stage.clock.now();
    }

    /// The value refused last has been removed by now, or else was no longer there. Returns its key.
    fn settle(&mut self, now: u64) -> Option<u8> {
        let (since, key, value) = self.refused.take()?;
        self.events
            .push(((since, now), Effect::Dropped { key, value }));
        Some(key)
    }

    /// A key that was not visited was absent at some moment of the walk.
    fn end(mut self) -> Vec<((u64, u64), Effect)> {
        let now = self.stage.clock.now();
        self.settle(now);
        for key in (0..self.stage.keys).filter(|&key| !self.seen[usize::from(key)]) {
            let value = None;
            self.events
                .push(((self.began, now), Effect::Saw { key, value }));
        }
        self.events
    }
}
