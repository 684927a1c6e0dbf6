//! Counts words on several threads into one map: no update is lost, no lock is held.

use std::thread;

use splitmap::SyncMap;

const TEXT: &str = "the quick brown fox jumps over the lazy dog and the dog sleeps on";

fn main() {
    const ROUNDS: usize = 2_000;
    let counts = SyncMap::<&str, usize>::new();

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    for word in TEXT.split_whitespace() {
                        // Once a word is there, this is one exchange of a pointer.
                        drop(counts.update_or_insert(word, |_, count| count + 1, 1));
                    }
                }
            });
        }
    });

    // Plain references and a stable picture, for sorting.
    let counts = counts.snapshot();
    let mut ranking: Vec<_> = counts.iter().collect();
    ranking.sort_by_key(|&(word, count)| (std::cmp::Reverse(*count), *word));
    for (word, count) in ranking.iter().take(3) {
        println!("{count:>6} {word}");
    }
    assert_eq!(ranking[0], (&"the", &(3 * 4 * ROUNDS)));
    assert_eq!(counts.len(), 11);
}
