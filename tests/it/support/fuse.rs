//! A fuse that blows at the n-th call of user code, and keys and values that carry it.
//!
//! The fuse belongs to the thread that lights it and blows once, so that unwinding never meets a
//! second panic. It unwinds without the panic hook: thousands of panics print nothing.

use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use equivalent::Equivalent;

use super::ledger::{Ledger, Token};

/// The kinds of user code a map calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Call {
    Hash,
    Eq,
    Clone,
    Drop,
    Closure,
}

impl Call {
    pub(crate) const ALL: [Self; 5] =
        [Self::Hash, Self::Eq, Self::Clone, Self::Drop, Self::Closure];
}

thread_local! {
    static FUSE: Cell<Option<(Call, usize)>> = const { Cell::new(None) };
}

/// What a blown fuse throws.
struct Blown;

/// Counts one call of user code; the one the fuse was set for panics.
pub(crate) fn tick(call: Call) {
    FUSE.with(|fuse| match fuse.get() {
        Some((kind, 1)) if kind == call => {
            fuse.set(None);
            resume_unwind(Box::new(Blown));
        }
        Some((kind, left)) if kind == call => fuse.set(Some((kind, left - 1))),
        _ => {}
    });
}

/// Runs `body` with the `n`-th call of kind `call` panicking; returns its result, or nothing if the
/// fuse blew. A panic of any other origin goes on.
pub(crate) fn blow_at<R>(call: Call, n: usize, body: impl FnOnce() -> R) -> Option<R> {
    FUSE.with(|fuse| fuse.set(Some((call, n))));
    let result = catch_unwind(AssertUnwindSafe(body));
    FUSE.with(|fuse| fuse.set(None));
    match result {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<Blown>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

/// A key or value that is registered in a [`Ledger`] and ticks whenever the map calls it.
pub(crate) struct Probe {
    pub(crate) id: u64,
    token: Token,
}

impl Probe {
    pub(crate) fn new(id: u64, ledger: &Ledger) -> Self {
        Self {
            id,
            token: ledger.token(),
        }
    }
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        tick(Call::Clone);
        Self {
            id: self.id,
            token: self.token.clone(),
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        tick(Call::Drop);
    }
}

impl PartialEq for Probe {
    fn eq(&self, other: &Self) -> bool {
        tick(Call::Eq);
        self.id == other.id
    }
}

impl Eq for Probe {}

impl Hash for Probe {
    fn hash<H: Hasher>(&self, state: &mut H) {
        tick(Call::Hash);
        self.id.hash(state);
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Probe({})", self.id)
    }
}

/// Names a [`Probe`] without being one: lookups need no instance.
pub(crate) struct Id(pub(crate) u64);

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        tick(Call::Hash);
        self.0.hash(state);
    }
}

impl Equivalent<Probe> for Id {
    fn equivalent(&self, key: &Probe) -> bool {
        tick(Call::Eq);
        self.0 == key.id
    }
}
