//! The single-threaded bucket map, and the table that both maps are built on.
//!
//! # Vocabulary
//!
//! * **cell**: room for one entry. **bucket**: eight cells, eight tophash bytes and a link.
//! * **tophash**: one byte a cell, the top of the hash or one of six reserved states ([`tophash`]).
//! * **stamp**: what is kept beside each entry: the low 32 bits of its hash, at least.
//! * **primary bucket**: one of the 2^B that the low bits of a hash choose from; the **home** of the
//!   entries with such hashes. **overflow bucket**: one linked behind. **chain**: a primary bucket and
//!   the overflow buckets behind it. **spare**: an overflow bucket allocated with the primary ones.
//! * **generation**: all buckets allocated for one B, with the overflow buckets added since.
//! * **growth**: the move from an old generation to the current one, **doubling** the primary buckets
//!   or keeping their number (**same-size**). **evacuation**: the move of one chain.
//! * **live**: holding an entry. **evacuated**: moved elsewhere; a mark is left.
//!
//! # Layout
//!
//! ```text
//!  hash   | top 8 bits |          ...           | low 32 bits |
//!              |                                      | low B bits
//!              v                                      v
//!  words   tophash bytes of bucket 0 | of bucket 1 | of bucket 2 | ..   | spares
//!  links   next in chain             |             |     o-------------> a spare or a later bucket
//!  cells   8 entries                 | 8 entries   | 8 entries   | ..   | spares
//!  stamps  8 stamps                  | 8 stamps    | 8 stamps    | ..   | spares
//! ```
//!
//! A lookup reads one word, compares its eight bytes with the hash's top byte at once, and looks at
//! the cells that match, nearly always one or none. It goes on to the next bucket of the chain unless
//! the last byte says that nothing follows.
//!
//! # Invariants
//!
//! They hold whenever user code runs, and [`Table::validate`] checks them:
//!
//! * **B1** A cell and its stamp are initialised exactly when its tophash byte is live.
//! * **B2** In a chain that is not evacuated, live and emptyOne cells come first and do not end in
//!   emptyOne; emptyRest cells follow, to the end.
//! * **B3** A chain has either all or none of its bytes in the three evacuated states; those of the
//!   current generation have none.
//! * **B4** An entry is in the chain of its home, in the old generation if that chain is not evacuated,
//!   otherwise in the current one.
//! * **B5** Every overflow bucket in use is in exactly one chain, and follows that chain's primary.
//! * **B6** While growing: all old buckets below `evacuated` are evacuated and some old bucket is not;
//!   the current chains that an old one will be moved to are empty until it is; the current generation
//!   has as many primary buckets as the old one, or twice as many.
//! * **B7** `len` is the number of live cells; a table without memory has one bucket, none live, and is
//!   not growing.
//!
//! User code (hashing, comparing, dropping, closures) runs only between steps that keep them. Moving
//! entries from generation to generation calls none: the stamp has the hash.

mod chain;
mod grow;
mod header;
mod raw;
mod table;
mod tophash;
#[cfg(any(debug_assertions, splitmap_loom))]
mod validate;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use self::table::Table;
pub(crate) use self::walk::Position;

/// What a table keeps beside each entry.
pub(crate) trait Stamp: Copy {
    /// The low 32 bits of the entry's hash.
    fn low_hash(self) -> u32;
}

/// The low hash and nothing else.
impl Stamp for u32 {
    #[inline]
    fn low_hash(self) -> u32 {
        self
    }
}
