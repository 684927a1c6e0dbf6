//! A process with a cache, to try it by hand and for the tests: commands on standard input, answers on
//! standard output.
//!
//! ```text
//! $ tiered-cache redis://127.0.0.1:6379
//! set name Ada
//! ok
//! get name
//! = Ada
//! get nobody
//! none
//! figures
//! Figures { hits: 0, misses: 2, ... }
//! ```

use std::error::Error;
use std::io::{self, BufRead, Write};

use tiered_cache::{Config, TieredCache};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let redis = std::env::args()
        .nth(1)
        .ok_or("usage: tiered-cache redis://HOST:PORT")?;
    let cache = TieredCache::new(Config::new(redis))?;
    // Blocks one of the runtime's threads, which has others for the link.
    for line in io::stdin().lock().lines() {
        let answer = answer(&cache, &line?)
            .await
            .unwrap_or_else(|error| format!("error: {error}"));
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}

async fn answer(cache: &TieredCache, line: &str) -> redis::RedisResult<String> {
    let mut words = line.splitn(3, ' ');
    Ok(match (words.next(), words.next(), words.next()) {
        (Some("get"), Some(key), None) => match cache.get(key).await? {
            Some(value) => format!("= {}", String::from_utf8_lossy(&value)),
            None => "none".to_owned(),
        },
        (Some("set"), Some(key), Some(value)) => {
            cache.set(key, value.as_bytes()).await?;
            "ok".to_owned()
        }
        (Some("remove"), Some(key), None) => {
            cache.remove(key).await?;
            "ok".to_owned()
        }
        (Some("figures"), None, None) => format!("{:?}", cache.figures()),
        _ => "error: get KEY, set KEY VALUE, remove KEY or figures".to_owned(),
    })
}
