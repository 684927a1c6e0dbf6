//! Another process with a cache over the same Redis.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::LONG;

#[derive(Debug)]
pub(crate) struct Peer {
    _child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    pub(crate) fn start(redis: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tiered-cache"))
            .arg(redis)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (commands, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            _child: child,
            commands,
            answers: BufReader::new(answers).lines(),
        }
    }

    pub(crate) async fn ask(&mut self, command: &str) -> String {
        let line = format!("{command}\n");
        self.commands.write_all(line.as_bytes()).await.unwrap();
        let answer = timeout(LONG, self.answers.next_line()).await;
        answer.expect("an answer").unwrap().expect("a line")
    }
}
