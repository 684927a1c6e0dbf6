//! An HTTP read-through cache over [`splitmap::SyncMap`]: a service to copy and make your own.
//!
//! `GET /key/{k}` answers from the map, or fetches `{origin}/{k}` and keeps the answer for a while.
//!
//! # What it promises
//!
//! * **No stampede** — of all clients that want a key at once, one fetch serves all; it goes on if the client
//!   that caused it leaves. A failure is kept for a moment too, so that those who waited do not try in turn.
//! * **Nothing stale** — an answer is served for at most [`Config::ttl`] after the request that brought it was
//!   sent to the origin, whether or not the sweep has come by.
//! * **No pile-up** — fetches beyond [`Config::max_fills`] are refused at once with 503 and `Retry-After`; hits
//!   are served as before.
//! * **No cut answers** — a shutdown ends what was begun, for at most [`Config::drain`].
//!
//! # Where what is
//!
//! | module    | idea                                                    |
//! |-----------|---------------------------------------------------------|
//! | [`cache`] | the map: look up, fill in a single flight, expire       |
//! | [`origin`]| one request to the origin, with retries and a deadline  |
//! | [`metrics`]| counters and latencies, for Prometheus and for the page |
//! | [`serve`] | routes, the sweep, and the shutdown                     |

pub mod cache;
pub mod config;
pub mod metrics;
pub mod origin;
pub mod serve;

pub use config::Config;
