//! Is a history linearizable? Every order is tried; shares no idea and no code with `checker`.

use std::collections::BTreeMap;

use super::history::{CLASSES, Effect, Event, Value};

type Map = BTreeMap<u8, Value>;

/// Whether some order of all events explains each, beginning with a map without keys. O(events!).
pub(crate) fn is_linearizable(events: &[Event]) -> bool {
    let mut rest: Vec<usize> = (0..events.len()).collect();
    is_extensible(events, &mut rest, &Map::new())
}

fn is_extensible(events: &[Event], rest: &mut Vec<usize>, map: &Map) -> bool {
    if rest.is_empty() {
        return true;
    }
    (0..rest.len()).any(|at| {
        let next = rest[at];
        if rest.iter().any(|&other| precedes(events, other, next)) {
            return false;
        }
        let mut map = map.clone();
        if !happen(&mut map, &events[next].effect) {
            return false;
        }
        rest.remove(at);
        let found = is_extensible(events, rest, &map);
        rest.insert(at, next);
        found
    })
}

fn precedes(events: &[Event], first: usize, second: usize) -> bool {
    let (one, two) = (&events[first], &events[second]);
    one.ret < two.call || (one.lane == two.lane && first < second)
}

/// Lets the effect happen; returns whether it could.
fn happen(map: &mut Map, effect: &Effect) -> bool {
    match *effect {
        Effect::Saw { key, value } => map.get(&key).copied() == value,
        Effect::SawSome { key } => map.contains_key(&key),
        Effect::SawNoneOf { key, class } => !map.contains_key(&key) || map[&key] % CLASSES != class,
        Effect::Changed { key, from, to } => {
            let before = match to {
                Some(to) => map.insert(key, to),
                None => map.remove(&key),
            };
            before == from
        }
        Effect::Dropped { key, value } => {
            if map.get(&key) == Some(&value) {
                map.remove(&key);
            }
            true
        }
        Effect::Cleared => {
            map.clear();
            true
        }
        Effect::Counted { len, slack } => {
            (len.saturating_sub(slack)..=len + slack).contains(&map.len())
        }
    }
}
