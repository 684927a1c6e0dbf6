//! The `shared_cache` example, from inside and from outside.
//!
//! Inside: cargo does not run the tests in an example's modules, so they are compiled into this
//! binary. Outside, as a program: what it prints, on which stream, and with which exit code.

#![cfg(not(miri))]

#[path = "../examples/shared_cache/main.rs"]
#[expect(dead_code, reason = "`main` runs as a program of its own")]
mod program;

use std::env;
use std::fs;
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::net::UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;

/// The program cargo built beside this test, or builds now if only this test was asked for.
fn program() -> Command {
    let this = env::current_exe().expect("a test has a path");
    let profile = this
        .ancestors()
        .nth(2)
        .expect("tests are built in PROFILE/deps");
    let program = profile
        .join("examples")
        .join(format!("shared_cache{}", env::consts::EXE_SUFFIX));
    if !program.exists() {
        build(profile);
    }
    Command::new(program)
}

fn build(profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--example", "shared_cache"]);
    cargo.arg("--manifest-path");
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    cargo.arg("--target-dir").args(profile.parent());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo starts");
    assert!(status.success(), "cannot build the example");
}

fn run(options: &[&str]) -> Output {
    program()
        .args(options)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// Runs with `options`, and returns the JSON it must then print.
fn json(options: &[&str]) -> Value {
    let output = run(&[&["--json"], options].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Runs with `options`, which must be refused, and returns the one line that says why.
fn refusal(options: &[&str]) -> String {
    let output = run(options);
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{options:?}: {line}");
    assert_eq!(text(&output.stdout), "");
    assert!(
        line.starts_with("error: ") && line.ends_with('\n'),
        "{line}"
    );
    assert_eq!(line.lines().count(), 1, "{line}");
    line.to_owned()
}

/// A file for one test, in cargo's directory for that.
fn file(name: &str, content: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("the directory for tests is writable");
    path.into_os_string().into_string().expect("UTF-8")
}

fn zstd(content: &[u8]) -> Vec<u8> {
    compress_to_vec(content, CompressionLevel::Fastest)
}

#[test]
fn bundled_trace_has_one_outcome_on_any_number_of_threads() {
    for threads in ["1", "2", "8", "32"] {
        let report = json(&["--threads", threads]);
        assert_eq!(report["operations"], 51_733);
        let counts = &report["counts"];
        assert_eq!(counts["hits"], 41_705);
        assert_eq!(counts["misses"], 4_667);
        assert_eq!(counts["replaces"], 2_207);
        assert_eq!(counts["evicts"], 1_232);
        assert_eq!(report["live_entries"], 4_586);
        let verified = report["verified"].as_str().expect("a text");
        assert!(verified.contains("std's HashMap"), "{verified}");
    }
}

#[test]
fn bundled_trace_keeps_its_invariants_when_all_keys_are_contended() {
    let report = json(&["--threads", "4", "--passes", "2", "--deal", "offset"]);
    assert_eq!(report["operations"], 51_733 * 8);
    let verified = report["verified"].as_str().expect("a text");
    assert!(verified.contains("invariants"), "{verified}");
}

#[test]
fn table_is_complete() {
    let output = run(&["--threads", "2"]);
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "");
    let table = text(&output.stdout);
    for line in [
        "fs_paths.str.zst: 6,549 keys, 2 threads",
        "operations per second",
        "hit ratio",
        "latency",
        "  get, hit",
        "  get, miss and fill",
        "  set",
        "  del",
        "promotions",
        "mutex acquisitions",
        "live entries",
        "garbage waiting",
        "verified: ",
    ] {
        assert!(
            table.lines().any(|l| l.starts_with(line)),
            "no {line:?} in\n{table}"
        );
    }
}

#[test]
fn every_format_is_read_plain_and_compressed() {
    let numbers: Vec<u8> = [1_u64, 2, 1].iter().flat_map(|n| n.to_le_bytes()).collect();
    for (name, content) in [
        ("formats.u64", &numbers[..]),
        ("formats.ops", b"get 1 1\nset 2 5 9\nget 1 1\n"),
        ("formats.str", b"get\ta b\t1\nset\tc\t1\nget\ta b\t2"),
        ("formats.keys", "\u{fc}\nb\n\u{fc}\n".as_bytes()),
    ] {
        for path in [
            file(name, content),
            file(&format!("{name}.zst"), &zstd(content)),
        ] {
            let report = json(&["--trace", &path, "--threads", "2"]);
            assert_eq!(
                (&report["operations"], &report["keys"]),
                (&3.into(), &2.into())
            );
            assert_eq!(report["counts"]["hits"], 1, "{path}");
        }
    }
}

#[test]
fn recorded_fills_are_taken_literally() {
    let content = b"get 1 1\nget 1 1\nset 1 1\nget 1 1\ndel 1 1\ndel 1 1\n";
    for (name, hits) in [("literal_sessions.ops", 1), ("cache.ops", 2)] {
        let report = json(&["--trace", &file(name, content)]);
        assert_eq!(report["counts"]["hits"], hits, "{name}");
        assert_eq!(report["counts"]["evicts"], 1);
        assert_eq!(report["live_entries"], 0);
    }
}

#[test]
fn bad_files_are_refused_by_name_and_line() {
    let packed = zstd(&b"get 1 1\n".repeat(50));
    let cut = &packed[..packed.len() - 1];
    for (name, content, why) in [
        ("plain.ops.zst", &b"get 1 1\n"[..], ": not zstd"),
        ("nothing.ops.zst", b"", ": not zstd"),
        ("cut.ops.zst", cut, ": truncated or corrupt zstd"),
        ("empty.ops", b"", ": empty trace"),
        ("empty.keys.zst", &zstd(b""), ": empty trace"),
        ("short.ops", b"get 1 1\nget 1\n", ":2: expected `op key n`"),
        (
            "verb.ops",
            b"get 1 1\nput 1 1\n",
            ":2: expected get, set or del",
        ),
        ("key.ops", b"get x 1\n", ":1: expected a number"),
        (
            "blank.str",
            b"get\ta\t1\n\n",
            ":2: expected `op<TAB>key<TAB>n`",
        ),
        ("bytes.str", b"get\ta\t1\nget\t\xff\t1\n", ":2: not UTF-8"),
        ("bytes.keys", b"a\n\xff\n", ":2: not UTF-8"),
        ("hole.keys", b"a\n\nb\n", ":2: empty key"),
        ("odd.u64", b"123456789", ": 9 bytes are not a whole number"),
        ("table.tsv", b"a\tb\n", ": unknown trace format"),
    ] {
        let line = refusal(&["--trace", &file(name, content)]);
        assert!(line.contains(&format!("{name}{why}")), "{line}");
    }
}

#[test]
fn missing_files_and_directories_are_refused_by_name() {
    let line = refusal(&["--trace", "no/such.ops"]);
    assert!(line.contains("no/such.ops: cannot read"), "{line}");
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("directory.str");
    fs::create_dir_all(&directory).expect("the directory for tests is writable");
    let line = refusal(&["--trace", directory.to_str().expect("UTF-8")]);
    assert!(line.contains("directory.str: is a directory"), "{line}");
}

#[test]
fn bad_options_are_refused_by_name() {
    for options in [
        ["--threads", "0"],
        ["--threads", "100000"],
        ["--threads", "many"],
        ["--passes", "0"],
        ["--passes", "-1"],
        ["--deal", "cards"],
        ["--fill", "maybe"],
        ["--trcae", "x"],
    ] {
        let line = refusal(&options);
        assert!(line.contains(options[0]), "{line}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_who_leaves_is_no_error() {
    for option in ["--json", "--help"] {
        let (reader, writer) = UnixStream::pair().expect("sockets are available");
        drop(reader);
        let mut command = program();
        command.arg(option).stdout(OwnedFd::from(writer));
        let output = command.stderr(Stdio::piped()).output();
        let output = output.expect("the program starts");
        assert_eq!(text(&output.stderr), "");
        assert!(output.status.success());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let full = fs::File::create("/dev/full").expect("Linux has it");
    let mut command = program();
    let output = command.stdout(full).stderr(Stdio::piped()).output();
    let output = output.expect("the program starts");
    assert!(text(&output.stderr).starts_with("error: cannot write the report"));
    assert_eq!(output.status.code(), Some(1));
}
