//! Is a history linearizable? The search of Wing and Gong with the memory of Lowe ("Testing for
//! linearizability", 2017), over one key at a time where that suffices.
//!
//! A node of the search is how far each lane has come and the state that this led to; nodes seen before are
//! not entered again. Two things keep it fast:
//!
//! * Without effects on the whole map, a history is linearizable if and only if its part on every key is
//!   (Herlihy and Wing, "Linearizability", 1990), and a key's state is one value.
//! * An event that changes nothing in any state is taken as soon as it may come next and holds. No choice is
//!   lost: in any order that takes it later it can be moved here.

use core::fmt;
use core::hash::Hash;
use std::collections::HashSet;

use super::history::{Effect, Event, MAX_KEYS, Value, class};

/// No order explains the history.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The key whose part of the history has no order; `None` if it is the whole.
    key: Option<u8>,
    /// That part, with the events that the longest attempt got to.
    events: Vec<(Event, bool)>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            Some(key) => writeln!(f, "not linearizable at key {key}")?,
            None => writeln!(f, "not linearizable")?,
        }
        for (event, explained) in &self.events {
            writeln!(f, "{} {event}", if *explained { ' ' } else { '?' })?;
        }
        f.write_str(
            "no order of these was found; the longest attempt did not get to those marked ?",
        )
    }
}

/// Finds an order of all events that explains each, beginning with a map without keys.
pub(crate) fn check(events: &[Event]) -> Result<(), Violation> {
    if events.iter().any(|event| event.effect.key().is_none()) {
        return check_whole(events);
    }
    (0..MAX_KEYS as u8).try_for_each(|key| {
        let of_key = |event: &&Event| event.effect.key() == Some(key);
        let events: Vec<&Event> = events.iter().filter(of_key).collect();
        search(&events, OneKey(None), Some(key))
    })
}

/// As [`check`], but always over the state of all keys together.
pub(crate) fn check_whole(events: &[Event]) -> Result<(), Violation> {
    let events: Vec<&Event> = events.iter().collect();
    search(&events, AllKeys([None; MAX_KEYS]), None)
}

/// The state of what is checked.
trait State: Clone + Eq + Hash {
    /// The state after the effect, or `None` if the effect cannot happen here.
    fn after(&self, effect: &Effect) -> Option<Self>;
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct OneKey(Option<Value>);

impl State for OneKey {
    fn after(&self, effect: &Effect) -> Option<Self> {
        let now = self.0;
        let (possible, then) = match *effect {
            Effect::Saw { value, .. } => (now == value, now),
            Effect::SawSome { .. } => (now.is_some(), now),
            Effect::SawNoneOf { class: seen, .. } => {
                (now.is_none_or(|value| class(value) != seen), now)
            }
            Effect::Changed { from, to, .. } => (now == from, to),
            Effect::Dropped { value, .. } => (true, now.filter(|&now| now != value)),
            Effect::Cleared => (true, None),
            Effect::Counted { .. } => unreachable!("a count is about all keys"),
        };
        possible.then_some(Self(then))
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct AllKeys([Option<Value>; MAX_KEYS]);

impl State for AllKeys {
    fn after(&self, effect: &Effect) -> Option<Self> {
        match *effect {
            Effect::Cleared => Some(Self([None; MAX_KEYS])),
            Effect::Counted { len, slack } => {
                let now = self.0.iter().flatten().count();
                (now.abs_diff(len) <= slack).then(|| self.clone())
            }
            _ => {
                let key = usize::from(effect.key()?);
                let mut then = self.clone();
                then.0[key] = OneKey(self.0[key]).after(effect)?.0;
                Some(then)
            }
        }
    }
}

/// How far each lane has come, and where that led.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Node<S> {
    done: Box<[u32]>,
    state: S,
}

impl<S: State> Node<S> {
    /// The next events of the lanes, each with its lane.
    fn heads<'a>(
        &'a self,
        lanes: &'a [Vec<&'a Event>],
    ) -> impl Iterator<Item = (usize, &'a Event)> {
        let heads = lanes.iter().zip(&self.done).enumerate();
        heads.filter_map(|(lane, (events, &done))| Some((lane, *events.get(done as usize)?)))
    }

    /// Those of the heads that may come next: no other event has to come before.
    fn candidates<'a>(&'a self, lanes: &'a [Vec<&'a Event>]) -> Vec<(usize, &'a Event)> {
        let heads = self.heads(lanes);
        let first_ret = heads.map(|(_, head)| head.ret).min().unwrap_or(u64::MAX);
        let heads = self.heads(lanes);
        heads.filter(|(_, head)| head.call <= first_ret).collect()
    }

    /// Takes every event that may come next, holds here and never changes anything.
    fn take_reads(&mut self, lanes: &[Vec<&Event>]) {
        loop {
            let candidates = self.candidates(lanes).into_iter();
            let reads: Vec<usize> = candidates
                .filter(|(_, head)| head.effect.weight() == 0)
                .filter(|(_, head)| self.state.after(&head.effect).is_some())
                .map(|(lane, _)| lane)
                .collect();
            if reads.is_empty() {
                return;
            }
            for lane in reads {
                self.done[lane] += 1;
            }
        }
    }

    fn total(&self) -> u32 {
        self.done.iter().sum()
    }
}

fn search<S: State>(events: &[&Event], initial: S, key: Option<u8>) -> Result<(), Violation> {
    let lanes = lanes(events);
    let mut longest: Box<[u32]> = vec![0; lanes.len()].into();
    let mut open = vec![Node {
        done: longest.clone(),
        state: initial,
    }];
    let mut seen = HashSet::with_hasher(foldhash::fast::FixedState::default());
    while let Some(mut node) = open.pop() {
        node.take_reads(&lanes);
        if node.total() as usize == events.len() {
            return Ok(());
        }
        if !seen.insert(node.clone()) {
            continue;
        }
        if node.total() > longest.iter().sum() {
            longest = node.done.clone();
        }
        // The one that returned first is the best guess, and so goes on top.
        let mut candidates = node.candidates(&lanes);
        candidates.sort_by_key(|(_, head)| core::cmp::Reverse(head.ret));
        for (lane, head) in candidates {
            if let Some(state) = node.state.after(&head.effect) {
                let mut done = node.done.clone();
                done[lane] += 1;
                open.push(Node { done, state });
            }
        }
    }
    Err(violation(&lanes, &longest, key))
}

/// The events by lane, in the order in which they were recorded there.
fn lanes<'a>(events: &[&'a Event]) -> Vec<Vec<&'a Event>> {
    let count = events.iter().map(|event| usize::from(event.lane) + 1).max();
    let mut lanes = vec![Vec::new(); count.unwrap_or(0)];
    for &event in events {
        lanes[usize::from(event.lane)].push(event);
    }
    lanes.retain(|lane| !lane.is_empty());
    lanes
}

fn violation(lanes: &[Vec<&Event>], longest: &[u32], key: Option<u8>) -> Violation {
    let mut events = Vec::new();
    for (lane, &done) in lanes.iter().zip(longest) {
        let numbered = lane.iter().enumerate();
        events.extend(numbered.map(|(index, &&event)| (event, index < done as usize)));
    }
    events.sort_by_key(|(event, _)| (event.call, event.ret));
    Violation { key, events }
}
