//! A Redis of a test's own: started, killed, started again with the data it had acknowledged.

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::{LONG, ms};

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    folder: PathBuf,
    child: Child,
}

impl Server {
    /// `None` where there is no Redis to start, unless `TIERED_CACHE_REDIS` says that there has to be one.
    pub(crate) async fn start() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // ORDERING: Relaxed, numbers are only to differ.
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("tiered-cache-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let port = free_port();
        let child = match spawn(port, &folder) {
            Ok(child) => child,
            Err(error) if std::env::var_os("TIERED_CACHE_REDIS").is_none() => {
                eprintln!("NOT CHECKED: redis-server: {error}");
                return None;
            }
            Err(error) => panic!("redis-server: {error}"),
        };
        let server = Self {
            port,
            folder,
            child,
        };
        server.ready().await;
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// At once, as a machine that loses power.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.child = spawn(self.port, &self.folder).unwrap();
        self.ready().await;
    }

    async fn ready(&self) {
        let connected = timeout(LONG, async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                sleep(ms(5)).await;
            }
        });
        connected.await.expect("redis-server listens");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(port: u16, folder: &PathBuf) -> io::Result<Child> {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        // A write that is acknowledged is on disk: it is to outlive a kill.
        .args([
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
        ])
        .arg("--dir")
        .arg(folder)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}
