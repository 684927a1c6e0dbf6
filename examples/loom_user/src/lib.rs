//! A cache over `splitmap::SyncMap` that model-checks its own code.
//!
//! `cargo test` runs the ordinary tests, on the map that ships;
//! `RUSTFLAGS="--cfg splitmap_loom" cargo test --release` runs the models.

use std::hash::{BuildHasher, RandomState};

use splitmap::SyncMap;

/// Documents by name, each loaded when it is first asked for.
#[derive(Debug, Default)]
pub struct Cache<S = RandomState> {
    documents: SyncMap<&'static str, Document, S>,
}

/// A version of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// How often it was edited.
    pub edits: u32,
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S: BuildHasher> Cache<S> {
    /// The document, from `load` if nobody has loaded it yet.
    pub fn open(&self, name: &'static str, load: impl FnOnce() -> Document) -> Document {
        self.documents.get_or_insert_with(name, load).clone()
    }

    /// Counts one edit; `false` if the document was never opened.
    pub fn edit(&self, name: &str) -> bool {
        let edited = self.documents.update(name, |_, document| Document {
            edits: document.edits + 1,
        });
        edited.is_some()
    }

    /// Counts one edit, and now and then loses another's: the document may change between the look and the
    /// insertion.
    pub fn edit_carelessly(&self, name: &'static str) -> bool {
        let Some(edits) = self.documents.get(name).map(|document| document.edits) else {
            return false;
        };
        self.documents.insert(name, Document { edits: edits + 1 });
        true
    }

    /// Whether the document is there.
    pub fn is_open(&self, name: &str) -> bool {
        self.documents.contains_key(name)
    }

    /// Takes the document out.
    pub fn close(&self, name: &str) -> Option<Document> {
        self.documents.remove(name).as_deref().cloned()
    }
}

impl<S: BuildHasher + Default> FromIterator<(&'static str, Document)> for Cache<S> {
    fn from_iter<I: IntoIterator<Item = (&'static str, Document)>>(documents: I) -> Self {
        Self {
            documents: documents.into_iter().collect(),
        }
    }
}

/// Outside of models the same cache is shared between threads of std.
#[cfg(all(test, not(splitmap_loom)))]
mod tests {
    use super::{Cache, Document};

    #[test]
    fn edits_are_counted() {
        let cache = Cache::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    cache.open("a", || Document { edits: 0 });
                    assert!(cache.edit("a"), "was opened");
                });
            }
        });
        assert_eq!(cache.close("a"), Some(Document { edits: 4 }));
    }
}

/// The cache can be shared between threads in both halves.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Cache>();
};
