//! Replays the fuzzing corpus: every program that coverage-guided fuzzing kept, and every one that once
//! found something, with all the checks of the fuzz targets. No tool needed.
//!
//! The interpreters are those of `fuzz/`, the very files. What this cannot find: anything new.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/lib.rs"]
pub mod interpreter;

/// The programs kept for a fuzz target, in a fixed order.
fn programs(target: &str) -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let entries = fs::read_dir(corpus.join(target)).expect("the corpus is in the repository");
    let mut programs: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable directory").path())
        .collect();
    programs.sort_unstable();
    programs
}

/// Runs every program; says which one it was if a check fails.
fn replay(target: &str, interpret: fn(&[u8])) {
    struct Named<'a>(&'a Path);

    impl Drop for Named<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("in {}", self.0.display());
            }
        }
    }

    let programs = programs(target);
    assert!(programs.len() > 10, "the corpus of {target} is missing");
    for program in &programs {
        let _named = Named(program);
        interpret(&fs::read(program).expect("a readable program"));
    }
}

#[test]
fn bucket_map_corpus_finds_nothing() {
    replay("bucket_map", interpreter::bucket_map);
}

#[test]
fn bucket_map_hostile_corpus_finds_nothing() {
    replay("bucket_map_hostile", interpreter::bucket_map_hostile);
}

#[test]
fn sync_map_corpus_finds_nothing() {
    replay("sync_map", interpreter::sync_map);
}

#[test]
fn checked_map_corpus_finds_nothing() {
    replay("checked_map", interpreter::checked_map);
}
