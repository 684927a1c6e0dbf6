#!/usr/bin/env python3
"""Weakens one memory ordering at a time and expects a loom model to fail.

Copies the tree, and in the copy sends every ordering of `src/sync`, `src/reclaim` and `src/bucket` through
a function that an environment variable tells which one to weaken: one build serves all changes. For each
change it runs, until one fails: the models that the site's `ORDERING:` comment names, the other models of
the same files, and then all that are not slow, within a time bound. Prints a table of what was killed by
which model, and what survived. A survivor is an ordering that is too strong, a model that is missing, or
something that loom cannot see: `loom-tests/WEAKENING.md` says which.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CALL = re.compile(r"\b(load|store|swap|compare_exchange(?:_weak)?|fetch_\w+|fence)\(")
ORDERING = re.compile(r"Ordering::(SeqCst|AcqRel|Acquire|Release|Relaxed)\b")
MODEL = re.compile(r"\b([a-z]+)::([a-z_0-9]+)\b")

# What each kind of access may be weakened to. From SeqCst every step is taken, as loom knows only a part of
# what SeqCst adds. (loom takes no fence that is weaker than Acquire, so fences go away.)
LOAD = {"SeqCst": ["Acquire", "Relaxed"], "Acquire": ["Relaxed"]}
STORE = {"SeqCst": ["Release", "Relaxed"], "Release": ["Relaxed"]}
EXCHANGE = {
    "SeqCst": ["AcqRel", "Acquire", "Release"],
    "AcqRel": ["Acquire", "Release"],
    "Acquire": ["Relaxed"],
    "Release": ["Relaxed"],
}

# The door of the copy: `SPLITMAP_WEAKEN="7 Relaxed"` weakens ordering number 7.
DOOR = """
fn change() -> Option<(usize, Ordering)> {
    static CHANGE: std::sync::OnceLock<Option<(usize, Ordering)>> = std::sync::OnceLock::new();
    *CHANGE.get_or_init(|| {
        let change = std::env::var("SPLITMAP_WEAKEN").ok()?;
        let (number, weaker) = change.split_once(' ').expect("a number and an ordering");
        let weaker = match weaker {
            "AcqRel" => Ordering::AcqRel,
            "Acquire" => Ordering::Acquire,
            "Release" => Ordering::Release,
            "Relaxed" => Ordering::Relaxed,
            other => panic!("no ordering: {other}"),
        };
        Some((number.parse().expect("a number"), weaker))
    })
}

pub(crate) fn weakened(number: usize, ordering: Ordering) -> Ordering {
    match change() {
        Some((changed, weaker)) if changed == number => weaker,
        _ => ordering,
    }
}

pub(crate) fn weakened_fence(number: usize, ordering: Ordering) {
    if weakened(number, ordering) == ordering {
        fence(ordering);
    }
}
"""


@dataclasses.dataclass
class Site:
    """One ordering in the sources."""

    number: int
    path: pathlib.Path
    function: str
    call: str
    start: int
    end: int
    order: str
    ladder: dict
    # (file of models, name), as the comment above has them.
    named: list

    def changes(self):
        return ["Relaxed"] if self.call == "fence" else self.ladder.get(self.order, [])

    def __str__(self):
        return f"`{self.path.relative_to(ROOT / 'src')}` `{self.function}`"

    def describe(self, weaker):
        return "fence removed" if self.call == "fence" else f"{self.call}: {self.order} → {weaker}"


def closing(text, start):
    """The index of the parenthesis that closes the one just before `start`."""
    depth = 1
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise ValueError("unbalanced parentheses")


def named_models(text, index):
    """The models that the closest comment above names."""
    comment = []
    for line in reversed(text[:index].split("\n")[:-1]):
        if line.strip().startswith("//"):
            comment.insert(0, line.strip().lstrip("/ "))
            if "ORDERING:" in line:
                break
        elif comment:
            break
    after = re.search(r"\bModels?: ([^.]*)", " ".join(comment))
    return MODEL.findall(after[1]) if after else []


def all_sites():
    files = [path for part in ["sync", "reclaim", "bucket"] for path in sorted((ROOT / "src" / part).rglob("*.rs"))]
    number = 0
    for path in files:
        # What models see of the private parts is no part of the library.
        if path.name == "handle.rs" or "tests" in path.parts[len(ROOT.parts) :]:
            continue
        text = path.read_text()
        for call in CALL.finditer(text):
            if "//" in text[text.rfind("\n", 0, call.start()) + 1 : call.start()]:
                continue
            names = re.findall(r"\bfn (\w+)", text[: call.start()])
            orders = ORDERING.finditer(text, call.end(), closing(text, call.end()))
            for which, order in enumerate(orders):
                kind = call[1] if which == 0 else f"failed {call[1]}"
                ladder = {"load": LOAD, "store": STORE}.get(call[1], LOAD if which else EXCHANGE)
                # A fence is changed as a whole.
                start, end = (call.start(), call.end()) if kind == "fence" else order.span()
                named = named_models(text, call.start())
                yield Site(number, path, names[-1], kind, start, end, order[1], ladder, named)
                number += 1


def copy_tree(scratch, sites):
    """The tree, with every ordering that can be weakened going through `DOOR`."""
    # All of it: a workspace without one of its members does not build.
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for old in scratch.glob("*"):
        if old.is_dir() and old.name != "target":
            shutil.rmtree(old)
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, scratch / name)
    for path in {site.path for site in sites}:
        text = path.read_text()
        for site in sorted((site for site in sites if site.path == path), key=lambda site: -site.start):
            if site.call == "fence":
                new = f"crate::primitive::weakened_fence({site.number}, "
            elif site.changes():
                new = f"crate::primitive::weakened({site.number}, {text[site.start:site.end]})"
            else:
                continue
            text = text[: site.start] + new + text[site.end :]
        (scratch / path.relative_to(ROOT)).write_text(text)
    if sites:
        with (scratch / "src/primitive/model.rs").open("a") as door:
            door.write(DOOR)


def build(scratch):
    """The test binaries by the names of their files."""
    command = ["cargo", "test", "--quiet", "-p", "loom-tests", "--profile", "loom", "--no-run"]
    env = dict(os.environ, CARGO_PROFILE_LOOM_DEBUG="0", CARGO_TARGET_DIR=str(scratch / "target"))
    done = subprocess.run(
        [*command, "--message-format=json"], cwd=scratch, env=env, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        sys.exit("the copy does not build")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        message["target"]["name"]: message["executable"]
        for message in messages
        if message.get("executable") and message["target"]["kind"] == ["test"]
    }


def run(binary, name, change, timeout):
    """Whether the model passes under a change, "timeout" if that cannot be told; and the seconds it took."""
    env = dict(os.environ, RUST_BACKTRACE="0")
    if change:
        env["SPLITMAP_WEAKEN"] = change
    begin = time.monotonic()
    try:
        test = subprocess.run([binary, "--exact", name], env=env, capture_output=True, timeout=timeout)
        passed = test.returncode == 0
    except subprocess.TimeoutExpired:
        passed = "timeout"
    return passed, time.monotonic() - begin


def verdict(site, weaker, binaries, seconds, args):
    """The model that fails under a change; else how many were run."""
    named = [model for model in site.named if model in seconds]
    files = {suite for suite, _ in named}
    others = [model for model in seconds if model not in named and seconds[model] < args.slow]
    others.sort(key=lambda model: (model[0] not in files, seconds[model]))
    begin, ran, timeouts = time.monotonic(), 0, []
    for suite, name in named + others:
        if (suite, name) not in named and time.monotonic() - begin > args.bound:
            break
        timeout = max(20, 5 * seconds[suite, name])
        passed, _ = run(binaries[suite], name, f"{site.number} {weaker}", timeout)
        ran += 1
        if passed == "timeout":
            timeouts.append(f"{suite}::{name}")
        elif not passed:
            which = "named" if (suite, name) in named else "not named"
            return f"{suite}::{name} ({which})"
    late = f", without an end: {' '.join(timeouts)}" if timeouts else ""
    return f"**survived** {ran} of {len(seconds)} models{late}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scratch", type=pathlib.Path, required=True, help="an empty or old scratch directory")
    parser.add_argument("--only", default="", help="sites that contain this")
    parser.add_argument("--list", action="store_true", help="print the changes and the models named, run nothing")
    parser.add_argument("--bound", type=int, default=90, help="seconds for one change, after the models named")
    parser.add_argument("--slow", type=int, default=8, help="a model that takes longer is run only where it is named")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    sites = list(all_sites())
    chosen = [(site, weaker) for site in sites for weaker in site.changes()]
    chosen = [(site, weaker) for site, weaker in chosen if args.only in f"{site} {site.describe(weaker)}"]
    if args.list:
        for site, weaker in chosen:
            print(site, site.describe(weaker), " ".join("::".join(model) for model in site.named))
        return
    copy_tree(args.scratch, sites)
    binaries = build(args.scratch)
    pool = concurrent.futures.ThreadPoolExecutor(args.jobs)
    models = []
    for suite, binary in binaries.items():
        listed = subprocess.run([binary, "--list"], capture_output=True, text=True, check=True).stdout
        models += [(suite, name) for name in re.findall(r"^(\w+): test$", listed, re.M)]
    wanted = {model for site, _ in chosen for model in site.named}
    # A model that is named is run to its end, whatever it takes.
    before = pool.map(lambda model: run(binaries[model[0]], model[1], "", 600 if model in wanted else args.slow), models)
    seconds = {}
    for model, (passed, took) in zip(models, before):
        if not passed:
            sys.exit(f"{'::'.join(model)} fails before anything is changed")
        seconds[model] = took
    slow = [f"{'::'.join(model)} ({took:.0f} s)" for model, took in seconds.items() if took >= args.slow]
    print("Slow, and run only where they are named:", ", ".join(slow) or "none", "\n")
    print("| site | change | model that fails |\n| --- | --- | --- |", flush=True)
    survivors = 0
    results = pool.map(lambda change: verdict(*change, binaries, seconds, args), chosen)
    for (site, weaker), result in zip(chosen, results):
        survivors += "survived" in result
        print(f"| {site} | {site.describe(weaker)} | {result} |", flush=True)
    print(f"\n{len(chosen)} changes, {survivors} survived.")


if __name__ == "__main__":
    main()
