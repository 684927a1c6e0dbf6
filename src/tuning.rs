//! Every constant that trades time for space.

/// A build whose interleavings are explored, by a model checker or a stress test: what otherwise takes hundreds of
/// operations has to happen within a few.
const EXPLORED: bool = cfg!(any(splitmap_models, splitmap_shuttle, splitmap_stress));

/// Retired objects that a thread gathers before it pays for a process-wide barrier.
///
/// The barrier costs about 2 us on two cores, so at 256 objects an update carries 8 ns of it. The price
/// is memory: every thread that writes may keep this many dead objects of each map it writes to.
///
/// Explored: small enough that a model, or a stress test, reclaims within a few operations.
pub(crate) const RETIRED_BATCH: usize = if EXPLORED { 2 } else { 256 };

/// Maps per thread whose reader slot is found by one compare; a power of two.
///
/// Maps are dealt to the ways by their number, so that a program with at most this many maps never
/// searches. 16 bytes of thread-local storage each.
pub(crate) const RECENT_SLOTS: usize = 8;

/// Additions and misses for each bucket of a snapshot's table that make the next snapshot due.
///
/// A lookup that finds its key in a fresh list follows more pointers than one that finds it in the table: one, and
/// one for every newer entry of that list. With four a list has four entries at most on average, and six by the
/// end of the building.
///
/// The rule is that of the ski rental (Karlin, Manasse, Rudolph and Sleator, Algorithmica 1988): what the walks
/// have cost by then is about what the building costs, so that the two together are at most twice the cheaper
/// one. Measured in maps of a thousand, 16 thousand and a million keys: a bucket, with its list eight or nine
/// entries, costs 230, 280 and 600 ns to copy; four walks 70, 140 and 880 ns more than four settled hits.
///
/// Explored: in a map of one bucket the first addition or miss makes the next snapshot due.
pub(crate) const PRESSURE_PER_BUCKET: usize = if EXPLORED { 1 } else { 4 };

/// Bits of the filter before each fresh list; a power of two.
///
/// With two entries in a list, the average over its life, an eighth of the lookups of absent keys walk it in
/// vain. Two bytes a bucket, less than half a byte an entry.
pub(crate) const FILTER_BITS: usize = 16;

/// Buckets copied for each thing that the copying thread has noted.
///
/// With two, a building begun at four additions a bucket is done after about half an addition a bucket more, for which
/// the new table has room.
///
/// Explored: so that a small table is not copied in one step.
pub(crate) const BUCKETS_PER_NOTE: usize = if EXPLORED { 1 } else { 2 };

/// Buckets whose entries are looked for at once.
///
/// About as many cache misses as one core has under way at once, for each bucket one.
///
/// Explored: so that a small table is not copied in one step.
pub(crate) const BUCKETS_ABREAST: usize = if EXPLORED { 2 } else { 8 };

/// Entries after which a thread that copies leaves the rest to the next one.
///
/// An entry costs 20 ns to copy while the map fits the cache, and 60 to 90 when it does not: a step takes 10 to 45 us.
/// What a thread notes while another holds the mutex adds up, and so do the entries of lists while the thread that
/// should copy them is kept from running. The first makes no step longer, the second only to the end of the
/// [`BUCKETS_ABREAST`] at which it comes to so many.
///
/// Explored: so that a small table is not copied in one step.
pub(crate) const ENTRIES_AT_ONCE: usize = if EXPLORED { 1 } else { 512 };

/// Looks at a mutex that another thread has, before a thread sleeps.
///
/// 14 us or more, as the processor has it: about as long as a step, and as sleeping and being woken takes. Whoever
/// spins as long as sleeping would cost waits at most twice as long as need be (Karlin, Li, Manasse and Owicki, SOSP
/// 1991). Two threads that add a million keys take 0.88 of the time they take without.
pub(crate) const SPINS: u32 = 2000;

/// The most that a thread notes before it reports.
///
/// Reporting takes the mutex, if it is free, and copies twice as many buckets while the next snapshot is being
/// built, as far as [`ENTRIES_AT_ONCE`] goes.
///
/// Explored: every operation that notes something takes a step.
pub(crate) const MOST_PATIENCE: u32 = if EXPLORED { 1 } else { 32 };

/// Removals that a thread notes before it reports: so many even in a small map, where a removal would take the mutex
/// otherwise.
///
/// In a model: so that one removal by each thread is not reported, and two are.
pub(crate) const LEAST_REMOVALS: u32 = if cfg!(splitmap_models) { 2 } else { 16 };

/// Fresh lists made in one step.
///
/// Zeroing them takes a microsecond. More than usual are due where the table that they are for has begun to grow.
pub(crate) const LISTS_AT_ONCE: usize = 512;

/// Old buckets moved in one step while the next snapshot's table grows.
pub(crate) const GROWTH_STEP: usize = 64;

/// Entries to an allocation of those that a snapshot is built without.
pub(crate) const LEAVING_CHUNK: usize = 512;

/// Entries of former snapshots that are retired in one step.
pub(crate) const LEAVING_STEP: usize = 64;

/// Objects that one operation frees, or a batch if that has more.
///
/// Frees of small objects cost 20 to 50 ns each, so 10 to 25 us.
pub(crate) const DUE_STEP: usize = 512;

/// Empty lists of garbage that a map keeps to use again: for as many threads that close batches at once.
pub(crate) const EMPTY_LISTS: usize = 4;

/// Bytes of boxes that a thread keeps to use again for values of one map.
///
/// Two batches of values of up to 64 bytes: with one that waits for readers and one that fills up, updates at a
/// steady pace do not allocate.
pub(crate) const SPARE_BYTES: usize = 2 * RETIRED_BATCH * 64;

/// Keys for which `SyncMap::get_many` fetches memory together.
///
/// About as many cache misses as one core has under way at once (10 to 16 on current processors).
pub(crate) const LOOKUPS_AT_ONCE: usize = 16;

/// Buckets from which on a table is taken not to fit the cache, so that `SyncMap::get_many` fetches ahead.
///
/// With four entries to a bucket, entries of two numbers take 2 MB by then. Where everything is near, fetching ahead
/// only costs: single lookups of a thousand keys in a row take 0.6 of the time, of 16 thousand keys 0.8, of a million
/// 1.3 (medians of 7 rounds, in two runs).
pub(crate) const FAR_BUCKETS: usize = if EXPLORED { 1 } else { 8192 };
