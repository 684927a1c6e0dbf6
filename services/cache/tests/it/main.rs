//! The service under real HTTP, against an origin that fails, in one process with its clients or as a program.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails has failed the test"
)]

mod load;
mod metrics;
mod origin;
mod page;
mod service;
mod shedding;
mod shutdown;
mod single_flight;
