//! Tests of the checker: it agrees with brute force on histories small enough for that.

use super::history::{CLASSES, Effect, Event, MAX_KEYS, Value};
use super::random::Random;
use super::{brute, checker};

/// How a history was made decides how likely it is to be linearizable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Effects that happened one after the other, with times around those moments.
    Real,
    /// The same with one effect or time changed.
    Corrupted,
    /// Arbitrary effects and times.
    Arbitrary,
}

fn history(random: &mut Random, origin: Origin) -> Vec<Event> {
    let lanes = 1 + random.below(4);
    let count = 1 + random.below(7);
    let keys = 1 + random.below(3);
    let whole = random.one_in(2);
    let mut state = [None; MAX_KEYS];
    let mut free_at = [0_u64; 4];
    let mut events: Vec<Event> = (0..count as u64)
        .map(|number| {
            let lane = random.below(lanes);
            // The event takes place at `now`, and overlaps the events of other lanes there.
            let now = 10 * (number + 1);
            let call = random.below(25) as u64;
            let call = free_at[lane].max(now.saturating_sub(call));
            // If the lane is busy until later, so is this event, and may not fit in any more.
            let ret = call.max(now + random.below(25) as u64);
            free_at[lane] = ret + 1;
            let effect = match origin {
                Origin::Arbitrary => arbitrary(random, keys, whole),
                _ => happening(random, keys, whole, number as Value + 1, &mut state),
            };
            let (lane, name) = (lane as u16, "made up");
            Event {
                call,
                ret,
                lane,
                name,
                effect,
            }
        })
        .collect();
    if origin == Origin::Corrupted {
        let at = random.below(events.len());
        if random.one_in(3) {
            events[at].ret = events[at].call;
        } else {
            events[at].effect = arbitrary(random, keys, whole);
        }
    }
    events
}

/// An effect that is possible in the state, which it changes.
fn happening(
    random: &mut Random,
    keys: usize,
    whole: bool,
    new: Value,
    state: &mut [Option<Value>; MAX_KEYS],
) -> Effect {
    let at = random.below(keys);
    let key = at as u8;
    let now = state[at];
    if whole && random.one_in(6) {
        *state = [None; MAX_KEYS];
        return Effect::Cleared;
    }
    if whole && random.one_in(6) {
        let len = state.iter().flatten().count();
        return Effect::Counted { len, slack: 0 };
    }
    match (random.below(6), now) {
        (0, _) => Effect::Saw { key, value: now },
        (1, Some(_)) => Effect::SawSome { key },
        (1 | 2, _) => {
            let class = (now.unwrap_or(0) + 1) % CLASSES;
            Effect::SawNoneOf { key, class }
        }
        (3, Some(value)) => {
            state[at] = None;
            Effect::Dropped { key, value }
        }
        (4, Some(_)) => {
            state[at] = None;
            Effect::Changed {
                key,
                from: now,
                to: None,
            }
        }
        _ => {
            let to = Some(new);
            state[at] = to;
            Effect::Changed { key, from: now, to }
        }
    }
}

fn arbitrary(random: &mut Random, keys: usize, whole: bool) -> Effect {
    let key = random.below(keys) as u8;
    let mut value = || (!random.one_in(3)).then(|| 1 + random.below(4) as Value);
    let (one, two) = (value(), value());
    let class = one.unwrap_or(0) % CLASSES;
    match random.below(if whole { 7 } else { 5 }) {
        0 => Effect::Saw { key, value: one },
        1 => Effect::SawSome { key },
        2 => Effect::SawNoneOf { key, class },
        3 => Effect::Dropped {
            key,
            value: one.unwrap_or(1),
        },
        4 => Effect::Changed {
            key,
            from: one,
            to: two,
        },
        5 => Effect::Cleared,
        _ => Effect::Counted {
            len: random.below(3),
            slack: random.below(2),
        },
    }
}

#[test]
fn checker_agrees_with_brute_force() {
    let mut random = Random::new(1);
    let mut verdicts = [[0_u32; 2]; 3];
    for round in 0..60_000 {
        let origin = [Origin::Real, Origin::Corrupted, Origin::Arbitrary][round % 3];
        let events = history(&mut random, origin);
        let expected = brute::is_linearizable(&events);
        let found = checker::check(&events);
        assert_eq!(found.is_ok(), expected, "{events:#?}");
        let whole = checker::check_whole(&events);
        assert_eq!(whole.is_ok(), expected, "over all keys: {events:#?}");
        verdicts[round % 3][usize::from(expected)] += 1;
    }
    println!("not linearizable, linearizable: {verdicts:?}");
    // Both verdicts were put to the test.
    assert!(verdicts.iter().flatten().sum::<u32>() == 60_000);
    assert!(verdicts[0][1] > 10_000 && verdicts[1][0] > 2_000 && verdicts[2][0] > 10_000);
}

/// A long history of one key, of which only one order in very many is right.
#[test]
fn checker_is_fast_on_long_histories() {
    let lanes = 8;
    let mut random = Random::new(2);
    let mut state = [None; MAX_KEYS];
    let mut free_at = [0_u64; 8];
    let mut events = Vec::new();
    for number in 0..20_000_u64 {
        let lane = random.below(lanes);
        let now = 10 * (number + 1);
        if free_at[lane] >= now {
            continue;
        }
        let call = free_at[lane].max(now.saturating_sub(random.below(80) as u64)) + 1;
        let ret = now + random.below(80) as u64;
        free_at[lane] = ret;
        let effect = happening(&mut random, 1, false, number as Value + 1, &mut state);
        let (call, lane) = (call.min(now), lane as u16);
        events.push(Event {
            call,
            ret,
            lane,
            name: "made up",
            effect,
        });
    }
    let start = std::time::Instant::now();
    checker::check(&events).expect("made in this order");
    checker::check_whole(&events).expect("made in this order");
    println!("{} events: {:?}", events.len(), start.elapsed());
}
