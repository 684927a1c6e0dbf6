//! A lookup's way through L1, link and data; and writes.

use std::sync::Arc;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed},
};

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, IntoConnectionInfo, ProtocolVersion, RedisResult};
use tokio::task::JoinHandle;

use crate::Config;
use crate::l1::L1;
use crate::link::{Link, maintain};

/// A value, as Redis has it.
pub type Value = Arc<[u8]>;

/// The cache of one process.
#[derive(Debug)]
pub struct TieredCache {
    l1: Arc<L1>,
    link: Arc<Link>,
    data: ConnectionManager,
    hits: AtomicU64,
    misses: AtomicU64,
    bypasses: AtomicU64,
    maintaining: JoinHandle<()>,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figures {
    /// Lookups that found their key in L1.
    pub hits: u64,
    /// Lookups that went to Redis, and left what they found in L1 if they could.
    pub misses: u64,
    /// Lookups that went to Redis because L1 was not to be trusted.
    pub bypasses: u64,
    /// Invalidations handled.
    pub invalidations: u64,
    /// Links set up.
    pub links: u64,
    /// Whether L1 is used at this moment.
    pub leased: bool,
    /// Keys in L1.
    pub entries: usize,
}

impl TieredCache {
    /// A cache over the Redis that is configured; it need not be up yet. To be called in a Tokio runtime.
    ///
    /// # Errors
    ///
    /// If an address is not one of a Redis.
    pub fn new(config: Config) -> RedisResult<Self> {
        let address = config.link.as_ref().unwrap_or(&config.redis);
        let info = address.as_str().into_connection_info()?;
        // Invalidations come with RESP3 only.
        let settings = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP3);
        let tracked = Client::open(info.set_redis_settings(settings))?;
        let data = Client::open(config.redis.as_str())?.get_connection_manager_lazy(
            ConnectionManagerConfig::new()
                .set_connection_timeout(Some(config.timeout))
                .set_response_timeout(Some(config.timeout))
                .set_max_delay(config.reconnect)
                .set_number_of_retries(1),
        )?;
        let (l1, link) = (Arc::new(L1::default()), Arc::new(Link::new()));
        Ok(Self {
            maintaining: tokio::spawn(maintain(
                config,
                tracked,
                Arc::clone(&link),
                Arc::clone(&l1),
            )),
            l1,
            link,
            data,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            bypasses: AtomicU64::new(0),
        })
    }

    /// The value of `key`, as current as the crate's documentation says.
    ///
    /// # Errors
    ///
    /// If it is not in L1 and Redis cannot be asked.
    pub async fn get(&self, key: &str) -> RedisResult<Option<Value>> {
        let get = Cmd::get(key);
        let Some(epoch) = self.link.leased() else {
            count(&self.bypasses);
            return ask(&mut self.data.clone(), &get).await;
        };
        if let Some(known) = self.l1.get(epoch, key) {
            count(&self.hits);
            return Ok(known);
        }
        count(&self.misses);
        match self.read_through(key, &get).await {
            Some(value) => Ok(value),
            None => ask(&mut self.data.clone(), &get).await,
        }
    }

    /// Reads `key` over the link and keeps what comes; `None` if somebody else is doing that already, or the link
    /// has just gone down.
    async fn read_through(&self, key: &str, get: &Cmd) -> Option<Option<Value>> {
        let (epoch, mut link) = self.link.connection()?;
        let reservation = self.l1.reserve(epoch, key)?;
        let value = ask(&mut link, get).await.ok()?;
        reservation.fill(epoch, value.clone());
        Some(value)
    }

    /// Gives `key` a value.
    ///
    /// # Errors
    ///
    /// If Redis has not acknowledged it; it may or may not have the value then.
    pub async fn set(&self, key: &str, value: &[u8]) -> RedisResult<()> {
        self.write(key, Cmd::set(key, value)).await
    }

    /// Removes `key`.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub async fn remove(&self, key: &str) -> RedisResult<()> {
        self.write(key, Cmd::del(key)).await
    }

    async fn write(&self, key: &str, command: Cmd) -> RedisResult<()> {
        let result = command.query_async(&mut self.data.clone()).await;
        // Not before: somebody could read the old value into L1 again. Nor only when the invalidation comes,
        // as this process is to see what it wrote.
        self.l1.invalidate(key);
        result
    }

    /// The figures at this moment.
    pub fn figures(&self) -> Figures {
        // ORDERING: Acquire pairs with the Release of an invalidation; Relaxed, figures nothing depends on.
        let invalidations = self.link.invalidations.load(Acquire);
        Figures {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            bypasses: self.bypasses.load(Relaxed),
            invalidations,
            links: self.link.epoch(),
            leased: self.link.leased().is_some(),
            entries: self.l1.len(),
        }
    }
}

impl Drop for TieredCache {
    fn drop(&mut self) {
        self.maintaining.abort();
    }
}

fn count(figure: &AtomicU64) {
    // ORDERING: Relaxed, a figure nothing depends on.
    figure.fetch_add(1, Relaxed);
}

async fn ask(connection: &mut impl ConnectionLike, get: &Cmd) -> RedisResult<Option<Value>> {
    let value: Option<Vec<u8>> = get.query_async(connection).await?;
    Ok(value.map(Value::from))
}
