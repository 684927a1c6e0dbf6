#!/usr/bin/env python3
"""Weakens one memory ordering at a time and expects a loom model to fail.

Copies the tree, rewrites one ordering in `src/sync`, `src/reclaim`, the mark of the checked map or the
stand-ins of `src/primitive` to the next weaker one (a fence goes away), and runs the models until one fails.
Prints a table of what was killed, by which model, and what survived. A survivor is an ordering that is too
strong, a model that is missing, or something that loom cannot see: `loom-tests/WEAKENING.md` says which.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CALL = re.compile(r"\b(load|store|swap|compare_exchange(?:_weak)?|fetch_\w+|fence)\(")
ORDERING = re.compile(r"Ordering::(SeqCst|AcqRel|Acquire|Release|Relaxed)\b")

# What each kind of access may be weakened to. From SeqCst two steps are taken, as loom knows only a part of
# what SeqCst adds.
LOAD = {"SeqCst": ["Acquire", "Relaxed"], "Acquire": ["Relaxed"]}
STORE = {"SeqCst": ["Release", "Relaxed"], "Release": ["Relaxed"]}
EXCHANGE = {
    "SeqCst": ["AcqRel", "Acquire", "Release"],
    "AcqRel": ["Acquire", "Release"],
    "Acquire": ["Relaxed"],
    "Release": ["Relaxed"],
}

# Models in the order in which they are most likely to notice.
SUITES = ["entry", "grace", "tenure", "sb", "snapshot", "clear", "promote", "iterate", "checked"]
FIRST = {
    "entry.rs": ["entry", "sb", "clear"],
    "marked.rs": ["checked"],
    "snapshot.rs": ["sb", "snapshot", "promote", "clear"],
    "model.rs": ["snapshot", "grace"],
    "tenure.rs": ["tenure", "grace"],
    "slot.rs": ["grace", "tenure"],
    "mod.rs": ["grace", "tenure"],
    "barrier.rs": ["grace"],
}


def closing(text, start):
    """The index of the parenthesis that closes the one just before `start`."""
    depth = 1
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise ValueError("unbalanced parentheses")


def is_code(text, index):
    line = text[text.rfind("\n", 0, index) + 1 : index]
    return "//" not in line


def has_model(text, index):
    """Whether the comment above the statement names a model."""
    above = text[:index].rstrip().split("\n")[:-1]
    comment = []
    for line in reversed(above):
        if line.strip().startswith("//"):
            comment.append(line)
        elif comment:
            break
    return any("Model" in line for line in comment)


def mutants():
    files = sorted((ROOT / "src/sync").glob("*.rs")) + sorted((ROOT / "src/reclaim").glob("*.rs"))
    files.append(ROOT / "src/bucket/marked.rs")
    files.append(ROOT / "src/primitive/model.rs")
    for path in files:
        if path.name == "handle.rs":
            continue
        text = path.read_text()
        function = ""
        for call in CALL.finditer(text):
            if not is_code(text, call.start()):
                continue
            if path.name == "model.rs" and not has_model(text, call.start()):
                continue
            names = re.findall(r"\bfn (\w+)", text[: call.start()])
            function = names[-1] if names else "?"
            end = closing(text, call.end())
            orders = list(ORDERING.finditer(text, call.end(), end))
            line = text.count("\n", 0, call.start()) + 1
            site = f"{path.relative_to(ROOT / 'src')}:{line} `{function}`"
            if call[1] == "fence":
                yield path, site, "fence removed", text[: call.start()] + "()" + text[end + 1 :]
                continue
            for which, order in enumerate(orders):
                if call[1] == "load" or which == 1:
                    ladder = LOAD
                elif call[1] == "store":
                    ladder = STORE
                else:
                    ladder = EXCHANGE
                what = call[1] if which == 0 else f"failed {call[1]}"
                for weaker in ladder.get(order[1], []):
                    mutant = text[: order.start(1)] + weaker + text[order.end(1) :]
                    yield path, site, f"{what}: {order[1]} → {weaker}", mutant


def run(scratch, suite, timeout):
    """The model that fails, `None` if all pass."""
    command = ["cargo", "test", "--quiet", "-p", "loom-tests", "--profile", "loom", "--test", suite]
    env = dict(os.environ, CARGO_PROFILE_LOOM_DEBUG="0", RUST_BACKTRACE="0")
    env["CARGO_TARGET_DIR"] = str(scratch / "target")
    build = subprocess.run([*command, "--no-run"], cwd=scratch, env=env, capture_output=True, text=True)
    if build.returncode:
        sys.exit(f"{suite} does not build:\n{build.stderr}")
    try:
        test = subprocess.run(
            command, cwd=scratch, env=env, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return f"{suite}: timeout"
    if test.returncode == 0:
        return None
    panic = re.search(r"thread '([\w:]+)' .*panicked", test.stdout + test.stderr)
    return f"{suite}::{panic[1] if panic else '?'}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scratch", type=pathlib.Path, required=True, help="an empty or old scratch directory")
    parser.add_argument("--only", default="", help="sites that contain this")
    parser.add_argument("--list", action="store_true", help="print the changes, run nothing")
    parser.add_argument("--timeout", type=int, default=900, help="seconds for one suite")
    args = parser.parse_args()
    chosen = [mutant for mutant in mutants() if args.only in f"{mutant[1]} {mutant[2]}"]
    if args.list:
        for _, site, change, _ in chosen:
            print(site, change)
        return
    args.scratch.mkdir(parents=True, exist_ok=True)
    for name in ["Cargo.toml", "Cargo.lock", "src", "loom-tests", "benches", "tests", "examples"]:
        source, target = ROOT / name, args.scratch / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy(source, target)
    for suite in SUITES:
        if failed := run(args.scratch, suite, args.timeout):
            sys.exit(f"{failed} fails before anything is changed")
    survivors = 0
    print("| site | change | result |\n| --- | --- | --- |", flush=True)
    for path, site, change, text in chosen:
        target = args.scratch / path.relative_to(ROOT)
        target.write_text(text)
        first = FIRST.get(path.name, [])
        result = "**survived**"
        for suite in first + [suite for suite in SUITES if suite not in first]:
            if failed := run(args.scratch, suite, args.timeout):
                result = f"killed by {failed}"
                break
        else:
            survivors += 1
        target.write_text(path.read_text())
        print(f"| {site} | {change} | {result} |", flush=True)
    print(f"\n{len(chosen)} changes, {survivors} survived.")


main()
