//! An origin that misbehaves on demand, and counts what it is asked. Its pages say when they were made.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What pages count their time from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    Good,
    Slow(Duration),
    ServerError,
    /// The connection is closed with the request unread, which sends a reset.
    Reset,
    /// The connection is closed before the end of the body.
    Truncated,
    /// There is never an answer.
    Silent,
}

/// What was asked for one key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) good: u64,
    pub(crate) bad: u64,
    active: u64,
    pub(crate) most_at_once: u64,
}

#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<HashMap<String, Asked>>>,
}

/// Behaviour by key, and by how many requests came before in all.
type Plan = dyn Fn(&str, u64) -> Behaviour + Send + Sync;

impl Origin {
    pub(crate) async fn start(
        plan: impl Fn(&str, u64) -> Behaviour + Send + Sync + 'static,
    ) -> Self {
        LazyLock::force(&START);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
        };
        let asked = Arc::clone(&origin.asked);
        let plan: Arc<Plan> = Arc::new(plan);
        tokio::spawn(async move {
            while let Ok((stream, _peer)) = listener.accept().await {
                let (asked, plan) = (Arc::clone(&asked), Arc::clone(&plan));
                tokio::spawn(async move {
                    // An error is a client that has gone.
                    let _ = connection(stream, &asked, &*plan).await;
                });
            }
        });
        origin
    }

    pub(crate) fn asked(&self) -> HashMap<String, Asked> {
        lock(&self.asked).clone()
    }

    pub(crate) fn total(&self) -> u64 {
        total(&lock(&self.asked))
    }
}

/// When the page was made, and for which key.
pub(crate) fn read(page: &str) -> (&str, Instant) {
    let (key, micros) = page.trim_end().split_once('@').unwrap();
    (key, *START + Duration::from_micros(micros.parse().unwrap()))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn total(asked: &HashMap<String, Asked>) -> u64 {
    asked.values().map(|asked| asked.good + asked.bad).sum()
}

async fn connection(
    mut stream: TcpStream,
    asked: &Mutex<HashMap<String, Asked>>,
    plan: &Plan,
) -> std::io::Result<()> {
    loop {
        let (head, key) = peek_request(&stream).await?;
        let behaviour = {
            let mut asked = lock(asked);
            let behaviour = plan(&key, total(&asked));
            let asked = asked.entry(key.clone()).or_default();
            if matches!(behaviour, Behaviour::Good | Behaviour::Slow(_)) {
                asked.good += 1;
            } else {
                asked.bad += 1;
            }
            asked.active += 1;
            asked.most_at_once = asked.most_at_once.max(asked.active);
            behaviour
        };
        let micros = START.elapsed().as_micros();
        let page = format!("{key}@{micros:<15}");
        if let Behaviour::Slow(time) = behaviour {
            sleep(time).await;
        }
        // Before the answer: whoever reads it may ask again at once. A request that is never answered counts
        // as done, as its client gives up.
        lock(asked).entry(key).or_default().active -= 1;
        let (status, sent) = match behaviour {
            Behaviour::Good | Behaviour::Slow(_) => ("200 OK", page.len()),
            Behaviour::ServerError => ("500 Internal Server Error", page.len()),
            Behaviour::Truncated => ("200 OK", page.len() / 2),
            Behaviour::Reset => return Ok(()),
            Behaviour::Silent => {
                stream.read_exact(&mut vec![0; head]).await?;
                // Until the client closes the connection.
                stream.read_u8().await?;
                return Ok(());
            }
        };
        stream.read_exact(&mut vec![0; head]).await?;
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
            page.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&page.as_bytes()[..sent]).await?;
        if sent < page.len() {
            return Ok(());
        }
    }
}

/// The length of the request that waits in the socket, and its key.
async fn peek_request(stream: &TcpStream) -> std::io::Result<(usize, String)> {
    let mut buffer = [0; 4096];
    loop {
        let len = stream.peek(&mut buffer).await?;
        if len == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&buffer[..len]);
        if let Some(end) = text.find("\r\n\r\n") {
            let path = text.split(' ').nth(1).unwrap();
            return Ok((end + 4, path.trim_start_matches('/').to_owned()));
        }
        sleep(Duration::from_millis(1)).await;
    }
}
