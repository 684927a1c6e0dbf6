//! Linearizability of recorded histories.
//!
//! Random calls on few keys from 2 to 8 threads, each with the time in which it took place, and a search for
//! an order of all calls that explains every result. Keys come and go and tables are replaced all the time,
//! so that the states of entries collide; values notice when they are freed early, twice or never.
//!
//! | file         | idea                                                                             |
//! |--------------|----------------------------------------------------------------------------------|
//! | `history`    | events: what a call says about the state, and when                               |
//! | `checker`    | the search, and `brute`, which it is compared with in `agreement`                |
//! | `script`     | what the threads of a history do, by seed                                        |
//! | `subject`    | keys and values that notice                                                      |
//! | `player`     | plays a thread's part on the map, and records it                                 |
//! | `frame`      | what a map needs around it to be played on                                       |
//! | `crowd`      | real threads                                                                     |
//! | `litmus`     | threads that write one key and read another, without any clock between them      |
//!
//! What it cannot find: what no run of these threads on this processor happens to do. loom tries every
//! interleaving of small scripts, and shuttle many of long ones.
//!
//! `SPLITMAP_LIN_HISTORIES` sets how many, `SPLITMAP_LIN_SEED` plays the script of one seed again and again.

mod agreement;
mod brute;
mod checker;
mod crowd;
mod frame;
mod history;
mod litmus;
mod player;
mod random;
mod script;
mod subject;

use std::time::Instant;

use self::crowd::BATCH;
use self::script::Script;

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}

/// How many histories, unless told. Where the map yields, they are worth more, and are what a run is for.
const HISTORIES: u64 = if cfg!(splitmap_stress) { 6_000 } else { 1_500 };

#[test]
fn random_histories_are_linearizable() {
    let count = setting("SPLITMAP_LIN_HISTORIES").unwrap_or(HISTORIES);
    let fixed = setting("SPLITMAP_LIN_SEED");
    let start = Instant::now();
    let mut steps = 0;
    for batch in 0..count.div_ceil(BATCH) {
        let seeds = batch * BATCH..(batch + 1) * BATCH;
        let scripts: Vec<Script> = seeds
            .map(|seed| crowd::script(fixed.unwrap_or(seed)))
            .collect();
        steps += scripts
            .iter()
            .map(|script| script.steps().count())
            .sum::<usize>();
        crowd::play(&scripts);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{count} histories, {steps} calls, {:.0} histories/s",
        count as f64 / seconds
    );
}
