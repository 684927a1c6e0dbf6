//! The interpreters behind the fuzz targets: bytes in, operations on a map out, every answer checked.
//!
//! The fuzz targets link this as a library; the main package's tests include the very same files by
//! path and replay the corpus with them, so each file of the corpus is a regression test that needs no
//! tool. Hence only what both have is used here: the public interface of `splitmap`, and `equivalent`.
//!
//! Any bytes are a valid program. A run that ends without a panic found nothing.

mod bucket;
mod bytes;
mod checked;
mod cursor;
mod entry;
mod hostile;
mod shadow;
mod shape;
mod subject;
mod sync;
mod whim;

use self::bytes::Bytes;
use self::subject::{Boxed, Nothing, Wide};

/// Every operation of `BucketMap`, against std's map, a model of the layout, and what cursors promise.
pub fn bucket_map(data: &[u8]) {
    pin_randomness(data);
    let mut bytes = Bytes::new(data);
    match bytes.byte() % 8 {
        6 => bucket::run::<Wide>(bytes),
        7 => bucket::run::<Nothing>(bytes),
        _ => bucket::run::<Boxed>(bytes),
    }
    subject::assert_all_dropped();
}

/// `BucketMap` with user code that lies and panics: only what must hold even then is checked.
pub fn bucket_map_hostile(data: &[u8]) {
    pin_randomness(data);
    hostile::run(Bytes::new(data));
    subject::assert_all_dropped();
}

/// Every operation of `SyncMap`, on one thread, against std's map.
pub fn sync_map(data: &[u8]) {
    pin_randomness(data);
    sync::run(Bytes::new(data));
    subject::assert_all_dropped();
}

/// Every operation of `CheckedMap`, closures that use the map included, against std's map.
pub fn checked_map(data: &[u8]) {
    pin_randomness(data);
    checked::run(Bytes::new(data));
    subject::assert_all_dropped();
}

/// The same bytes take the same course, where the library lets itself be pinned (debug builds). In a
/// release build the maps choose new seeds and starting points each time.
fn pin_randomness(data: &[u8]) {
    #[cfg(debug_assertions)]
    splitmap::replay::pin_randomness(data.len() as u64);
    let _ = data;
}
