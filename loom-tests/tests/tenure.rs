//! Slots change hands: threads exit, others take over what they left.
//!
//! A modelled thread is joined before its thread-local storage is destroyed, as a scoped thread of std's may
//! be: its terms end while the others go on. `end_terms` ends them earlier, where something is to outlive
//! them.

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use std::sync::Arc;

use loom::thread;
use splitmap_model::internals::{Domain, end_terms};
use support::{Plain, Watched, exhaustively, map_of, with_preemptions};

type Values = Domain<Watched, Watched>;

/// A section in which `number` is retired.
fn retire(domain: &Values, number: u32) {
    let section = domain.enter();
    section.retire(Watched::new(number));
    section.count(1);
}

/// A section that closes what there is.
fn flush(domain: &Values) {
    let section = domain.enter();
    section.flush();
}

fn spawn(domain: &Arc<Values>, run: impl FnOnce(&Values) + 'static) -> thread::JoinHandle<()> {
    let domain = Arc::clone(domain);
    thread::spawn(move || run(&domain))
}

/// A thread takes over the slot of one that exits, with all that is in it, or gets one of its own.
///
/// Covers R1 and R6, the Release in `end`, the Acquire in `begin`: loom checks each owner-only field.
#[test]
fn succession() {
    exhaustively(|| {
        let domain = Arc::new(Values::new());
        let first = spawn(&domain, |domain| {
            retire(domain, 1);
            end_terms();
        });
        let second = spawn(&domain, |domain| {
            retire(domain, 2);
            end_terms();
        });
        first.join().expect("joined");
        second.join().expect("joined");
        assert_eq!(domain.total(), 2, "a count was lost");
        assert!(domain.waiting() <= 2, "more than was retired");
    });
}

/// Two threads want the one slot that is vacant: one gets it.
#[test]
fn two_successors() {
    with_preemptions(3, || {
        let domain = Arc::new(Values::new());
        retire(&domain, 1);
        end_terms();
        let other = spawn(&domain, |domain| retire(domain, 2));
        retire(&domain, 3);
        other.join().expect("joined");
        assert_eq!(domain.total(), 3, "a count was lost");
    });
}

/// What an exiting thread leaves is closed by another, which may meet a successor of the slot at it.
///
/// Covers `bequeath` against `try_succeed`, and against the exit itself.
#[test]
fn bequeath_vs_acquire() {
    with_preemptions(2, || {
        let domain = Arc::new(Values::new());
        drop(domain.enter());
        let first = spawn(&domain, |domain| retire(domain, 1));
        first.join().expect("joined");
        let second = spawn(&domain, |domain| retire(domain, 2));
        flush(&domain);
        second.join().expect("joined");
        assert_eq!(domain.total(), 2, "a count was lost");
        assert!(domain.waiting() <= 2, "more than was retired");
    });
}

/// Two threads that close batches at once, and the list of a third, which has exited.
#[test]
fn bequeath_vs_bequeath() {
    with_preemptions(1, || {
        let domain = Arc::new(Values::new());
        let first = spawn(&domain, |domain| {
            retire(domain, 1);
            end_terms();
        });
        first.join().expect("joined");
        let second = spawn(&domain, |domain| {
            retire(domain, 2);
            flush(domain);
            end_terms();
        });
        retire(&domain, 3);
        flush(&domain);
        second.join().expect("joined");
        flush(&domain);
        assert_eq!(domain.waiting(), 0, "something was left behind");
    });
}

/// A section that outlives its thread's term keeps what it sees, and keeps the slot from everybody.
///
/// The successor that gets the slot afterwards is ordered after the section (R6): the Acquire in
/// `open_section`, the Release in `leave`.
#[test]
fn section_outlives_term() {
    exhaustively(|| {
        let domain = Arc::new(Values::new());
        let shared = Watched::new(1);
        let read = shared.alias();
        let (entered, wait) = loom::sync::mpsc::channel();
        let reader = spawn(&domain, move |domain| {
            let section = domain.enter();
            entered.send(()).expect("sent");
            end_terms();
            read();
            section.retire(Watched::new(2));
            drop(section);
        });
        wait.recv().expect("received");
        {
            let section = domain.enter();
            section.retire(shared);
            section.flush();
        }
        reader.join().expect("joined");
        flush(&domain);
        flush(&domain);
        assert_eq!(domain.waiting(), 0, "something was left behind");
    });
}

/// The slot of such a section is wanted by a new thread while the section ends.
#[test]
fn section_outlives_term_vs_acquire() {
    exhaustively(|| {
        let domain = Arc::new(Values::new());
        let reader = spawn(&domain, |domain| {
            let section = domain.enter();
            end_terms();
            section.cache(1, Watched::new(1));
            section.cache(2, Watched::new(2));
            drop(section);
        });
        retire(&domain, 3);
        reader.join().expect("joined");
        flush(&domain);
    });
}

loom::thread_local! {
    static LAST: std::cell::RefCell<Option<AtExit>> = std::cell::RefCell::new(None);
}

/// Uses the domain when the thread's memory is destroyed, and says so afterwards.
struct AtExit(Option<Arc<Values>>, loom::sync::mpsc::Sender<()>);

impl Drop for AtExit {
    fn drop(&mut self) {
        let Some(domain) = self.0.take() else { return };
        retire(&domain, 2);
        let outer = domain.enter();
        let inner = domain.enter();
        drop(outer);
        inner.retire(Watched::new(3));
        inner.flush();
        drop(inner);
        drop(domain);
        let _ = self.1.send(());
    }
}

/// A thread whose memory is already destroyed takes a slot for one section, which others want, too.
#[test]
fn passing_term() {
    with_preemptions(1, || {
        let domain = Arc::new(Values::new());
        let (exited, wait) = loom::sync::mpsc::channel();
        thread::spawn({
            let domain = Arc::clone(&domain);
            move || {
                retire(&domain, 1);
                // In the model all of a thread's memory is destroyed at once, in no fixed order: so that
                // there is only one thing to do, the terms end before.
                end_terms();
                LAST.with(|last| last.replace(Some(AtExit(Some(domain), exited))));
            }
        });
        retire(&domain, 4);
        flush(&domain);
        wait.recv().expect("received");
        assert_eq!(domain.waiting(), 0, "something was left behind");
    });
}

/// A thread exits while the domain is dropped: it ends its terms without looking at the slots.
#[test]
fn exit_vs_domain_drop() {
    exhaustively(|| {
        let domain = Arc::new(Values::new());
        let exiting = spawn(&domain, |domain| retire(domain, 1));
        exiting.join().expect("joined");
        drop(domain);
        let next = Arc::new(Values::new());
        retire(&next, 2);
    });
}

/// A thread that has known a map that is gone uses another.
#[test]
fn exit_vs_map_drop() {
    with_preemptions(3, || {
        let map = Arc::into_inner(map_of(&[(1, 1)])).expect("not shared yet");
        let map = loom::sync::Arc::new(map);
        let other = thread::spawn({
            let map = loom::sync::Arc::clone(&map);
            move || {
                assert_eq!(map.delete(1), Some(1));
                drop(map);
                let own = map_of(&[(1, 2)]);
                assert_eq!(own.load(1), Some(2));
            }
        });
        assert!(matches!(map.load(1), None | Some(1)));
        drop(map);
        other.join().expect("joined");
    });
}
