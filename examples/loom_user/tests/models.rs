//! The cache's own races, in every interleaving of its steps and the map's.
#![cfg(splitmap_loom)]

use std::hash::{BuildHasherDefault, DefaultHasher};

use loom::sync::Arc;
use loom::thread;
use loom_user::{Cache, Document};

/// The same hashes in every run: loom replays a schedule only if the program does the same again.
type Fixed = BuildHasherDefault<DefaultHasher>;

/// Explores with at most two preemptions, which is where nearly all faults are, and in seconds.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // LOOM_MAX_PREEMPTIONS decides, if it is set.
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    builder.check(model);
}

/// Runs two operations at once, and returns the results of both.
fn race<A: 'static, B>(
    cache: &Arc<Cache<Fixed>>,
    first: impl FnOnce(&Cache<Fixed>) -> A + 'static,
    second: impl FnOnce(&Cache<Fixed>) -> B,
) -> (A, B) {
    let other = thread::spawn({
        let cache = Arc::clone(cache);
        move || first(&cache)
    });
    let second = second(cache);
    (other.join().expect("joined"), second)
}

/// Two threads each open one document and edit it.
fn both_edit(edit: fn(&Cache<Fixed>, &'static str) -> bool) {
    explore(move || {
        let cache = Arc::new(Cache::<Fixed>::default());
        let open_and_edit = move |cache: &Cache<Fixed>| {
            cache.open("a", || Document { edits: 0 });
            edit(cache, "a")
        };
        let edited = race(&cache, open_and_edit, open_and_edit);
        assert_eq!(edited, (true, true), "an open document was not found");
        let last = cache.close("a");
        assert_eq!(last, Some(Document { edits: 2 }), "an edit was lost");
    });
}

#[test]
fn no_edit_is_lost() {
    both_edit(|cache, name| cache.edit(name));
}

/// A model that cannot fail proves nothing: this one has to.
#[test]
#[should_panic(expected = "an edit was lost")]
fn a_careless_edit_is_lost() {
    both_edit(|cache, name| cache.edit_carelessly(name));
}

/// The map promises one order of all operations, across keys: of two threads that each close a document and
/// then look for the other's, one looks in vain.
#[test]
fn one_of_two_comes_late() {
    explore(|| {
        let documents = ["a", "b"].map(|name| (name, Document { edits: 0 }));
        let cache: Arc<Cache<Fixed>> = Arc::new(documents.into_iter().collect());
        let found = race(
            &cache,
            |cache| {
                cache.close("a");
                cache.is_open("b")
            },
            |cache| {
                cache.close("b");
                cache.is_open("a")
            },
        );
        assert_ne!(found, (true, true), "both found what the other had closed");
    });
}
