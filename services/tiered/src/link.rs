//! The connection that is told of changes: its life, its lease, its number.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisError, RedisResult, Value};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::Config;
use crate::l1::L1;

/// What lookups know of the link.
#[derive(Debug)]
pub(crate) struct Link {
    start: Instant,
    /// Until when L1 may be used, in microseconds since `start`; 0 while there is no link.
    lease: AtomicU64,
    /// The number of the link; that of the first is 1.
    epoch: AtomicU64,
    connection: RwLock<Option<(u64, MultiplexedConnection)>>,
    pub(crate) invalidations: AtomicU64,
}

impl Link {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            lease: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            connection: RwLock::new(None),
            invalidations: AtomicU64::new(0),
        }
    }

    /// The number of the link, if L1 may be used now; to be asked before L1 is looked at.
    pub(crate) fn leased(&self) -> Option<u64> {
        let now = micros(self.start.elapsed());
        // ORDERING: Acquire pairs with the Release in `extend`: what the invalidations before it removed is
        // gone for whoever sees the lease, and the number is that of the lease's link or of a later one.
        (now < self.lease.load(Acquire)).then(|| self.epoch())
    }

    /// The number of the newest link.
    pub(crate) fn epoch(&self) -> u64 {
        // ORDERING: Relaxed, see `leased`.
        self.epoch.load(Relaxed)
    }

    /// The link and its number.
    pub(crate) fn connection(&self) -> Option<(u64, MultiplexedConnection)> {
        self.connection
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_connection(&self, connection: Option<(u64, MultiplexedConnection)>) {
        *self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner) = connection;
    }

    fn extend(&self, until: Instant) {
        let until = micros(until.saturating_duration_since(self.start));
        // ORDERING: Release, see `leased`.
        self.lease.store(until, Release);
    }

    fn end(&self) {
        // ORDERING: Relaxed, the values of a link that has ended are as old as they were.
        self.lease.store(0, Relaxed);
        self.set_connection(None);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Sets up one link after the other, for ever.
pub(crate) async fn maintain(config: Config, client: Client, link: Arc<Link>, l1: Arc<L1>) {
    loop {
        // Returns when the link is down; why does not matter to anybody who could act on it.
        let _error = run(&config, &client, &link, &l1).await;
        link.end();
        sleep(config.reconnect).await;
    }
}

/// One link, until it is down.
async fn run(
    config: &Config,
    client: &Client,
    link: &Arc<Link>,
    l1: &Arc<L1>,
) -> RedisResult<std::convert::Infallible> {
    let down = Arc::new(Notify::new());
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(config.timeout))
        .set_response_timeout(Some(config.timeout))
        // Runs between the replies of the connection, in the order in which Redis sent it all.
        .set_push_sender(handler(link, l1, &down));
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&settings)
        .await?;
    redis::cmd("CLIENT")
        .arg("TRACKING")
        .arg("ON")
        .query_async::<()>(&mut connection)
        .await?;

    // ORDERING: Relaxed, published by the lease.
    let epoch = link.epoch.fetch_add(1, Relaxed) + 1;
    l1.flush();
    link.set_connection(Some((epoch, connection.clone())));
    loop {
        let sent = Instant::now();
        let heartbeat = async {
            redis::cmd("PING")
                .query_async::<()>(&mut connection)
                .await?;
            link.extend(sent + config.max_staleness);
            l1.shrink(config.max_entries);
            sleep(config.heartbeat).await;
            Ok::<(), RedisError>(())
        };
        tokio::select! {
            result = heartbeat => result?,
            () = down.notified() => {
                return Err((redis::ErrorKind::Io, "the link was closed").into());
            }
        }
    }
}

/// What to do with what Redis says unasked.
fn handler(
    link: &Arc<Link>,
    l1: &Arc<L1>,
    down: &Arc<Notify>,
) -> impl Fn(PushInfo) -> Result<(), std::convert::Infallible> + Send + Sync + 'static {
    // The link owns the connection, and the connection this: it may not own the link.
    let (link, l1, down) = (Arc::downgrade(link), Arc::clone(l1), Arc::clone(down));
    move |push| {
        match push.kind {
            PushKind::Invalidate => {
                invalidate(&l1, &push.data);
                if let Some(link) = link.upgrade() {
                    // ORDERING: Release, so that whoever has seen the figure finds the keys gone.
                    link.invalidations.fetch_add(1, Release);
                }
            }
            PushKind::Disconnection => down.notify_one(),
            _ => {}
        }
        Ok(())
    }
}

fn invalidate(l1: &L1, data: &[Value]) {
    match data {
        [Value::Array(keys)] => {
            for key in keys {
                // A key that is not UTF-8 is not one of ours.
                if let Ok(key) = redis::from_redis_value_ref::<String>(key) {
                    l1.invalidate(&key);
                }
            }
        }
        // Null, that is everything: somebody has flushed Redis. Or something newer than this.
        _ => l1.flush(),
    }
}
