//! Knows every instance ever made: how many live, and whether one was dropped twice.

use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Default)]
struct Book {
    /// By number: whether the instance is alive.
    alive: Vec<bool>,
    live: usize,
    dropped_twice: usize,
}

/// Counts instances of [`Token`]; clones share one count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<Book>>);

impl Ledger {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn with<R>(&self, body: impl FnOnce(&mut Book) -> R) -> R {
        body(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn token(&self) -> Token {
        let number = self.with(|book| {
            book.alive.push(true);
            book.live += 1;
            book.alive.len() - 1
        });
        Token {
            number,
            ledger: self.clone(),
        }
    }

    /// How many tokens exist.
    pub(crate) fn live(&self) -> usize {
        self.with(|book| {
            assert_eq!(book.dropped_twice, 0, "instances were dropped twice");
            book.live
        })
    }

    /// How many tokens were ever made.
    pub(crate) fn made(&self) -> usize {
        self.with(|book| book.alive.len())
    }

    /// Every token made was dropped, once.
    #[track_caller]
    pub(crate) fn assert_settled(&self) {
        let made = self.made();
        assert_ne!(made, 0, "nothing was counted");
        assert_eq!(self.live(), 0, "of {made} instances these were leaked");
    }
}

/// One registered instance; a clone is another.
#[derive(Debug)]
pub(crate) struct Token {
    number: usize,
    ledger: Ledger,
}

impl Clone for Token {
    fn clone(&self) -> Self {
        self.ledger.token()
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.ledger.with(|book| {
            if std::mem::replace(&mut book.alive[self.number], false) {
                book.live -= 1;
            } else {
                book.dropped_twice += 1;
            }
        });
    }
}
