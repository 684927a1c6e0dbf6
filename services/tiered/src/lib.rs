//! A [`splitmap::SyncMap`] in each process over a shared Redis: what a process has read it reads again without
//! the network, and without the value ever being older than a stated bound.
//!
//! # The bound
//!
//! Let a write be acknowledged at time *w*: [`TieredCache::set`] has returned, or any other client of this
//! Redis had its answer. Then no lookup, in any process, returns an older value
//!
//! * if it begins after its process has handled the invalidation that the write caused, or
//! * if it begins after *w* + [`Config::max_staleness`], whatever became of the network in between;
//! * in the process that wrote, if it begins after *w*.
//!
//! It holds for one Redis that loses no write it has acknowledged: one that restarts empty, or a replica that
//! takes over without the last writes, goes back in time by itself. A key that Redis is to expire may be found
//! until Redis has really removed it.
//!
//! # How it is kept
//!
//! Redis remembers which keys a connection has read, and tells it when one of them changes (`CLIENT TRACKING`
//! over RESP3). Each process reads through one such connection, the *link*:
//!
//! ```text
//!          ┌────────────── process ──────────────┐
//!   get ──▶│ lease? ─▶ L1 ─(miss)─▶ link ────────┼──GET, PING──▶ ┌───────┐
//!          │   │no          ▲         │◀─────────┼──invalidate── │ Redis │
//!          │   │            └─remove──┘          │               │       │
//!          │   └─────────────▶ data ─────────────┼──GET, SET───▶ └───────┘
//!          └─────────────────────────────────────┘
//! ```
//!
//! * **R1, reservations** — before a key is read, a reservation with a ticket of its own goes into L1; what was
//!   read takes its place only if it is still there. An invalidation removes it, so that a value that was
//!   overtaken on its way is not kept.
//! * **R2, lease** — L1 is used only until `max_staleness` after the last `PING` was *sent* that has been answered
//!   over the link. Replies and invalidations share the link and are handled in order, so that by then every
//!   invalidation has been that Redis sent before the answer, those of all writes before the `PING` included. A
//!   link that is silent, half open or slow ends the lease by itself.
//! * **R3, epochs** — each link has a number, and L1's values that of the link they were read through. Nobody
//!   tracks those of an earlier link any more: they are not used, and L1 is flushed when a link comes up.
//!
//! Without a lease, reads go to Redis alone. L1 takes no lock for a lookup, nor to have a key invalidated.
//!
//! # Where what is
//!
//! | module  | idea                                               |
//! |---------|----------------------------------------------------|
//! | `cache` | a lookup's way through L1, link and data; writes   |
//! | `l1`    | the map: reservations, values, invalidations; R1   |
//! | `link`  | the connection that is told of changes; R2, R3     |

mod cache;
mod l1;
mod link;

use std::time::Duration;

pub use cache::{Figures, TieredCache, Value};

/// Where Redis is, and how far to trust what is kept.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address of Redis, `redis://host:port`.
    pub redis: String,
    /// Another address of the same Redis for the link, if there is one.
    pub link: Option<String>,
    /// No value is returned that was overwritten longer ago.
    pub max_staleness: Duration,
    /// How often the link is asked for a sign of life; a fraction of `max_staleness`.
    pub heartbeat: Duration,
    /// How long to wait for an answer of Redis.
    pub timeout: Duration,
    /// How long to wait before the next try to set the link up.
    pub reconnect: Duration,
    /// Keys that are kept, about.
    pub max_entries: usize,
}

impl Config {
    /// Usual values for a Redis in the same network.
    pub fn new(redis: String) -> Self {
        Self {
            redis,
            link: None,
            max_staleness: Duration::from_millis(500),
            heartbeat: Duration::from_millis(100),
            timeout: Duration::from_millis(250),
            reconnect: Duration::from_millis(100),
            max_entries: 100_000,
        }
    }
}
