//! What is needed around one map to play a script on it.

use core::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::checker;
use super::history::{Event, Value, allow_for_overlap};
use super::player::{Clock, Player, Stage};
use super::script::{Op, Script, Step};
use super::subject::{Ledger, Map, MaskedHasher};

/// What outlives the map of one history.
pub(crate) struct Frame<'s> {
    script: &'s Script,
    ledger: Ledger,
    clock: Clock,
}

impl<'s> Frame<'s> {
    pub(crate) fn new(script: &'s Script) -> Self {
        Self {
            script,
            ledger: Ledger::new(script.steps().count()),
            clock: if script.stamped_by_time {
                Clock::time()
            } else {
                Clock::counter()
            },
        }
    }

    pub(crate) fn script(&self) -> &'s Script {
        self.script
    }

    pub(crate) fn map(&self) -> Map<'_> {
        let hasher = MaskedHasher {
            mask: self.script.hash_mask,
        };
        Map::with_capacity_and_hasher(self.script.room, hasher)
    }

    /// A thread's part: its steps, and who plays them.
    pub(crate) fn part<'m, 'h>(
        &'h self,
        map: &'m Map<'h>,
        crew: usize,
        thread: usize,
    ) -> (Player<'m, 'h>, &'s [Step])
    where
        'h: 'm,
    {
        let (before, rest) = self.script.crews.split_at(crew);
        let before = before.iter().flatten().chain(&rest[0][..thread]);
        let first = self.script.setup.len() + before.map(Vec::len).sum::<usize>();
        let steps = &rest[0][thread];
        (self.player(map, thread, first..first + steps.len()), steps)
    }

    /// Plays what comes before all threads.
    pub(crate) fn set_up<'h>(&'h self, map: &Map<'h>) -> Vec<Event> {
        let mut player = self.player(map, self.threads(), 0..self.script.setup.len());
        self.script.setup.iter().for_each(|step| player.play(step));
        player.finish()
    }

    /// Looks at everything when all threads are done.
    pub(crate) fn take_stock<'h>(&'h self, map: &Map<'h>) -> Vec<Event> {
        let mut player = self.player(map, self.threads(), 0..0);
        player.take_stock();
        player.finish()
    }

    /// Panics if the events break a promise. To be called when the map is gone.
    pub(crate) fn verify(&self, events: Vec<Event>) {
        let _report = ReportOnPanic::new(self.script, None);
        verify(events);
        self.ledger.settle();
    }

    fn player<'m, 'h>(
        &'h self,
        map: &'m Map<'h>,
        number: usize,
        values: core::ops::Range<usize>,
    ) -> Player<'m, 'h>
    where
        'h: 'm,
    {
        let stage = Stage {
            map,
            ledger: &self.ledger,
            clock: &self.clock,
            keys: self.script.keys,
            cleared: self.script.steps().any(|step| step.op == Op::Clear),
        };
        let values = values.start as Value..values.end as Value;
        Player::new(stage, number as u16, values)
    }

    fn threads(&self) -> usize {
        self.script.crews.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Panics if no order explains the events.
pub(crate) fn verify(mut events: Vec<Event>) {
    allow_for_overlap(&mut events);
    if let Err(violation) = checker::check(&events) {
        panic!("{violation}");
    }
}

/// Says which script failed, and tells the other threads.
pub(crate) struct ReportOnPanic<'a> {
    script: &'a Script,
    failed: Option<&'a AtomicBool>,
}

impl<'a> ReportOnPanic<'a> {
    pub(crate) fn new(script: &'a Script, failed: Option<&'a AtomicBool>) -> Self {
        Self { script, failed }
    }
}

impl Drop for ReportOnPanic<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let told = self
            .failed
            .map(|failed| failed.swap(true, Ordering::Relaxed));
        if told != Some(true) {
            eprintln!("{}", self.script);
        }
    }
}
