//! The knobs, as command-line options.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Uri;
use clap::Parser;

/// How the service behaves.
#[derive(Clone, Debug, Parser)]
#[command(about = "An HTTP read-through cache", long_about = None)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// What keys are appended to, after a slash. Plain HTTP.
    #[arg(long)]
    pub origin: Uri,

    /// How long an answer is served, from when it was asked for.
    #[arg(long, value_name = "MS", value_parser = milliseconds, default_value = "10000")]
    pub ttl: Duration,

    /// How long a failure is kept, so that those who waited for it do not all try in turn.
    #[arg(long, value_name = "MS", value_parser = milliseconds, default_value = "250")]
    pub error_ttl: Duration,

    /// The time for a fetch, all its attempts together; less than `ttl`.
    #[arg(long, value_name = "MS", value_parser = milliseconds, default_value = "2000")]
    pub fill_timeout: Duration,

    /// How often a fetch tries again after an error.
    #[arg(long, default_value_t = 1)]
    pub retries: u32,

    /// Fetches at a time; more are refused.
    #[arg(long, default_value_t = 64)]
    pub max_fills: usize,

    /// Entries that the sweep leaves; beyond it, those go that would expire first.
    #[arg(long, default_value_t = 100_000)]
    pub max_entries: usize,

    /// The longest answer that is taken from the origin, in bytes.
    #[arg(long, default_value_t = 1 << 20)]
    pub max_body: usize,

    /// The time between two sweeps.
    #[arg(long, value_name = "MS", value_parser = milliseconds, default_value = "1000")]
    pub sweep_every: Duration,

    /// How long a shutdown waits for what was begun.
    #[arg(long, value_name = "MS", value_parser = milliseconds, default_value = "10000")]
    pub drain: Duration,
}

/// Options that contradict each other.
#[derive(Debug)]
pub struct Contradiction(&'static str);

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Contradiction {}

impl Config {
    /// Everything at its default.
    pub fn new(origin: Uri) -> Self {
        let origin = origin.to_string();
        Self::parse_from(["cache-service", "--origin", &origin])
    }

    /// Checks what the parser of a single option cannot.
    ///
    /// # Errors
    ///
    /// If the options contradict each other.
    pub fn validate(&self) -> Result<(), Contradiction> {
        let origin = &self.origin;
        if origin.scheme_str() != Some("http") || origin.query().is_some() {
            return Err(Contradiction(
                "the origin has to be plain HTTP, without a query",
            ));
        }
        if self.fill_timeout >= self.ttl {
            // An answer could have expired when it comes, and would be fetched for ever.
            return Err(Contradiction("fill-timeout has to be less than ttl"));
        }
        if self.max_fills == 0 || self.sweep_every.is_zero() {
            return Err(Contradiction("max-fills and sweep-every may not be 0"));
        }
        Ok(())
    }
}

fn milliseconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_millis)
}
