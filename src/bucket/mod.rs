//! The single-threaded bucket map, and the table that both maps are built on.
//!
//! # Vocabulary
//!
//! * **cell**: room for one entry. **bucket**: eight cells, eight tophash bytes and a link.
//! * **tophash**: one byte a cell, the top of the hash or one of six reserved states ([`tophash`]).
//! * **stamp**: what is kept beside each entry: the low 32 bits of its hash, at least.
//! * **primary bucket**: one of the 2^B that the low bits of a hash choose from; the **home** of
//!   the entries with such hashes. **overflow bucket**: one linked behind. **chain**: a primary
//!   bucket and the overflow buckets behind it. **spare**: an overflow bucket allocated with the
//!   primary ones.
//! * **generation**: all buckets allocated for one B, with the overflow buckets added since.
//! * **growth**: the move from an old generation to the current one, **doubling** the primary
//!   buckets or keeping their number (**same-size**). **evacuation**: the move of one chain.
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
//! the cells that match, nearly always one or none. It goes on to the next bucket of the chain
//! unless the last byte says that nothing follows.
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
//! * **B4** An entry is in the chain of its home, in the old generation if that chain is not
//!   evacuated, otherwise in the current one.
//! * **B5** Every overflow bucket in use is in exactly one chain, and follows that chain's primary.
//! * **B6** While growing: all old buckets below `evacuated` are evacuated, and it is below their
//!   number; the current chains that an old one will be moved to are empty until it is; the current
//!   generation has as many primary buckets as the old one, or twice as many.
//! * **B7** `len` is the number of live cells; a table without memory has one bucket, none live,
//!   and is not growing.
//!
//! * **B8** In a [`BucketMap`], no two live entries have the same stamp.
//!
//! User code (hashing, comparing, dropping, closures) runs only between steps that keep them.
//! Moving entries from generation to generation calls none: the stamp has the hash.
//!
//! # Rules
//!
//! What the map does, rule by rule, beside the map of the Go runtime before its version 1.24.
//! Tests cite the numbers. "Not kept" has its reason.
//!
//! Layout:
//!
//! 1. The header has a length, B, a seed, the current and the old array, and how far the old one is
//!    evacuated. Its size is not pinned, as Go's is, since nothing but the map itself reads it.
//! 2. The side lists that keep overflow buckets alive for Go's garbage collector: not kept, there
//!    is none.
//! 3. A bucket has eight cells. Its bytes, entries, stamps and link lie in four arrays, where Go
//!    has them in one block: one far cache miss a lookup less.
//! 4. Entries larger than 128 bytes stored indirectly: not kept, a `Box` is the user's choice.
//! 5. Flags: growth is an enum, the write flag an atomic of its own; `iterator` and `oldIterator`
//!    are not kept, as no iterator looks at arrays that are gone.
//! 6. The six reserved states and the live ones are Go's ([`tophash`]).
//! 7. The tophash of a hash is its top byte, plus 5 if below 5.
//! 8. Whether a chain is evacuated shows in the first byte of its primary bucket (B3).
//! 9. The low B bits of a hash choose the primary bucket.
//!
//! Load, hint, allocation:
//!
//! 10. More than 8 entries, and more than 13/2 a bucket, are too many (Go's `overLoadFactor`):
//!     limits are 8, 13, 26, 52, 104 and so on.
//! 11. Go 1.21's load factor of 6 by rounding too early: not kept, a mistake.
//! 12. So an empty map that is filled grows at the insert of entry 9, 14, 27, 53, 105 and so on.
//! 13. A hint chooses the smallest B it is not too much for; one for more memory than there is
//!     counts as 0.
//! 14. One bucket is allocated by the first insert, more at once.
//! 15. With 2^B buckets come 2^(B-4) spare overflow buckets from B = 4 on. Not kept: rounding up to
//!     the allocator's size classes, which Rust's does not tell.
//! 16. Spares are handed out in order. Not kept: their encoding as a list; a counter does.
//! 17. A new overflow bucket is a spare if there is one, and goes to the end of its chain.
//! 18. Overflow buckets are counted from the last growth or clear on, whether removals empty them
//!     or not. Exactly: Go samples from B = 16 on, to make do with 16 bits.
//! 19. As many overflow buckets as primary ones are too many (Go's `tooManyOverflowBuckets`).
//! 20. One bucket never has an overflow bucket, and is never grown into.
//!
//! Growth:
//!
//! 21. Only the insert of a new entry starts a growth, and only when none is under way.
//! 22. It doubles the buckets if there are too many entries, else it keeps their number
//!     (same-size).
//! 23. Starting it allocates, and moves nothing.
//! 24. Every write (insert, overwrite, remove, also of an absent key) moves the old chain of its
//!     own hash and the first one left. Lookups, iteration and a vacant entry left unfilled move
//!     nothing.
//! 25. While growing no other growth starts, so the limits may be exceeded.
//! 26. Moving a chain appends its entries, in order, to empty chains: the same home, or, when
//!     doubling, that or the one 2^B further by the next bit of the hash. The hash is in the stamp,
//!     where Go asks the key.
//! 27. Go's special case for keys that do not equal themselves: not kept, the stamp decides for
//!     all.
//! 28. What was moved leaves its mark and nothing else; the old array is freed when the growth
//!     ends.
//! 29. The count of evacuated chains passes over those done out of turn, at most 1024 at a time.
//! 30. The number of buckets never falls.
//!
//! Lookup, insert, remove, clear:
//!
//! 31. A lookup in an empty map returns at once and does not hash. (In Go it still has to find out
//!     whether the key can be hashed; in Rust all can.)
//! 32. A lookup goes to the old chain if that is not evacuated, and checks the write flag.
//! 33. It stops at the first emptyRest, and compares keys only where the tophash is equal.
//! 34. Writes hash first and set the write flag then, so that a hasher that panics leaves it clear.
//!     A nil map has no counterpart.
//! 35. An insert takes the first empty cell of its chain.
//! 36. An overwrite keeps the stored key, as std does; Go replaces some kinds.
//! 37. If there is no empty cell the chain gets an overflow bucket, and the entry its cell 0.
//! 38. The write flag is cleared at the end. Values are in place by then.
//! 39. Keys that do not equal themselves are never found; each insert adds an entry. They can be
//!     iterated, drained and cleared.
//! 40. Removing from an empty map does nothing, not even hash.
//! 41. A removed entry is moved out; the cell becomes emptyOne.
//! 42. And emptyRest if nothing follows, with the emptyOne cells right before it (B2).
//! 43. The removal of the last entry renews the seed.
//! 44. As 38.
//! 45. Clearing an empty map does nothing; clearing another ends a growth, renews the seed, keeps B
//!     and makes all its overflow buckets spare again.
//!
//! What Go says of iteration is in [`cursor`], with what it does.
//!

// The methods are documented in the order of these.
mod map;

mod whole;

mod keyed;

mod entry;

mod iter;

// The rest.
mod checked;
mod cursor;
mod hashed;
mod header;
mod identity;
mod marked;
mod stamp;
mod table;
mod tophash;
mod traits;
mod write_flag;

#[cfg(test)]
mod tests;

pub use self::checked::CheckedMap;
pub use self::cursor::Cursor;
pub use self::entry::{Entry, OccupiedEntry, VacantEntry};
pub use self::header::{Growth, Layout};
pub use self::iter::{
    Drain, IntoIter, IntoKeys, IntoValues, Iter, IterMut, Keys, Values, ValuesMut,
};
pub use self::map::BucketMap;
pub(crate) use self::table::{Near, Position, Ruin, Table};

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
