//! Holds the list of rules against the tests: a rule that is kept has one that names it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::support::HashWith;
use crate::bucket::{BucketMap, Growth};

#[test]
fn rules_1_3_and_5_header_and_arrays() {
    let mut map = BucketMap::with_hasher(HashWith::GOOD);
    map.extend((0..209_u64).map(|n| (n, n)));
    let layout = map.layout();
    assert_eq!((map.len(), layout.buckets), (209, 64));
    assert_eq!((layout.old_buckets, layout.growth), (32, Growth::Doubling));
    assert!(layout.evacuated < 32);
    assert_ne!(map.life.seed, BucketMap::<u64, u64>::new().life.seed);

    // The cells of one bucket are followed by those of the next.
    let cell = |bucket, cell| map.table.current.entry(bucket, cell).addr().get();
    let size = size_of::<(u64, u64)>();
    assert_eq!(cell(3, 7) - cell(3, 0), 7 * size);
    assert_eq!(cell(4, 0) - cell(3, 0), 8 * size);
}

#[test]
fn every_rule_that_is_kept_is_cited() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("src/bucket/mod.rs")).expect("PANIC: is there");
    let kept = kept(&list);
    assert_eq!(kept.last(), Some(&45));
    let mut cited = BTreeSet::new();
    for folder in ["src/bucket/tests", "tests/it"] {
        // The second is not in the package that is published.
        for file in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let path = file.expect("PANIC: can be listed").path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).expect("PANIC: can be read");
                cited.extend(citations(&text));
            }
        }
    }
    let missing: Vec<_> = kept.difference(&cited).collect();
    assert!(missing.is_empty(), "no test cites rules {missing:?}");
}

/// The rules of the list, less those of which nothing is kept.
fn kept(list: &str) -> BTreeSet<u32> {
    let mut rules: Vec<(u32, String)> = Vec::new();
    for line in list.lines().filter_map(|line| line.strip_prefix("//! ")) {
        let first = line.split_once(". ");
        match first.and_then(|(number, text)| Some((number.parse().ok()?, text))) {
            Some((number, text)) => rules.push((number, text.to_owned())),
            None => {
                if let (Some((_, rule)), true) = (rules.last_mut(), line.starts_with("  ")) {
                    rule.push(' ');
                    rule.push_str(line.trim());
                }
            }
        }
    }
    let numbers: Vec<_> = rules.iter().map(|(number, _)| *number).collect();
    assert!(numbers.iter().copied().eq(1..=45), "{numbers:?}");
    rules.retain(|(_, rule)| !rule.contains(": not kept,"));
    rules.into_iter().map(|(number, _)| number).collect()
}

/// The numbers after "rule" or "rules", in prose or in a test's name: one, several, "7 to 9".
fn citations(text: &str) -> BTreeSet<u32> {
    let mut cited = BTreeSet::new();
    let text = text.to_lowercase().replace('_', " ");
    for after in text.split("rule").skip(1) {
        let Some(words) = after.strip_prefix('s').unwrap_or(after).strip_prefix(' ') else {
            continue;
        };
        let words = words.split([' ', ',']).filter(|word| !word.is_empty());
        let (mut last, mut is_range) = (0, false);
        for word in words {
            match word {
                "and" => {}
                "to" => is_range = true,
                _ => {
                    let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
                    let Ok(number) = digits.parse() else { break };
                    cited.extend(if is_range {
                        last + 1..=number
                    } else {
                        number..=number
                    });
                    (last, is_range) = (number, false);
                    if digits != word {
                        break;
                    }
                }
            }
        }
    }
    cited
}

#[test]
fn citations_are_read_in_names_and_in_prose() {
    let read = |text| citations(text).into_iter().collect::<Vec<_>>();
    assert_eq!(
        read("fn rules_16_to_18_and_37_are_kept()"),
        [16, 17, 18, 37]
    );
    assert_eq!(read("// Rule 7: rules, 3 of them."), [7]);
    assert_eq!(read("no rule names it"), [0; 0]);
}
