//! The service on a free port, and a client of it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use cache_service::Config;
use cache_service::cache::Cache;
use cache_service::serve::serve;
use http_body_util::BodyExt;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::origin::Origin;

pub(crate) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Times that a test can wait for, on a busy machine too.
pub(crate) fn config(origin: &Origin) -> Config {
    let config = Config {
        ttl: ms(500),
        error_ttl: ms(50),
        fill_timeout: ms(450),
        retries: 1,
        sweep_every: ms(100),
        ..Config::new(format!("http://{}", origin.address).parse().unwrap())
    };
    config.validate().unwrap();
    config
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) served: JoinHandle<io::Result<()>>,
}

impl Service {
    pub(crate) async fn start(config: &Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let (config, stopping) = (config.clone(), stop.clone());
        let served =
            tokio::spawn(
                async move { serve(&config, Cache::new(&config), listener, stopping).await },
            );
        Self {
            address,
            stop,
            served,
        }
    }

    pub(crate) fn client(&self) -> Http {
        Http::new(self.address)
    }

    pub(crate) async fn stats(&self) -> serde_json::Value {
        serde_json::from_slice(&self.client().get("/stats").await.unwrap().body).unwrap()
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// A client that keeps its connection.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client<HttpConnector, Body>,
    address: SocketAddr,
}

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        // An answer that is lost is to be seen as such.
        let client = Client::builder(TokioExecutor::new())
            .retry_canceled_requests(false)
            .build_http();
        Self { client, address }
    }

    pub(crate) async fn get(
        &self,
        path: &str,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let uri = format!("http://{}{path}", self.address).parse()?;
        let (head, body) = self.client.get(uri).await?.into_parts();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}
