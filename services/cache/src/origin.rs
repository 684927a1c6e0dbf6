//! The origin: one fetch, with retries and a deadline.

use std::fmt;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{sleep, timeout};

use crate::Config;
use crate::metrics::Metrics;

/// The pause before the first retry; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// What the origin said.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its status; never a server error.
    pub status: StatusCode,
    /// Its content type, if it gave one.
    pub content_type: Option<HeaderValue>,
    /// All of its body.
    pub body: Bytes,
}

/// Why there is no page.
#[derive(Debug)]
pub enum Trouble {
    /// A server error.
    Status(StatusCode),
    /// No connection, a connection that broke, or a body that was too long.
    Broken(String),
    /// No answer in time.
    Late,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the origin answered {status}"),
            Self::Broken(error) => write!(f, "the origin cannot be read: {error}"),
            Self::Late => f.write_str("the origin did not answer in time"),
        }
    }
}

/// A client of the origin.
#[derive(Debug)]
pub struct Origin {
    client: Client<HttpConnector, Body>,
    prefix: String,
    retries: u32,
    deadline: Duration,
    max_body: usize,
}

impl Origin {
    /// A client of the origin that is configured.
    pub fn new(config: &Config) -> Self {
        let client = Client::builder(TokioExecutor::new())
            // Retries are counted, so they are ours alone.
            .retry_canceled_requests(false)
            .build_http();
        Self {
            client,
            prefix: config.origin.to_string().trim_end_matches('/').to_owned(),
            retries: config.retries,
            deadline: config.fill_timeout,
            max_body: config.max_body,
        }
    }

    /// Fetches the page of `key`, a percent-encoded path segment, and says when the request was sent.
    ///
    /// # Errors
    ///
    /// That of the last attempt.
    pub async fn fetch(&self, key: &str, metrics: &Metrics) -> Result<(Instant, Page), Trouble> {
        let attempts = async {
            let mut pause = FIRST_PAUSE;
            for _ in 0..self.retries {
                if let Ok(page) = self.attempt(key, metrics).await {
                    return Ok(page);
                }
                sleep(pause).await;
                pause *= 2;
            }
            self.attempt(key, metrics).await
        };
        match timeout(self.deadline, attempts).await {
            Ok(result) => result,
            Err(_elapsed) => Err(Trouble::Late),
        }
    }

    async fn attempt(&self, key: &str, metrics: &Metrics) -> Result<(Instant, Page), Trouble> {
        let broken = |error: &dyn fmt::Display| Trouble::Broken(error.to_string());
        let uri: Uri = format!("{}/{key}", self.prefix)
            .parse()
            .map_err(|error| broken(&error))?;
        metrics.origin_requests.add();
        // Before the request is sent: whatever the origin says is no older than this.
        let sent = Instant::now();
        let answer = self.client.get(uri).await.map_err(|error| broken(&error))?;
        let (head, body) = answer.into_parts();
        if head.status.is_server_error() {
            return Err(Trouble::Status(head.status));
        }
        let body = Limited::new(body, self.max_body)
            .collect()
            .await
            .map_err(|error| broken(&error))?
            .to_bytes();
        let page = Page {
            status: head.status,
            content_type: head.headers.get(CONTENT_TYPE).cloned(),
            body,
        };
        Ok((sent, page))
    }
}
