#!/usr/bin/env python3
"""Changes the reclaimer and the state machine in one place at a time and expects a test to fail.

A condition is negated, loses its bound (`<` for `<=`) or has `and` for `or`; a statement is left out. All changes
are built into one copy of the tree, which an environment variable tells which to make. For each one it runs
recorded histories, the unit tests, `tests/it sync_` and the stress tests of garbage and of threads that come and
go, until one fails, and with `--loom` the models if none does; `loom-tests/MUTATION.md` says of each survivor why.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import weaken

# To look for a fault in; a second's worth.
HISTORIES = "2000"

FILES = ["reclaim/announcement", "reclaim/grace", "reclaim/slot", "reclaim/section", "reclaim/tenure"]
FILES += ["sync/entry", "sync/entry/node", "sync/snapshot", "sync/fresh", "sync/write"]
FILES += ["sync/promote", "sync/dirty", "sync/left_out"]

CONDITION = re.compile(r"^(\s*(?:\} else )?(?:if|while) )(?!let )(.*[^{ ])( \{)$")
BOOLEAN = re.compile(r"^(\s*(?:let \w+ = )?)([^{}=;|]*(?: == | != | < | <= | > | >= | && )[^{};]*?)(;?)$")
CHOICE = re.compile(r"^(\s*\()(.*)(\)\.then_some\(.*\))$")
STATEMENT = re.compile(r"^(\s*)((?:[\w.*]+\.\w+|[\w:]+)\(.*\);)$")
# No change of what the code does.
IDLE = re.compile(r"yield_point|assert|#\[|\blet\b|return|=>|^\s*(?:pub|fn|where|impl|for)\b|^\s*\.")
SWAPS = [(" < ", " <= "), (" >= ", " > "), (" <= ", " < "), (" > ", " >= "), (" && ", " || "), (" || ", " && ")]

DOOR = """
/// Which change to make; 0 for none.
pub(crate) fn mutant() -> usize {
    static MUTANT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    *MUTANT.get_or_init(|| std::env::var("SPLITMAP_MUTANT").map_or(0, |number| number.parse().expect("a number")))
}
"""


def boolean(line):
    """A line that is a condition as a whole, or gives one a name."""
    if IDLE.search(re.sub(r"\blet \w+ =", "", line)) or line.endswith(","):
        return None
    if line.endswith(";") and not line.strip().startswith("let "):
        return None
    return BOOLEAN.match(line)


def mutate(path, mutants):
    """The text with all changes of a file in it; adds (number, site, change) to `mutants`."""
    function, lines = "", []
    # The tests of a file stay as they are.
    code, *tests = re.split(r"(?=^#\[cfg\(test\)\]$)", path.read_text(), maxsplit=1, flags=re.M)
    for line in code.split("\n"):
        name = re.search(r"\bfn (\w+)", line)
        function = name[1] if name else function

        def note(change):
            mutants.append((len(mutants) + 1, f"`{path.relative_to(weaken.ROOT / 'src')}` `{function}`", change))
            return len(mutants)

        if line.strip().startswith("//"):
            pass
        elif found := CONDITION.match(line) or CHOICE.match(line) or boolean(line):
            before, condition, after = found.groups()
            arms = [f"{note(f'not ({condition})')} => !({condition})"]
            for old, new in SWAPS:
                if old in condition:
                    swapped = condition.replace(old, new, 1)
                    arms.append(f"{note(f'{condition} → {swapped}')} => {swapped}")
            line = f"{before}(match crate::primitive::mutant() {{ {', '.join(arms)}, _ => {condition} }}){after}"
        elif (found := STATEMENT.match(line)) and not IDLE.search(line):
            number = note(f"without {found[2]}")
            line = f"{found[1]}if crate::primitive::mutant() != {number} {{ {found[2]} }}"
        lines.append(line)
    return "\n".join(lines) + "".join(tests)


def build(scratch, *arguments):
    command = ["cargo", "test", "--quiet", "--no-run", "--message-format=json", *arguments]
    env = dict(os.environ)
    for profile in ("LOOM", "TEST", "DEV"):
        env[f"CARGO_PROFILE_{profile}_DEBUG"] = "0"
        env[f"CARGO_PROFILE_{profile}_OPT_LEVEL"] = "1"
    env["CARGO_TARGET_DIR"] = str(scratch / "target")
    done = subprocess.run(command, cwd=scratch, env=env, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        errors = [message["message"]["rendered"] for message in messages if message.get("message", {}).get("level") == "error"]
        sys.exit("the copy does not build\n" + "\n".join(errors))
    return [message["executable"] for message in messages if message.get("executable")]


def run(command, scratch, number, timeout):
    """What failed: a test, or "timeout"; `None` if nothing did."""
    env = dict(os.environ, RUST_BACKTRACE="0", SPLITMAP_MUTANT=str(number), SPLITMAP_LIN_HISTORIES=HISTORIES)
    try:
        test = subprocess.run(command, cwd=scratch, env=env, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return "timeout"
    if test.returncode == 0:
        return None
    failed = re.search(r"^failures:\n    (\S+)$", test.stdout, re.M) or re.search(r"thread '([\w:]+)'.*panicked", test.stderr)
    return failed[1] if failed else f"status {test.returncode}"


def head(mutant):
    """The row of a change, but for the result."""
    _, site, change = mutant
    return f"| {site} | `{change.replace('|', chr(92) + '|')}` |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scratch", type=pathlib.Path, required=True, help="an empty or old scratch directory")
    parser.add_argument("--only", default="", help="changes that contain this")
    parser.add_argument("--again", type=pathlib.Path, help="only what survived in this table, as printed")
    parser.add_argument("--with", dest="tests", default="", help="only tests of binaries whose names begin so")
    parser.add_argument("--list", action="store_true", help="print the changes, run nothing")
    parser.add_argument("--loom", action="store_true", help="run the loom models on what survives")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    mutants = []
    texts = {name: mutate(weaken.ROOT / f"src/{name}.rs", mutants) for name in FILES}
    chosen = [mutant for mutant in mutants if args.only in f"{mutant[1]} {mutant[2]}"]
    if args.again:
        survivors = [row for row in args.again.read_text().split("\n") if row.endswith("**survived** |")]
        chosen = [mutant for mutant in chosen if any(row.startswith(head(mutant)) for row in survivors)]
    if args.list:
        for mutant in chosen:
            print(*mutant)
        return
    weaken.copy_tree(args.scratch, [])
    for name, text in texts.items():
        (args.scratch / f"src/{name}.rs").write_text(text)
    with (args.scratch / "src/primitive/mod.rs").open("a") as door:
        door.write(DOOR)
    # The quickest first.
    tests = [[binary, "--quiet"] for binary in build(args.scratch, "-p", "lin-tests", "--profile", "loom", "--tests")]
    filters = {"it": ["sync_"], "stress": ["garbage", "coming_and_going"]}
    for binary in build(args.scratch, "-p", "splitmap", "--lib", "--test", "it", "--test", "stress"):
        name = pathlib.Path(binary).name.rsplit("-", 1)[0]
        tests.append([binary, "--quiet", *filters.get(name, [])])
    models = []
    if args.loom:
        models = [[binary, "--quiet"] for binary in build(args.scratch, "-p", "loom-tests", "--profile", "loom", "--tests")]
    tests, models = (
        [command for command in commands if pathlib.Path(command[0]).name.startswith(args.tests)]
        for commands in (tests, models)
    )
    limits = {}
    for command in tests + models:
        begin = time.monotonic()
        if failed := run(command, args.scratch, 0, 600):
            sys.exit(f"{failed} fails before anything is changed")
        limits[command[0]] = 20 + 5 * (time.monotonic() - begin)

    def verdict(mutant):
        for command in tests + models:
            if failed := run(command, args.scratch, mutant[0], limits[command[0]]):
                return f"{pathlib.Path(command[0]).name.rsplit('-', 1)[0]}::{failed}"
        return "**survived**"

    print("| site | change | test that fails |\n| --- | --- | --- |", flush=True)
    survivors = 0
    pool = concurrent.futures.ThreadPoolExecutor(args.jobs)
    for mutant, result in zip(chosen, pool.map(verdict, chosen)):
        survivors += "survived" in result
        print(f"{head(mutant)} {result} |", flush=True)
    print(f"\n{len(chosen)} changes, {survivors} survived.")


main()
