//! The concurrent map: a lock-free snapshot that takes new keys, and the next one, built under a mutex.
//!
//! ```text
//!   every thread                                              the mutex
//!   ┌───────────────┐                                        ┌─────────────────────┐
//!   │ cached        │  generation?                           │ dirty: the next     │
//!   │ snapshot ─────┼──▶ ┌──────────┬───────────────────┐    │ snapshot, the first │
//!   └───────────────┘    │ table    │ fresh lists       │    │ buckets copied      │
//!                        │ (fixed)  │ (grow by pushing) │    │ misses, expunged    │
//!                        └────┬─────┴─────────┬─────────┘    └──────────┬──────────┘
//!                             ▼               ▼       shared            ▼
//!                          ┌───────┐      ┌───────┐                 ┌───────┐
//!                          │ entry │      │ entry │                 │ entry │  {value*, key, first value}
//!                          └───────┘      └───────┘                 └───────┘
//! ```
//!
//! # Vocabulary
//!
//! * **snapshot** — what readers use without a lock; Go's `read`: an immutable table, and beside it
//! * **fresh lists** — the keys that came since the table was built.
//! * **amended** — there are fresh keys.
//! * **dirty** — the next snapshot while it is being built from the current one, some buckets at a time.
//! * **entry** — one key's node, shared by both; its value is *nil* when the key is deleted.
//! * **expunged** — deleted, and left out of dirty.
//! * **miss** — a lookup that had to find its key in a fresh list.
//! * **promote** — to publish dirty as the next snapshot.
//!
//! # How it departs from Go's
//!
//! Go's new keys are in dirty alone, so that every lookup that misses in the snapshot takes the mutex until enough
//! of them have; and building dirty copies the snapshot at once. Here new keys hang on the snapshot itself, where
//! every reader finds them and most writers add them without a lock, and dirty is what a growing table has beside
//! it: the larger one that buckets are evacuated to, a few with each operation that comes by. Nobody waits for it.
//!
//! # Where what is argued
//!
//! | file         | idea                                                    | invariants |
//! |--------------|---------------------------------------------------------|------------|
//! | `construct`  | making a map                                            |            |
//! | `entry`      | the three states of a value, and every edge             | E1 to E6   |
//! | `snapshot`   | publication, generations, the thread's cached snapshot  | P1 to P4   |
//! | `fresh`      | the lists of new keys                                   | F1 to F4   |
//! | `dirty`      | what the mutex guards                                   | D1 to D4   |
//! | `promote`    | when the next snapshot is built, and how; when keys go  |            |
//! | `left_out`   | the keys that go                                        | D3, D4     |
//! | `policy`     | what users may say about that                           |            |
//! | `read`, `many`, `write`, `conditional`, `whole` | the operations       | below      |
//! | `compute`    | writes that decide by what is there, or that nothing is |           |
//! | `flight`     | who makes the value of a key, and who waits for it      | T1 to T3   |
//! | `init`       | single-flight initialisation, on threads and in tasks   |            |
//! | `frozen`     | a copy that stays as it is                              |            |
//! | `iter`, `views` | iteration                                            | I1 to I5   |
//! | `take_all`, `shrink` | removal of everything, smaller tables           |            |
//! | `refs`, `stats`, `traits` | results, figures, std's traits             |            |
//!
//! # Linearization points
//!
//! | operation                    | with an entry for the key                   | otherwise                        |
//! |------------------------------|---------------------------------------------|----------------------------------|
//! | a lookup that finds a value  | its load of the entry's value               |                                  |
//! | a lookup that finds none     | that load; S3                               | its load of `amended`, the filter, or the list's head; P3 |
//! | a write that changes a value | its exchange of the entry's value; S2       | its exchange of the list's head; F4 |
//! | `clear`                      | the store of the generation                 |                                  |
//!
//! * **S1** — An operation works on a snapshot that was current at some moment after the operation began (P2).
//! * **S2** — If `clear` has detached the entry by the time of the exchange, the operation began before that
//!   `clear` took effect, and linearizes just before it: nobody who began later can reach the entry, and
//!   all who can agree on the order of its exchanges. `clear` ends the entry with one exchange of its own
//!   (E3): whatever was stored before it is removed with it, whoever comes later finds the entry expunged
//!   and takes the mutex.
//! * **S3** — If a lookup finds the entry expunged, nil or detached, and the key has come back in another
//!   entry meanwhile, then the key was absent at some moment between the lookup's look at the generation
//!   and that return, and the lookup linearizes there.

// The methods are documented in the order of these.
mod construct;

mod read;

mod write;

mod conditional;

mod compute;

mod init;

mod iter;

mod views;

mod whole;

mod policy;

mod shrink;

mod take_all;

mod frozen;

mod many;

mod stats;

// The rest.
mod dirty;
mod entry;
mod flight;
mod fresh;
#[cfg(splitmap_loom)]
pub(crate) mod handle;
mod left_out;
#[cfg(feature = "rayon")]
mod parallel;
mod promote;
mod refs;
mod snapshot;
mod traits;

use core::hash::{BuildHasher, Hash};
use std::hash::RandomState;

pub use self::compute::{Compute, Operation};
pub use self::frozen::Frozen;
pub use self::iter::{IntoIter, Iter};
pub use self::many::GetMany;
#[cfg(feature = "rayon")]
pub use self::parallel::{ParIter, ParMap};
pub use self::policy::Promotion;
pub use self::refs::{OccupiedError, Ref};
pub use self::stats::Stats;
pub use self::take_all::TakeAll;
pub use self::views::{KeyRef, Keys, Values};

use self::dirty::Dirty;
use self::entry::Retired;
use self::flight::Flights;
use self::left_out::LeftOut;
use self::snapshot::{Published, Snapshot};
use crate::primitive::{CachePadded, Mutex};
use crate::reclaim;

/// A read-side section of one map, and an operation inside it.
type Section<'m, K, V> = reclaim::Section<'m, Snapshot<K, V>, Retired<K, V>>;

/// A read-side section of one map that outlasts its operation.
type Kept<'m, K, V> = reclaim::Kept<'m, Snapshot<K, V>, Retired<K, V>>;

/// A concurrent hash map for read-mostly shared state.
///
/// Shared by reference between threads; every method takes `&self`. Reads of settled keys take no lock and
/// write to no shared memory, so they scale with the number of processors. The design is that of Go's first
/// `sync.Map`: a read-only snapshot that all readers use, and a dirty map under a mutex that becomes the next
/// snapshot when enough keys have come. Until then new keys hang on the snapshot in short lists, which are read
/// and extended without a lock, and the dirty map is built in small instalments: no operation on a key waits for
/// work in proportion to the map.
///
/// # When to use it
///
/// For shared caches, registries, interners, configuration: keys that are written rarely and read often, or
/// values that change while the set of keys settles. Not for a stream of keys that are each used a few
/// times: there the entries' allocation and the copying of pointers from snapshot to snapshot are what you pay for.
///
/// # Consistency
///
/// All operations on keys, and `clear`, are linearizable, across keys too: they take effect one at a time,
/// each at some moment between its call and its return. A write happens before every read that sees its
/// effect. Iteration is weaker, see [`iter`](Self::iter), and so is [`len`](Self::len).
///
/// # Results
///
/// [`Ref`] gives shared access to an entry and keeps its memory; it holds no lock, so it can never
/// deadlock. While one is held, nothing of this map that was replaced or removed later is freed: keep it
/// for a moment, clone what is to stay.
///
/// # Closures and callbacks
///
/// No closure, `Hash`, `Eq`, `Clone` or `Drop` of yours runs under a lock of the map, and all of them may use the
/// map in any way: read it, write to it, clear it, iterate, initialise other keys. What a closure
/// returns is used only if what it was shown is still there; otherwise it runs again, where its documentation
/// says that it may, and is asked at most once where it takes an `FnOnce`.
///
/// # Panics
///
/// No method panics unless user code does. A panic of `Hash`, `Eq` or a closure comes before the operation
/// takes effect. The destructors of values and keys that were removed earlier, by any thread, run at the end
/// of some operation or when a [`Ref`] is dropped, outside every lock; a panic of theirs passes through that
/// operation, which has taken effect.
///
/// # Examples
///
/// ```
/// use splitmap::SyncMap;
///
/// let sessions = SyncMap::new();
/// std::thread::scope(|scope| {
///     for worker in 0..4_u32 {
///         let sessions = &sessions;
///         scope.spawn(move || {
///             sessions.insert(worker, format!("worker {worker}"));
///         });
///     }
/// });
/// assert_eq!(sessions.len(), 4);
/// assert_eq!(*sessions.get(&2).expect("was inserted"), "worker 2");
/// ```
#[doc(alias = "sync.Map")]
pub struct SyncMap<K, V, S = RandomState> {
    published: Published<K, V>,
    dirty: CachePadded<Mutex<Dirty<K, V>>>,
    domain: reclaim::Domain<Snapshot<K, V>, Retired<K, V>>,
    /// For `get_or_init` and its kin alone.
    flights: Flights<K>,
    hasher: S,
}

impl<K, V, S> SyncMap<K, V, S> {
    /// Every entry, each once, as garbage to be dropped; the map is left empty.
    fn take_entries(&mut self) -> Vec<Retired<K, V>> {
        let snapshot = self.published.take();
        let dirty = core::mem::replace(self.dirty.get_mut(), Dirty::new());
        let section = self.domain.enter();
        let leaving = dirty.leaving.iter().flat_map(LeftOut::iter);
        let entries = snapshot.entries(&section).chain(leaving);
        entries.map(Retired::entry).collect()
    }
}

impl<K, V, S: BuildHasher> SyncMap<K, V, S> {
    #[inline]
    fn hash<Q: ?Sized + Hash>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key)
    }
}

impl<K, V, S> Drop for SyncMap<K, V, S> {
    fn drop(&mut self) {
        // A `Vec` drops the rest if one element's `Drop` panics; the domain's garbage goes after this.
        drop(self.take_entries());
    }
}
