//! Which types may cross threads.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, MutexGuard};

use splitmap::{BucketMap, Ref, SyncMap};

use crate::support::hashers::{Good, Identity};
use crate::support::implements;

/// May be shared but not sent.
type SyncOnly = MutexGuard<'static, u8>;

#[test]
fn bucket_map_is_send_and_sync_as_std_is() {
    macro_rules! same {
        ($($key:ty, $value:ty;)+) => {$(
            assert_eq!(
                implements!(BucketMap<$key, $value>: Send),
                implements!(HashMap<$key, $value>: Send)
            );
            assert_eq!(
                implements!(BucketMap<$key, $value>: Sync),
                implements!(HashMap<$key, $value>: Sync)
            );
        )+};
    }
    same! {
        u8, String;
        Rc<u8>, u8;
        u8, Rc<u8>;
        u8, Cell<u8>;
        *const u8, u8;
        u8, SyncOnly;
        &'static str, RefCell<u8>;
    }
    // Not all of one kind, or the comparison would prove nothing.
    assert!(implements!(BucketMap<u8, String>: Send));
    assert!(implements!(BucketMap<u8, String>: Sync));
    assert!(!implements!(BucketMap<u8, Rc<u8>>: Send));
    assert!(!implements!(BucketMap<u8, Cell<u8>>: Sync));
}

#[test]
fn bucket_map_is_unpin_and_unwind_safe_as_std_is() {
    use std::panic::UnwindSafe;

    assert!(implements!(BucketMap<u8, String, Good>: Unpin));
    assert!(implements!(BucketMap<u8, String, Good>: UnwindSafe));
}

#[test]
fn bucket_map_with_a_local_hasher_stays_local() {
    struct Local(#[expect(dead_code, reason = "only its type matters")] Rc<u8>);
    assert!(!implements!(BucketMap<u8, u8, Local>: Send));
    assert!(!implements!(BucketMap<u8, u8, Local>: Sync));
    assert!(!implements!(SyncMap<u8, u8, Local>: Send));
    assert!(!implements!(SyncMap<u8, u8, Local>: Sync));
}

#[test]
fn sync_map_of_shareable_types_is_shared() {
    assert!(implements!(SyncMap<u8, String>: Send));
    assert!(implements!(SyncMap<u8, String>: Sync));
    assert!(implements!(SyncMap<String, Arc<str>, Identity>: Send));
    assert!(implements!(SyncMap<&'static str, Box<[u8]>, Identity>: Sync));
}

#[test]
fn sync_map_is_sync_only_if_keys_and_values_are_send_and_sync() {
    assert!(!implements!(SyncMap<Rc<u8>, u8>: Sync));
    assert!(!implements!(SyncMap<u8, Rc<u8>>: Sync));
    assert!(!implements!(SyncMap<u8, Cell<u8>>: Sync));
    assert!(!implements!(SyncMap<*const u8, u8>: Sync));
    // Any thread that shares the map may remove and drop what another put in.
    assert!(!implements!(SyncMap<u8, SyncOnly>: Sync));
}

#[test]
fn sync_map_is_send_only_if_keys_and_values_are() {
    assert!(!implements!(SyncMap<Rc<u8>, u8>: Send));
    assert!(!implements!(SyncMap<u8, Rc<u8>>: Send));
    assert!(!implements!(SyncMap<u8, SyncOnly>: Send));
}

#[test]
fn ref_never_leaves_its_thread() {
    assert!(!implements!(Ref<'static, u8, u8>: Send));
    assert!(!implements!(Ref<'static, String, Arc<str>>: Send));
    assert!(!implements!(Ref<'static, u8, Rc<u8>>: Sync));
    assert!(!implements!(Ref<'static, u8, Cell<u8>>: Sync));
}

#[test]
fn ref_may_be_lent_to_other_threads_if_key_and_value_may() {
    assert!(implements!(Ref<'static, String, Arc<str>>: Sync));
    assert!(!implements!(Ref<'static, Cell<u8>, u8>: Sync));
    assert!(!implements!(Ref<'static, Rc<u8>, u8>: Sync));
}

#[test]
fn stats_and_layout_are_plain_data() {
    use splitmap::{Growth, Layout, Stats};

    assert!(implements!(Stats: Send) && implements!(Stats: Sync));
    assert!(implements!(Layout: Send) && implements!(Layout: Sync));
    assert!(implements!(Growth: Send) && implements!(Growth: Sync));
    assert!(implements!(Stats: std::fmt::Debug));
    assert!(implements!(Layout: std::fmt::Debug));
    assert!(implements!(Growth: std::fmt::Debug));
}
