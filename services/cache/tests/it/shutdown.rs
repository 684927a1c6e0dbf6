//! A shutdown ends what was begun and takes nothing new: in the library, and in the program on a signal.

use std::io;
use std::process::Stdio;

use axum::http::StatusCode;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::sleep;

use crate::origin::{Behaviour, Origin};
use crate::service::{Http, Service, config, ms};

#[tokio::test]
async fn requests_under_way_are_answered() {
    let origin = Origin::start(|_, _| Behaviour::Slow(ms(300))).await;
    let service = Service::start(&config(&origin)).await;
    let http = service.client();
    let request = tokio::spawn(async move { http.get("/key/k").await.unwrap() });
    while origin.total() == 0 {
        sleep(ms(5)).await;
    }
    service.stop.cancel();
    assert_eq!(request.await.unwrap().status, StatusCode::OK);
    service.served.await.unwrap().unwrap();
    assert!(Http::new(service.address).get("/key/k").await.is_err());
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let origin = Origin::start(|_, _| Behaviour::Silent).await;
    let mut config = config(&origin);
    (config.ttl, config.fill_timeout, config.drain) = (ms(90_000), ms(60_000), ms(100));
    let service = Service::start(&config).await;
    let http = service.client();
    let request = tokio::spawn(async move { http.get("/key/k").await });
    while origin.total() == 0 {
        sleep(ms(5)).await;
    }
    service.stop.cancel();
    let error = service.served.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    request.abort();
}

#[tokio::test]
async fn the_program_drains_on_sigterm() {
    let origin = Origin::start(|_, _| Behaviour::Slow(ms(500))).await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_cache-service"))
        .args(["--listen", "127.0.0.1:0", "--origin"])
        .arg(format!("http://{}", origin.address))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let address = line.strip_prefix("listening on ").unwrap().parse().unwrap();

    let request = tokio::spawn(async move { Http::new(address).get("/key/k").await.unwrap() });
    while origin.total() == 0 {
        sleep(ms(5)).await;
    }
    let pid = child.id().unwrap().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().await;
    assert!(killed.unwrap().success());

    let answer = request.await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().starts_with("k@"));
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn the_program_refuses_options_that_contradict_each_other() {
    let origin = format!("http://{}", std::net::Ipv4Addr::LOCALHOST);
    let output = Command::new(env!("CARGO_BIN_EXE_cache-service"))
        .args(["--origin", &origin, "--ttl", "10", "--fill-timeout", "10"])
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("less than ttl"), "{message}");
}
