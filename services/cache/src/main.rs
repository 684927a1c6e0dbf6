//! The service as a program: options, signals, and the exit code.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use cache_service::Config;
use cache_service::cache::Cache;
use cache_service::serve::serve;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Config::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cache-service: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: &Config) -> Result<(), Box<dyn Error>> {
    config.validate()?;
    // Before the address is known to anybody, so that no signal comes too early.
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let listener = TcpListener::bind(config.listen).await?;
    // With the port that was taken, for whoever asked for any.
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;

    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopping.cancel();
    });
    serve(config, Cache::new(config), listener, stop).await?;
    Ok(())
}
