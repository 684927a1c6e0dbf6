//! Histories of real threads.
//!
//! Threads are started for a batch of maps and go from one to the next together, which costs less than
//! threads of their own for each; a second crew finds the slots that the first has left.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::frame::{Frame, ReportOnPanic};
use super::history::Event;
use super::random::Random;
use super::script::{Script, Size};
use super::subject::Map;

/// Scripts that are played one after the other by the same threads.
pub(crate) const BATCH: u64 = 64;

/// The script of a seed. [`BATCH`] seeds in a row have scripts of one size.
///
/// The number of steps falls as that of the threads rises, to keep both overlap and search small.
pub(crate) fn script(seed: u64) -> Script {
    let mut random = Random::new(seed / BATCH);
    let threads = 2 + random.below(7);
    let size = Size {
        crews: if random.one_in(4) { 2 } else { 1 },
        threads,
        steps: 2 + random.below(28 / threads),
    };
    Script::sized(seed, size)
}

/// Plays scripts of one size, and panics at the first one whose history breaks a promise.
pub(crate) fn play(scripts: &[Script]) {
    let frames: Vec<Frame<'_>> = scripts.iter().map(Frame::new).collect();
    let histories = play_on(&frames);
    for (frame, events) in frames.iter().zip(histories) {
        frame.verify(events);
    }
}

/// Plays each frame's script on a map of its own, and returns what was recorded there.
fn play_on(frames: &[Frame<'_>]) -> Vec<Vec<Event>> {
    let maps: Vec<Map<'_>> = frames.iter().map(Frame::map).collect();
    let stages = frames.iter().zip(&maps);
    let mut histories: Vec<Vec<Event>> = stages
        .clone()
        .map(|(frame, map)| {
            let _report = ReportOnPanic::new(frame.script(), None);
            frame.set_up(map)
        })
        .collect();
    let crews = frames.first().map_or(0, |frame| frame.script().crews.len());
    for crew in 0..crews {
        for of_thread in play_crew(frames, &maps, crew) {
            for (history, events) in histories.iter_mut().zip(of_thread) {
                history.extend(events);
            }
        }
    }
    for ((frame, map), history) in stages.zip(&mut histories) {
        let _report = ReportOnPanic::new(frame.script(), None);
        history.extend(frame.take_stock(map));
    }
    histories
}

/// What one crew records, by thread and frame.
fn play_crew<'h>(frames: &'h [Frame<'_>], maps: &[Map<'h>], crew: usize) -> Vec<Vec<Vec<Event>>> {
    let threads = frames
        .first()
        .map_or(0, |frame| frame.script().crews[crew].len());
    let gates: Vec<Gate> = frames.iter().map(|_| Gate::new(threads)).collect();
    let failed = AtomicBool::new(false);
    let play_thread = |thread: usize| -> Vec<Vec<Event>> {
        let rounds = frames.iter().zip(maps).zip(&gates);
        let rounds = rounds.map(|((frame, map), gate)| {
            let _report = ReportOnPanic::new(frame.script(), Some(&failed));
            let (mut player, steps) = frame.part(map, crew, thread);
            seed_yields(frame.script().seed ^ thread as u64);
            gate.pass(&failed);
            steps.iter().for_each(|step| player.play(step));
            player.finish()
        });
        rounds.collect()
    };
    thread::scope(|scope| {
        let play_thread = &play_thread;
        let threads: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || play_thread(thread)))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        let joined: Result<_, _> = joined.collect();
        joined.expect("a thread found a broken promise")
    })
}

/// Lets threads go on together.
pub(crate) struct Gate {
    awaited: AtomicUsize,
}

impl Gate {
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            awaited: AtomicUsize::new(threads),
        }
    }

    /// Waits for all others; panics if one of them has failed.
    pub(crate) fn pass(&self, failed: &AtomicBool) {
        self.awaited.fetch_sub(1, Ordering::AcqRel);
        let mut turns = 0_u8;
        while self.awaited.load(Ordering::Acquire) > 0 {
            assert!(!failed.load(Ordering::Relaxed), "another thread has failed");
            turns = turns.wrapping_add(1);
            if turns == 0 {
                thread::yield_now();
            } else {
                core::hint::spin_loop();
            }
        }
    }
}

/// Tells the others, should the thread that has it panic.
pub(crate) struct TellOnPanic<'a>(pub(crate) &'a AtomicBool);

impl Drop for TellOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// Decides where the map yields, in a build that does.
fn seed_yields(seed: u64) {
    #[cfg(splitmap_stress)]
    splitmap::seed_yields(seed);
    #[cfg(not(splitmap_stress))]
    let _ = seed;
}
