//! Random schedules of the concurrent map, by shuttle: more threads and longer scripts than loom can
//! exhaust, checked for linearizability as the histories of real threads are.
//!
//! Each test runs under two schedulers, since each finds what the other does not: one that picks any thread
//! at every step, and PCT (Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with
//! probabilistic guarantees of finding bugs", ASPLOS 2010), which prefers some thread until one of a few
//! random steps.
//!
//! Freed memory is used again at once (`pool`), and maps come and go beside one that stays, so that a
//! thread's memory of a map, a snapshot or a value meets another at the same address.
//!
//! What it cannot find: anything that needs weaker memory than a sequentially consistent one. loom does.
//!
//! `SPLITMAP_SHUTTLE_SCHEDULES` multiplies how many, `SPLITMAP_SHUTTLE_SEED` leads to others. A schedule that
//! fails is printed, for `shuttle::replay`.

extern crate splitmap_shuttled as splitmap;

#[path = "../../../tests/lin/checker.rs"]
mod checker;
#[path = "../../../tests/lin/frame.rs"]
mod frame;
#[path = "../../../tests/lin/history.rs"]
mod history;
#[path = "../../../tests/lin/player.rs"]
mod player;
mod pool;
#[path = "../../../tests/lin/random.rs"]
mod random;
#[path = "../../../tests/lin/script.rs"]
mod script;
#[path = "../../../tests/lin/subject.rs"]
mod subject;

use std::time::Instant;

use shuttle::rand::RngCore;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::thread;
use shuttle::{Config, Runner};

use self::frame::{Frame, ReportOnPanic};
use self::history::Event;
use self::player::Player;
use self::script::{Script, Size, Step};
use self::subject::Map;

#[global_allocator]
static POOL: pool::LastFreedFirst = pool::LastFreedFirst;

/// Scheduling decisions of PCT that go against its preferences.
const PCT_DEPTH: usize = 3;

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else {
        return default;
    };
    text.parse()
        .unwrap_or_else(|_| panic!("{name} is no number: {text}"))
}

/// Runs a test under that many schedules of each scheduler.
fn explore(name: &str, schedules: usize, test: fn()) {
    let schedules = schedules * setting("SPLITMAP_SHUTTLE_SCHEDULES", 1) as usize;
    let seed = setting("SPLITMAP_SHUTTLE_SEED", 1);
    run(
        name,
        "random",
        RandomScheduler::new_from_seed(seed, schedules),
        test,
    );
    run(
        name,
        "PCT",
        PctScheduler::new_from_seed(seed, PCT_DEPTH, schedules),
        test,
    );
}

fn run(name: &str, kind: &str, scheduler: impl Scheduler + 'static, test: fn()) {
    let mut config = Config::new();
    // Orderings weaker than SeqCst are taken as that, which is known.
    config.silence_warnings = true;
    config.stack_size = 0x4_0000;
    let (start, reused) = (Instant::now(), pool::reused());
    let schedules = Runner::new(scheduler, config).run(test);
    let rate = schedules as f64 / start.elapsed().as_secs_f64();
    let reused = (pool::reused() - reused) / schedules as u64;
    assert!(
        reused > 0,
        "no memory is used again: the pool is not in place"
    );
    println!(
        "{name}, {kind}: {schedules} schedules, {rate:.0} schedules/s, {reused} blocks of memory reused in each"
    );
}

/// A script that the schedule decides.
fn script(size: Size) -> Script {
    let mut script = Script::sized(thread_rng().next_u64(), size);
    // Time would not replay, and a counter is exact where only one thread runs.
    script.stamped_by_time = false;
    script
}

fn thread_rng() -> impl RngCore {
    shuttle::rand::thread_rng()
}

/// What the threads of a scope record. They leave it here, and are not joined: a scope ends, as in std, while
/// its last thread still destroys its thread-local variables, and shuttle's join then finds no result.
type Records = std::sync::Mutex<Vec<Event>>;

fn leave(records: &Records, events: Vec<Event>) {
    let mut records = records.lock().expect("a schedule that panics is over");
    records.extend(events);
}

fn collect(records: Records) -> Vec<Event> {
    records
        .into_inner()
        .expect("a schedule that panics is over")
}

/// One map, one crew after the other.
fn play(size: Size) {
    let script = script(size);
    let _report = ReportOnPanic::new(&script, None);
    let frame = Frame::new(&script);
    let map = frame.map();
    let records = Records::new(frame.set_up(&map));
    for (crew, threads) in frame.script().crews.iter().enumerate() {
        thread::scope(|scope| {
            for thread in 0..threads.len() {
                let (frame, map, records) = (&frame, &map, &records);
                scope.spawn(move || {
                    let (mut player, steps) = frame.part(map, crew, thread);
                    steps.iter().for_each(|step| player.play(step));
                    leave(records, player.finish());
                });
            }
        });
    }
    leave(&records, frame.take_stock(&map));
    drop(map);
    frame.verify(collect(records));
}

#[test]
fn short_scripts() {
    explore("3 threads, 8 calls each", 4_000, || {
        play(Size {
            crews: 1,
            threads: 3,
            steps: 8,
        });
    });
}

#[test]
fn long_scripts() {
    explore("6 threads, 40 calls each", 150, || {
        play(Size {
            crews: 1,
            threads: 6,
            steps: 40,
        });
    });
}

#[test]
fn threads_that_follow_others() {
    explore("3 crews of 3 threads, 4 calls each", 2_000, || {
        play(Size {
            crews: 3,
            threads: 3,
            steps: 4,
        });
    });
}

/// Two maps used in turns by the same threads: what one frees is what the other is given next.
#[test]
fn maps_that_share_freed_memory() {
    const SIZE: Size = Size {
        crews: 1,
        threads: 3,
        steps: 8,
    };
    explore("2 maps, 3 threads, 8 calls each", 2_000, || {
        let scripts = [script(SIZE), script(SIZE)];
        let _reports = scripts
            .each_ref()
            .map(|script| ReportOnPanic::new(script, None));
        let frames = scripts.each_ref().map(Frame::new);
        let maps = frames.each_ref().map(Frame::map);
        let records = [0, 1].map(|which| Records::new(frames[which].set_up(&maps[which])));
        thread::scope(|scope| {
            for part in 0..SIZE.threads {
                let (frames, maps, records) = (&frames, &maps, &records);
                scope.spawn(move || {
                    let (mut one, of_one) = frames[0].part(&maps[0], 0, part);
                    let (mut two, of_two) = frames[1].part(&maps[1], 0, part);
                    take_turns((&mut one, of_one), (&mut two, of_two));
                    leave(&records[0], one.finish());
                    leave(&records[1], two.finish());
                });
            }
        });
        for which in [0, 1] {
            leave(&records[which], frames[which].take_stock(&maps[which]));
        }
        drop(maps);
        for (frame, records) in frames.iter().zip(records) {
            frame.verify(collect(records));
        }
    });
}

/// A map that stays, used by threads that each also use maps that come and go.
#[test]
fn maps_that_come_and_go() {
    explore("1 map and 4 others", 1_500, || {
        let script = script(STAYS);
        let _report = ReportOnPanic::new(&script, None);
        let frame = Frame::new(&script);
        let map = frame.map();
        let records = Records::new(frame.set_up(&map));
        thread::scope(|scope| {
            for host in 0..HOSTS {
                let (frame, map, records) = (&frame, &map, &records);
                scope.spawn(move || host_others(frame, map, records, host));
            }
        });
        leave(&records, frame.take_stock(&map));
        drop(map);
        frame.verify(collect(records));
    });
}

/// Threads that each make, share and drop one map after the other.
const HOSTS: usize = 2;

/// Maps that each of them makes.
const OTHERS: usize = 2;

/// Threads that use each of those maps.
const GUESTS: usize = 2;

/// The script of the map that stays: a part for every host and every guest.
const STAYS: Size = Size {
    crews: 1,
    threads: HOSTS * (1 + OTHERS * GUESTS),
    steps: 4,
};

/// The script of a map that goes: a part for its host too.
const GOES: Size = Size {
    crews: 1,
    threads: GUESTS + 1,
    steps: 4,
};

/// Plays a host's part in the map that stays, and makes the others and their guests.
fn host_others<'h>(frame: &'h Frame<'_>, map: &Map<'h>, records: &Records, host: usize) {
    let first_part = host * (1 + OTHERS * GUESTS);
    let (mut player, steps) = frame.part(map, 0, first_part);
    let mut steps = steps.chunks(steps.len().div_ceil(OTHERS));
    for other in 0..OTHERS {
        let script = script(GOES);
        let _report = ReportOnPanic::new(&script, None);
        let other_frame = Frame::new(&script);
        let other_map = other_frame.map();
        let other_records = Records::new(other_frame.set_up(&other_map));
        thread::scope(|scope| {
            for guest in 0..GUESTS {
                let part = first_part + 1 + other * GUESTS + guest;
                let (other_frame, other_map) = (&other_frame, &other_map);
                let other_records = &other_records;
                scope.spawn(move || {
                    let (mut one, of_one) = frame.part(map, 0, part);
                    let (mut two, of_two) = other_frame.part(other_map, 0, guest);
                    take_turns((&mut one, of_one), (&mut two, of_two));
                    leave(records, one.finish());
                    leave(other_records, two.finish());
                });
            }
            let steps = steps.next().unwrap_or(&[]);
            let (mut other_player, other_steps) = other_frame.part(&other_map, 0, GUESTS);
            take_turns((&mut player, steps), (&mut other_player, other_steps));
            leave(&other_records, other_player.finish());
        });
        leave(&other_records, other_frame.take_stock(&other_map));
        drop(other_map);
        other_frame.verify(collect(other_records));
    }
    leave(records, player.finish());
}

/// Plays two parts, a step of the one and a step of the other.
fn take_turns(
    (one, of_one): (&mut Player<'_, '_>, &[Step]),
    (two, of_two): (&mut Player<'_, '_>, &[Step]),
) {
    let (mut of_one, mut of_two) = (of_one.iter(), of_two.iter());
    while of_one.len() + of_two.len() > 0 {
        of_one.by_ref().take(1).for_each(|step| one.play(step));
        of_two.by_ref().take(1).for_each(|step| two.play(step));
    }
}
