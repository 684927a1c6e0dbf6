//! Initialisation in a single flight: one caller makes the value, the others wait for it.
//!
//! Who waits, and how, is the concern of `flight`; here is what a call does before, in and after a flight:
//!
//! 1. Look for the key without a lock: the usual case ends here.
//! 2. Board. Whoever gets a ticket waits for the end of the flight, and is back at 1.
//! 3. The leader looks again: the last flight may have landed between its 1 and its 2 (T2).
//! 4. The leader makes the value, with nothing held, and lands: value into the map, record out of the table.

use core::convert::Infallible;
use core::hash::{BuildHasher, Hash};

use super::flight::Lead;
use super::{Ref, SyncMap};
use crate::primitive::current_thread;

impl<K, V, S> SyncMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// Returns the entry of `key`, having stored the result of `init` if there was none; of all callers that
    /// find none, one runs its `init`, and the others wait for it.
    ///
    /// For values that are dear to make: a query, a file, a compilation. Where making one twice is cheaper than
    /// waiting, use [`get_or_insert_with`](Self::get_or_insert_with), which never waits.
    ///
    /// If `init` panics, one of the waiting callers runs its own instead. A value that is stored otherwise
    /// meanwhile, say by [`insert`](Self::insert), is kept, and `init`'s dropped. If the value is removed before
    /// a waiting caller has seen it, that caller begins anew.
    ///
    /// `init` may use the map, and may initialise other keys in it. If it needs the key, or if making an owned key
    /// for every call is too dear, see [`docs::recipes`](crate::docs::recipes).
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — as [`get`](Self::get) if the key is there. Otherwise takes a mutex for a moment, never
    ///   while `init` runs, and waits, parked, while another caller makes the value of this key. Calls for
    ///   other keys do not wait. Two initialisers that ask for each other's key wait for ever, on two
    ///   threads as in a ring of any length. In a task, use [`get_or_init_async`](Self::get_or_init_async).
    /// * **Ordering** — `init` happens before every return of its value.
    ///
    /// # Complexity
    ///
    /// As [`get`](Self::get) if the key is there, otherwise as [`insert`](Self::insert) and **O(log n)** of the
    /// initialisations under way.
    ///
    /// # Panics
    ///
    /// If `init` does, or asks for the value of the same key on the same thread; then nothing is stored. As
    /// [`insert`](Self::insert) otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let map = splitmap::SyncMap::new();
    /// let runs = AtomicU32::new(0);
    /// std::thread::scope(|scope| {
    ///     for _ in 0..4 {
    ///         scope.spawn(|| {
    ///             let value = map.get_or_init("answer", || {
    ///                 runs.fetch_add(1, Ordering::Relaxed);
    ///                 42
    ///             });
    ///             assert_eq!(*value, 42);
    ///         });
    ///     }
    /// });
    /// assert_eq!(runs.into_inner(), 1);
    /// ```
    #[doc(alias = "get_with")]
    #[doc(alias = "single_flight")]
    #[doc(alias = "singleflight")]
    pub fn get_or_init<F>(&self, key: K, init: F) -> Ref<'_, K, V>
    where
        F: FnOnce() -> V,
    {
        let Ok(entry) = self.get_or_try_init(key, || Ok::<V, Infallible>(init()));
        entry
    }

    /// Returns the entry of `key`, having stored the result of `init` if there was none, unless that is an
    /// error; of all callers that find none, one at a time runs its `init`.
    ///
    /// An error goes to the caller whose `init` returned it. Then one of the waiting callers runs its own.
    ///
    /// Blocks, costs and panics as [`get_or_init`](Self::get_or_init).
    ///
    /// # Errors
    ///
    /// That of `init`; then nothing is stored.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::new();
    /// assert!(map.get_or_try_init("port", || "http".parse::<u16>()).is_err());
    /// assert_eq!(map.get_or_try_init("port", || "80".parse()).as_deref(), Ok(&80));
    /// assert_eq!(map.get_or_try_init("port", || "81".parse()).as_deref(), Ok(&80));
    /// ```
    #[doc(alias = "try_get_with")]
    pub fn get_or_try_init<F, E>(&self, key: K, init: F) -> Result<Ref<'_, K, V>, E>
    where
        F: FnOnce() -> Result<V, E>,
    {
        let hash = self.hash(&key);
        let mut key = key;
        loop {
            if let Some(present) = self.get_hashed(hash, &key) {
                drop((key, init)); // before the result is in its place, where it would leak
                return Ok(present);
            }
            let this_thread = current_thread().id();
            match self.flights.board(hash, key, Some(this_thread)) {
                Ok(lead) => {
                    if let Some(present) = self.get_hashed(hash, lead.key()) {
                        drop((lead, init)); // as above
                        return Ok(present);
                    }
                    return match init() {
                        Ok(value) => Ok(self.land(hash, lead, value)),
                        Err(error) => {
                            drop(lead); // as above
                            Err(error)
                        }
                    };
                }
                Err((again, ticket)) => {
                    key = again;
                    ticket.wait();
                }
            }
        }
    }

    /// The async form of [`get_or_init`](Self::get_or_init): waits without blocking a thread, and returns a
    /// clone of the value.
    ///
    /// Needs no particular runtime. Does nothing before it is polled. Of all callers that find no value, in
    /// tasks and on threads, one runs its `init`; if its future panics or is dropped, one of the others runs
    /// its own.
    ///
    /// The future is `Send` if `init` and its future are, and keys and values may be shared. A `Ref` may not be
    /// held across an `await`, hence the clone: keep `Arc<T>` values if that is dear.
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — as [`get`](Self::get), and a mutex for a moment if the key is not there. Waits as a
    ///   pending future. A future that leads and is not polled any more, but kept, holds up whoever wants the
    ///   same key. An `init` that awaits the value of its own key waits for ever.
    /// * **Ordering** — `init` happens before every return of its value.
    ///
    /// # Complexity
    ///
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert), and if `init`, its future or `V::clone` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn block_on<T>(future: impl Future<Output = T>) -> T {
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     match std::pin::pin!(future).poll(&mut context) {
    /// #         std::task::Poll::Ready(value) => value,
    /// #         std::task::Poll::Pending => unreachable!("nobody else is here to wait for"),
    /// #     }
    /// # }
    /// let map = splitmap::SyncMap::new();
    /// block_on(async {
    ///     assert_eq!(map.get_or_init_async("answer", async || 42).await, 42);
    ///     assert_eq!(map.get_or_init_async("answer", async || 43).await, 42);
    /// });
    /// ```
    pub async fn get_or_init_async<F, I>(&self, key: K, init: F) -> V
    where
        F: FnOnce() -> I,
        I: Future<Output = V>,
        V: Clone,
    {
        let init = || async { Ok::<V, Infallible>(init().await) };
        let Ok(value) = self.get_or_try_init_async(key, init).await;
        value
    }

    /// The async form of [`get_or_try_init`](Self::get_or_try_init), as
    /// [`get_or_init_async`](Self::get_or_init_async) is of [`get_or_init`](Self::get_or_init).
    ///
    /// # Errors
    ///
    /// That of `init`'s future; then nothing is stored.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn block_on<T>(future: impl Future<Output = T>) -> T {
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     match std::pin::pin!(future).poll(&mut context) {
    /// #         std::task::Poll::Ready(value) => value,
    /// #         std::task::Poll::Pending => unreachable!("nobody else is here to wait for"),
    /// #     }
    /// # }
    /// let map = splitmap::SyncMap::new();
    /// block_on(async {
    ///     assert!(map.get_or_try_init_async("port", async || "http".parse::<u16>()).await.is_err());
    ///     assert_eq!(map.get_or_try_init_async("port", async || "80".parse()).await, Ok(80));
    /// });
    /// ```
    pub async fn get_or_try_init_async<F, I, E>(&self, key: K, init: F) -> Result<V, E>
    where
        F: FnOnce() -> I,
        I: Future<Output = Result<V, E>>,
        V: Clone,
    {
        let hash = self.hash(&key);
        let mut key = key;
        loop {
            if let Some(value) = self.get_cloned(hash, &key) {
                drop((key, init)); // as in `get_or_try_init`
                return Ok(value);
            }
            match self.flights.board(hash, key, None) {
                Ok(lead) => {
                    if let Some(value) = self.get_cloned(hash, lead.key()) {
                        drop((lead, init)); // as above
                        return Ok(value);
                    }
                    let made = init().await;
                    return match made {
                        Ok(value) => Ok(self.land(hash, lead, value).value().clone()),
                        Err(error) => {
                            drop(lead); // as above
                            Err(error)
                        }
                    };
                }
                Err((again, ticket)) => {
                    key = again;
                    ticket.await;
                }
            }
        }
    }

    /// In a function of its own, so that no [`Ref`] is held across an `await`.
    fn get_cloned(&self, hash: u64, key: &K) -> Option<V>
    where
        V: Clone,
    {
        self.get_hashed(hash, key)
            .map(|entry| entry.value().clone())
    }

    /// Stores the value that the leader made, unless there is one by now, and returns the entry.
    ///
    /// The result holds a section open from the insertion on, so that no destructor of what was removed
    /// earlier runs before the end of the flight.
    fn land(&self, hash: u64, lead: Lead<'_, K>, value: V) -> Ref<'_, K, V> {
        let (entry, rejected) = lead.land(|key| self.fill_hashed(hash, key, value));
        drop(rejected); // before the result is in its place, where it would leak
        entry
    }
}
