//! The states of an entry: every edge against every other, the locked ones included.
//!
//! Two threads, one operation each, no map around them, every interleaving. Each model lists the outcomes
//! that some order of the two operations explains; values are watched, so that one that is lost, handed out
//! after its end or dropped twice fails as well, and what was counted must be what is there.
//!
//! All of them cover E1: a value is complete when it is found, and retired once, by the thread whose
//! exchange removed it.

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use std::sync::Arc;

use loom::thread;
use splitmap_model::internals::{Half, Node as RawNode, end_terms};
use support::{Watched, exhaustively, with_preemptions};

type Node = RawNode<Watched>;

/// What an operation did, or the state that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Did {
    /// Found, replaced, removed or stored this value.
    Value(u32),
    /// There was no value.
    Nil,
    /// There was this value, and it stays.
    Kept(u32),
    /// There was this value at the look, and another state at the exchange.
    Late(u32),
    /// The entry is expunged.
    Expunged,
    /// Found or made it as wanted.
    Yes,
    /// Could not.
    No,
}

use Did::{Expunged, Kept, Late, Nil, No, Value, Yes};

fn load(node: &Node) -> Did {
    node.load(Watched::get).map_or(Nil, Value)
}

fn swap(node: &Node, value: u32) -> Did {
    match node.swap(Watched::new(value), Watched::get) {
        Ok(replaced) => replaced.map_or(Nil, Value),
        Err(_) => Expunged,
    }
}

fn fill(node: &Node, value: u32) -> Did {
    match node.fill(Watched::new(value), Watched::get) {
        Ok(stored) => Value(stored),
        Err(Some(current)) => Kept(current),
        Err(None) => Expunged,
    }
}

fn replace(node: &Node, value: u32) -> Did {
    match node.replace(Watched::new(value), Watched::get) {
        Some((seen, true)) => Value(seen),
        Some((seen, false)) => Late(seen),
        None => Nil,
    }
}

fn take(node: &Node) -> Did {
    node.take(Watched::get).map_or(Nil, Value)
}

fn take_seen(node: &Node) -> Did {
    match node.take_seen(Watched::get) {
        Some((seen, true)) => Value(seen),
        Some((seen, false)) => Late(seen),
        None => Nil,
    }
}

fn swap_locked(node: &Node, value: u32) -> Did {
    node.swap_locked(Watched::new(value), Watched::get)
        .map_or(Nil, Value)
}

fn expunge(node: &Node) -> Did {
    if node.expunge() { Yes } else { No }
}

fn revive(node: &Node) -> Did {
    if node.revive() { Yes } else { No }
}

fn bury(node: &Node) -> Did {
    node.bury(Watched::get).map_or(Nil, Value)
}

/// Value 1.
fn one() -> Arc<Node> {
    Arc::new(Node::new(Watched::new(1)))
}

fn nil() -> Arc<Node> {
    let node = one();
    assert_eq!(take(&node), Value(1));
    node
}

fn expunged() -> Arc<Node> {
    let node = nil();
    assert_eq!(expunge(&node), Yes);
    node
}

fn spawn(node: &Arc<Node>, run: impl FnOnce(&Node) -> Did + 'static) -> thread::JoinHandle<Did> {
    let node = Arc::clone(node);
    thread::spawn(move || {
        let did = run(&node);
        drop(node);
        end_terms();
        did
    })
}

/// What is there when no other thread is using the node any more.
fn state(node: &Node) -> Did {
    let state = if node.is_expunged() {
        Expunged
    } else {
        load(node)
    };
    let live = usize::from(matches!(state, Value(_)));
    assert_eq!(node.total(), live, "miscounted");
    state
}

/// Runs two operations at once: what the first did, what the second did, and what is there then.
fn race(
    node: &Arc<Node>,
    first: impl FnOnce(&Node) -> Did + 'static,
    second: impl FnOnce(&Node) -> Did,
) -> (Did, Did, Did) {
    let other = spawn(node, first);
    let second = second(node);
    let first = other.join().expect("joined");
    (first, second, state(node))
}

/// A lookup finds the value before or the value after.
///
/// The Release of the exchange and the Acquire of the load: the value found is complete.
#[test]
fn load_vs_swap() {
    exhaustively(|| match race(&one(), load, |node| swap(node, 2)) {
        (Value(1 | 2), Value(1), Value(2)) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// A lookup finds the value or none; the value is not freed under it.
#[test]
fn load_vs_take() {
    exhaustively(|| match race(&one(), load, take) {
        (Value(1) | Nil, Value(1), Nil) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// A lookup finds none or the new value.
#[test]
fn load_vs_fill() {
    exhaustively(|| match race(&nil(), load, |node| fill(node, 2)) {
        (Nil | Value(2), Value(2), Value(2)) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// Two lookups in program order never go back.
#[test]
fn loads_vs_swap() {
    exhaustively(|| {
        let twice = |node: &Node| {
            let first = load(node);
            match (first, load(node)) {
                (Value(1), Value(1 | 2)) | (Value(2), Value(2)) => Yes,
                illegal => panic!("no order explains {illegal:?}"),
            }
        };
        match race(&one(), twice, |node| swap(node, 2)) {
            (Yes, Value(1), Value(2)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Both store; each value is returned to one of them, or stays.
#[test]
fn swap_vs_swap() {
    exhaustively(
        || match race(&one(), |node| swap(node, 2), |node| swap(node, 3)) {
            (Value(1), Value(2), Value(3)) | (Value(3), Value(1), Value(2)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        },
    );
}

/// The same from nil: one fills, the other replaces.
#[test]
fn swap_vs_swap_from_nil() {
    exhaustively(
        || match race(&nil(), |node| swap(node, 2), |node| swap(node, 3)) {
            (Nil, Value(2), Value(3)) | (Value(3), Nil, Value(2)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        },
    );
}

/// A removal returns the old value or the new one; none is lost.
#[test]
fn swap_vs_take() {
    exhaustively(|| match race(&one(), |node| swap(node, 2), take) {
        (Value(1), Value(2), Nil) | (Nil, Value(1), Value(2)) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// Two removals: one of them gets the value.
#[test]
fn take_vs_take() {
    exhaustively(|| match race(&one(), take, take) {
        (Value(1), Nil, Nil) | (Nil, Value(1), Nil) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// Two insertions if absent: one stores, the other sees what it stored, complete.
///
/// The Acquire of the exchange that fails: the value found instead is returned.
#[test]
fn fill_vs_fill() {
    exhaustively(
        || match race(&nil(), |node| fill(node, 2), |node| fill(node, 3)) {
            (Value(2), Kept(2), Value(2)) | (Kept(3), Value(3), Value(3)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        },
    );
}

/// A fill finds what a swap stored, or is replaced by it.
#[test]
fn fill_vs_swap() {
    exhaustively(
        || match race(&nil(), |node| fill(node, 2), |node| swap(node, 3)) {
            (Value(2), Value(2), Value(3)) | (Kept(3), Nil, Value(3)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        },
    );
}

/// A fill comes before the removal and keeps nothing, or after it and stores.
#[test]
fn fill_vs_take() {
    exhaustively(|| match race(&one(), |node| fill(node, 2), take) {
        (Kept(1), Value(1), Nil) | (Value(2), Value(1), Value(2)) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// The entry is either filled or expunged, and both know which (E2).
#[test]
fn fill_vs_expunge() {
    exhaustively(|| match race(&nil(), |node| fill(node, 2), expunge) {
        (Value(2), No, Value(2)) | (Expunged, Yes, Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// The same with an unconditional store.
#[test]
fn swap_vs_expunge() {
    exhaustively(|| match race(&nil(), |node| swap(node, 2), expunge) {
        (Nil, No, Value(2)) | (Expunged, Yes, Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// A removal makes the entry fit to be expunged.
#[test]
fn take_vs_expunge() {
    exhaustively(|| match race(&one(), take, expunge) {
        (Value(1), No, Nil) | (Value(1), Yes, Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// A lookup sees no value in either state.
#[test]
fn load_vs_expunge() {
    exhaustively(|| match race(&nil(), load, expunge) {
        (Nil, Yes, Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// Without the mutex, a store meets the expunged entry and gives up, or comes after the revival.
#[test]
fn swap_vs_revive() {
    exhaustively(|| match race(&expunged(), |node| swap(node, 2), revive) {
        (Expunged, Yes, Nil) | (Nil, Yes, Value(2)) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// The same with a fill.
#[test]
fn fill_vs_revive() {
    exhaustively(|| match race(&expunged(), |node| fill(node, 2), revive) {
        (Expunged, Yes, Nil) | (Value(2), Yes, Value(2)) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// Revived and filled under the mutex, while another thread tries without.
#[test]
fn swap_vs_swap_locked() {
    exhaustively(|| {
        match race(
            &expunged(),
            |node| swap(node, 2),
            |node| swap_locked(node, 3),
        ) {
            (Expunged, Nil, Value(3)) | (Value(3), Nil, Value(2)) | (Nil, Value(2), Value(3)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two threads revive: one of them did, and both can store.
#[test]
fn swap_locked_vs_swap_locked() {
    exhaustively(|| {
        match race(
            &expunged(),
            |node| swap_locked(node, 2),
            |node| swap_locked(node, 3),
        ) {
            (Nil, Value(2), Value(3)) | (Value(3), Nil, Value(2)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Expunging and reviving exclude each other.
#[test]
fn expunge_vs_swap_locked() {
    exhaustively(
        || match race(&nil(), expunge, |node| swap_locked(node, 2)) {
            (Yes, Nil, Value(2)) | (No, Nil, Value(2)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        },
    );
}

/// An exchange that expects a seen value succeeds only while it is there.
#[test]
fn replace_vs_take_seen() {
    exhaustively(|| match race(&one(), |node| replace(node, 2), take_seen) {
        (Value(1), Late(1), Value(2))
        | (Value(1), Value(2), Nil)
        | (Late(1) | Nil, Value(1), Nil) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// Two exchanges that expect the same value: one wins, or they follow one another.
#[test]
fn replace_vs_replace() {
    exhaustively(
        || match race(&one(), |node| replace(node, 2), |node| replace(node, 3)) {
            (Value(1), Late(1), Value(2))
            | (Value(1), Value(2), Value(3))
            | (Late(1), Value(1), Value(3))
            | (Value(3), Value(1), Value(2)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        },
    );
}

/// A replacement never fills an entry whose value was removed.
#[test]
fn replace_vs_take() {
    exhaustively(|| match race(&one(), |node| replace(node, 2), take) {
        (Value(1), Value(2), Nil) | (Late(1) | Nil, Value(1), Nil) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// Nor does it act on a value that replaced the one seen.
#[test]
fn replace_vs_swap() {
    exhaustively(
        || match race(&one(), |node| replace(node, 2), |node| swap(node, 3)) {
            (Value(1), Value(2), Value(3))
            | (Late(1), Value(1), Value(3))
            | (Value(3), Value(1), Value(2)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        },
    );
}

/// An address that was seen does not come to mean another value, though one is freed and one allocated
/// meanwhile.
#[test]
fn replace_vs_take_and_fill() {
    exhaustively(|| {
        let take_and_fill = |node: &Node| {
            assert!(matches!(take(node), Value(1 | 2)));
            fill(node, 3)
        };
        match race(&one(), |node| replace(node, 2), take_and_fill) {
            (Value(1), Value(3), Value(3))
            | (Late(1) | Nil, Value(3), Value(3))
            | (Value(3), Value(3), Value(2)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A burial meets the value before or after a store, and never a state between.
///
/// `Nil` for the store would be an answer that no order of it, of earlier stores and of the `clear` explains.
#[test]
fn swap_vs_bury() {
    exhaustively(|| match race(&one(), |node| swap(node, 2), bury) {
        (Value(1), Value(2), Expunged) | (Expunged, Value(1), Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// The same with a fill, from a value and from nil.
#[test]
fn fill_vs_bury() {
    exhaustively(|| match race(&one(), |node| fill(node, 2), bury) {
        (Kept(1) | Expunged, Value(1), Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

#[test]
fn fill_vs_bury_of_nil() {
    exhaustively(|| match race(&nil(), |node| fill(node, 2), bury) {
        (Value(2), Value(2), Expunged) | (Expunged, Nil, Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// A value is removed, and counted out, once.
#[test]
fn take_vs_bury() {
    exhaustively(|| match race(&one(), take, bury) {
        (Value(1), Nil, Expunged) | (Nil, Value(1), Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// A replacement comes before and is buried, or is too late.
#[test]
fn replace_vs_bury() {
    exhaustively(|| match race(&one(), |node| replace(node, 2), bury) {
        (Value(1), Value(2), Expunged) | (Late(1) | Nil, Value(1), Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// A lookup finds the value, which is not freed under it, or none.
#[test]
fn load_vs_bury() {
    exhaustively(|| match race(&one(), load, bury) {
        (Value(1) | Nil, Value(1), Expunged) => {}
        illegal => panic!("no order explains {illegal:?}"),
    });
}

/// Three threads: two stores and a removal.
#[test]
fn swap_vs_swap_vs_take() {
    with_preemptions(2, || {
        let node = one();
        let second = spawn(&node, |node| swap(node, 2));
        let third = spawn(&node, |node| swap(node, 3));
        let taken = take(&node);
        let second = second.join().expect("joined");
        let third = third.join().expect("joined");
        match (second, third, taken, state(&node)) {
            (Value(1), Value(2), Value(3), Nil)
            | (Value(3), Value(1), Value(2), Nil)
            | (Value(1), Nil, Value(2), Value(3))
            | (Nil, Value(1), Value(3), Value(2))
            | (Nil, Value(2), Value(1), Value(3))
            | (Value(3), Nil, Value(1), Value(2)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two threads free the two parts of a node: the second frees the memory, after the first is done with it (E6).
#[test]
fn halves() {
    exhaustively(|| {
        let [first, rest] = Half::both(Watched::new(1));
        let other = thread::spawn(|| first.free());
        rest.free();
        other.join().expect("joined");
    });
}
