//! A network between a cache and Redis that can stop to deliver, or break.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Weather {
    Fair,
    /// Connections stay open, and nothing arrives.
    Frozen,
    /// Connections break, and new ones are closed at once.
    Cut,
}

#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
}

impl Proxy {
    pub(crate) async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, seen) = watch::channel(Weather::Fair);
        tokio::spawn(async move {
            while let Ok((client, _peer)) = listener.accept().await {
                if *seen.borrow() == Weather::Cut {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(forward(from_client, to_server, seen.clone()));
                tokio::spawn(forward(from_server, to_client, seen.clone()));
            }
        });
        Self { address, weather }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

/// One direction of a connection, until one of its ends closes it or it is cut.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) -> Option<()> {
    let mut buffer = [0; 4096];
    let mut cut = weather.clone();
    loop {
        let len = tokio::select! {
            len = from.read(&mut buffer) => len.ok().filter(|len| *len > 0)?,
            _ = cut.wait_for(|weather| *weather == Weather::Cut) => return None,
        };
        let thawed = weather
            .wait_for(|weather| *weather != Weather::Frozen)
            .await;
        if *thawed.ok()? == Weather::Cut {
            return None;
        }
        to.write_all(&buffer[..len]).await.ok()?;
    }
}
