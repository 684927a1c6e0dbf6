//! Where, of what and by what the figures were made.

use std::env;
use std::fs;
use std::num::NonZero;
use std::process::Command;
use std::thread;

/// The maps that are measured, as the lock file names them.
const PACKAGES: [&str; 8] = [
    "splitmap",
    "papaya",
    "scc",
    "dashmap",
    "flurry",
    "hashbrown",
    "parking_lot",
    "foldhash",
];

/// What a reader has to know to judge a figure, or to make it again.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) facts: Vec<(&'static str, String)>,
}

impl Machine {
    pub(super) fn look() -> Self {
        let facts = vec![
            ("processor", processor()),
            ("caches", caches()),
            ("system", system()),
            ("load at the end", load()),
            ("compiler", env!("SPLITMAP_RUSTC").to_owned()),
            ("versions", versions()),
            ("commit", commit()),
            ("command", command()),
        ];
        Machine { facts }
    }
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    let model = model
        .and_then(|line| line.split_once(": "))
        .map_or("unknown", |(_, name)| name);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    format!("{model}, {threads} hardware threads available")
}

/// The caches of the first processor, each level's data.
fn caches() -> String {
    let of = |index: u32| {
        let path = |what: &str| format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{what}");
        let read = |what: &str| Some(fs::read_to_string(path(what)).ok()?.trim().to_owned());
        let (level, kind, size) = (read("level")?, read("type")?, read("size")?);
        (kind != "Instruction").then(|| format!("L{level} {size}"))
    };
    let caches: Vec<_> = (0..8).filter_map(of).collect();
    if caches.is_empty() {
        return "unknown".to_owned();
    }
    caches.join(", ")
}

fn system() -> String {
    let version = fs::read_to_string("/proc/version").unwrap_or_default();
    let words: Vec<_> = version.split_whitespace().take(3).collect();
    if words.is_empty() {
        return env::consts::OS.to_owned();
    }
    format!("{}, {}", words.join(" "), env::consts::ARCH)
}

/// A machine that has other things to do measures them too.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<_> = load.split_whitespace().take(3).collect();
    averages.join(", ")
}

/// The newest version of each package in the lock file.
fn versions() -> String {
    let lock = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));
    let of = |package: &&str| {
        let entry = format!("name = \"{package}\"\nversion = \"");
        let versions = lock.split(&entry).skip(1);
        let newest = versions.filter_map(|rest| rest.split('"').next()).last()?;
        Some(format!("{package} {newest}"))
    };
    let versions: Vec<_> = PACKAGES.iter().filter_map(of).collect();
    versions.join(", ")
}

fn commit() -> String {
    let git = |args: &[&str]| {
        let git = Command::new("git")
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        let output = git.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
    match changed.as_deref() {
        Some("") => commit,
        _ => format!("{commit}, with changes"),
    }
}

/// The options as they were given; of a path only the last part.
fn command() -> String {
    let brief = |arg: String| match arg.rsplit_once('/') {
        Some((_, last)) if !last.is_empty() => last.to_owned(),
        _ => arg,
    };
    let args: Vec<_> = env::args().skip(1).map(brief).collect();
    format!("contention {}", args.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_a_version() {
        assert_eq!(versions().split(", ").count(), PACKAGES.len());
    }
}
