//! Reads the trace formats, and interns keys so that a replay only follows indices.
//!
//! | name         | content                                                                 |
//! |--------------|-------------------------------------------------------------------------|
//! | `NAME.u64`   | little-endian `u64` keys, each looked up                                  |
//! | `NAME.ops`   | lines of `op key n`, keys are numbers; a fourth number is allowed, unused |
//! | `NAME.str`   | lines of `op<TAB>key<TAB>n`                                               |
//! | `NAME.keys`  | lines of one key, each looked up                                          |
//!
//! `op` is `get`, `set` or `del`. Each may be compressed, and is then called `NAME.….zst`.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::path::Path;
use std::str;
use std::sync::Arc;

use super::input::{self, Fault};

/// What a trace's keys can do.
pub(crate) trait Key: Hash + Eq + Clone + fmt::Debug + Send + Sync {}

impl<K: Hash + Eq + Clone + fmt::Debug + Send + Sync> Key for K {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Get,
    Set,
    Del,
}

/// One operation; `key` is an index into [`Trace::keys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Op {
    /// The third column: a number of bytes, or of a process.
    pub(crate) number: u64,
    pub(crate) key: u32,
    pub(crate) kind: Kind,
}

/// Operations in order, and the distinct keys they name.
#[derive(Debug)]
pub(crate) struct Trace<K> {
    pub(crate) keys: Vec<K>,
    pub(crate) ops: Vec<Op>,
}

/// A trace in the key type its format calls for.
#[derive(Debug)]
pub(crate) enum AnyTrace {
    Numbers(Trace<u64>),
    Strings(Trace<Arc<str>>),
}

/// Reads and parses `path`; the error is one line that names the file, and the line in it.
pub(crate) fn load(path: &Path) -> Result<AnyTrace, String> {
    let parsed = Format::of(path).and_then(|format| format.parse(&input::read(path)?));
    parsed.map_err(|fault| fault.in_file(path))
}

#[derive(Clone, Copy, Debug)]
enum Format {
    U64,
    Ops,
    Str,
    Keys,
}

impl Format {
    fn of(path: &Path) -> Result<Self, Fault> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".zst").unwrap_or(&name);
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("u64") => Ok(Format::U64),
            Some("ops") => Ok(Format::Ops),
            Some("str") => Ok(Format::Str),
            Some("keys") => Ok(Format::Keys),
            _ => Err(Fault::whole(
                "unknown trace format: the name must end in .u64, .ops, .str or .keys, \
                 or that and .zst",
            )),
        }
    }

    fn parse(self, bytes: &[u8]) -> Result<AnyTrace, Fault> {
        let trace = match self {
            Format::U64 => AnyTrace::Numbers(parse_u64(bytes)?),
            Format::Ops => AnyTrace::Numbers(parse_ops(text(bytes)?)?),
            Format::Str => AnyTrace::Strings(parse_str(text(bytes)?)?),
            Format::Keys => AnyTrace::Strings(parse_keys(text(bytes)?)?),
        };
        let (AnyTrace::Numbers(Trace { ops, .. }) | AnyTrace::Strings(Trace { ops, .. })) = &trace;
        if ops.is_empty() {
            return Err(Fault::whole("empty trace: no operation in it"));
        }
        Ok(trace)
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        Fault::at(line, "not UTF-8")
    })
}

fn parse_u64(bytes: &[u8]) -> Result<Trace<u64>, Fault> {
    let keys = bytes.chunks_exact(8);
    if !keys.remainder().is_empty() {
        let what = format!(
            "{} bytes are not a whole number of 8-byte keys",
            bytes.len()
        );
        return Err(Fault::whole(what));
    }
    let mut interner = Interner::default();
    for key in keys {
        let key = key.try_into().expect("PANIC: chunks are of eight bytes");
        interner.push(Kind::Get, &u64::from_le_bytes(key), 0);
    }
    Ok(interner.trace)
}

fn parse_keys(text: &str) -> Result<Trace<Arc<str>>, Fault> {
    let mut interner = Interner::default();
    for (key, line) in text.lines().zip(1..) {
        if key.is_empty() {
            return Err(Fault::at(line, "empty key"));
        }
        interner.push(Kind::Get, key, 0);
    }
    Ok(interner.trace)
}

fn parse_str(text: &str) -> Result<Trace<Arc<str>>, Fault> {
    let mut interner = Interner::default();
    for (row, line) in text.lines().zip(1..) {
        let fields: Vec<_> = row.split('\t').collect();
        let [op, key, number] = fields[..] else {
            return Err(malformed(line, "`op<TAB>key<TAB>n`", row));
        };
        if key.is_empty() {
            return Err(Fault::at(line, "empty key"));
        }
        interner.push(kind(op, line)?, key, parse_number(number, line)?);
    }
    Ok(interner.trace)
}

fn parse_ops(text: &str) -> Result<Trace<u64>, Fault> {
    let mut interner = Interner::default();
    for (row, line) in text.lines().zip(1..) {
        let fields: Vec<_> = row.split(' ').collect();
        let (op, key, number) = match fields[..] {
            [op, key, number] => (op, key, number),
            [op, key, number, extra] if extra.parse::<u64>().is_ok() => (op, key, number),
            _ => return Err(malformed(line, "`op key n`", row)),
        };
        let key = parse_number(key, line)?;
        interner.push(kind(op, line)?, &key, parse_number(number, line)?);
    }
    Ok(interner.trace)
}

fn kind(op: &str, line: usize) -> Result<Kind, Fault> {
    match op {
        "get" => Ok(Kind::Get),
        "set" => Ok(Kind::Set),
        "del" => Ok(Kind::Del),
        _ => Err(malformed(line, "get, set or del", op)),
    }
}

fn parse_number(field: &str, line: usize) -> Result<u64, Fault> {
    let malformed = |_| malformed(line, "a number below 2^64", field);
    field.parse().map_err(malformed)
}

fn malformed(line: usize, expected: &str, found: &str) -> Fault {
    const SHOWN: usize = 60;
    let shown: String = found.chars().take(SHOWN).collect();
    let more = if shown.len() < found.len() { "..." } else { "" };
    Fault::at(line, format!("expected {expected}, found {shown:?}{more}"))
}

/// Builds a trace, giving each distinct key the next index.
struct Interner<K> {
    indices: HashMap<K, u32, foldhash::fast::RandomState>,
    trace: Trace<K>,
}

impl<K> Default for Interner<K> {
    fn default() -> Self {
        let (keys, ops) = (Vec::new(), Vec::new());
        Interner {
            indices: HashMap::default(),
            trace: Trace { keys, ops },
        }
    }
}

impl<K: Key> Interner<K> {
    fn push<Q>(&mut self, kind: Kind, key: &Q, number: u64)
    where
        K: Borrow<Q> + From<Q::Owned>,
        Q: Hash + Eq + ToOwned + ?Sized,
    {
        let index = match self.indices.get(key) {
            Some(&index) => index,
            None => self.add(key.to_owned().into()),
        };
        self.trace.ops.push(Op {
            number,
            key: index,
            kind,
        });
    }

    fn add(&mut self, key: K) -> u32 {
        let index = u32::try_from(self.trace.keys.len())
            .expect("PANIC: the bound on a trace's bytes bounds its keys");
        self.trace.keys.push(key.clone());
        self.indices.insert(key, index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(format: Format, bytes: &[u8]) -> Trace<Arc<str>> {
        match format.parse(bytes) {
            Ok(AnyTrace::Strings(trace)) => trace,
            other => panic!("{other:?}"),
        }
    }

    fn fault(format: Format, bytes: &[u8]) -> String {
        let fault = format.parse(bytes).expect_err("accepted");
        fault.in_file(Path::new("t"))
    }

    #[test]
    fn keys_are_interned_in_order_of_appearance() {
        let trace = strings(Format::Str, b"get\ta b\t7\nset\tc\t1\ndel\ta b\t2");
        assert_eq!(trace.keys, ["a b".into(), "c".into()]);
        let op = |kind, key, number| Op { number, key, kind };
        let ops = [
            op(Kind::Get, 0, 7),
            op(Kind::Set, 1, 1),
            op(Kind::Del, 0, 2),
        ];
        assert_eq!(trace.ops, ops);
        assert_eq!(strings(Format::Keys, b"x\ny\nx\n").ops.len(), 3);
    }

    #[test]
    fn numbers_stay_numbers() {
        let mut bytes = [0; 16];
        bytes[8] = 9;
        for (format, bytes) in [
            (Format::U64, &bytes[..]),
            (Format::Ops, b"get 0 1\nset 9 8 4\n"),
        ] {
            let Ok(AnyTrace::Numbers(trace)) = format.parse(bytes) else {
                panic!("{format:?} is not of numbers");
            };
            assert_eq!(trace.keys, [0, 9]);
        }
    }

    #[test]
    fn faults_name_the_line() {
        assert!(fault(Format::Ops, b"get 1 1\nget 1\n").starts_with("t:2: expected `op key n`"));
        assert!(fault(Format::Ops, b"get 1 1 x\n").starts_with("t:1: expected"));
        assert!(fault(Format::Ops, b"get a 1\n").contains("number"));
        assert!(fault(Format::Str, b"get\ta\t1\n\n").starts_with("t:2: expected"));
        assert!(fault(Format::Str, b"put\ta\t1\n").contains("found \"put\""));
        assert!(fault(Format::Str, b"get\ta\t-1\n").contains("number"));
        assert!(fault(Format::Str, b"get\t\t1\n").contains("t:1: empty key"));
        assert!(fault(Format::Keys, b"a\nb\xff\n").starts_with("t:2: not UTF-8"));
        assert!(fault(Format::Keys, b"a\n\nb\n").contains("t:2: empty key"));
        assert!(fault(Format::U64, &[0; 9]).contains("t: 9 bytes"));
        assert!(fault(Format::Keys, b"").contains("t: empty trace"));
    }
}
