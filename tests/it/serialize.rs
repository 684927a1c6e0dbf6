//! The feature `serde`: what is written is read again, and hostile input is refused.

use splitmap::{BucketMap, SyncMap, SyncSet};

#[test]
fn maps_and_sets_come_back() {
    let map: SyncMap<String, u32> = (0..100).map(|key| (key.to_string(), key)).collect();
    drop(map.insert(String::from("new"), 7));
    drop(map.remove("3"));
    let json = serde_json::to_string(&map).expect("serializable");
    let back: SyncMap<String, u32> = serde_json::from_str(&json).expect("a map");
    assert_eq!(back.snapshot().len(), 100);
    assert!(
        back.iter()
            .all(|entry| map.get(entry.key()).as_deref() == Some(&*entry))
    );
    assert!(!back.stats().amended, "starts promoted");

    let bucket: BucketMap<String, u32> = serde_json::from_str(&json).expect("a map");
    assert_eq!(bucket.len(), 100);
    let json = serde_json::to_string(&bucket).expect("serializable");
    assert_eq!(
        serde_json::from_str::<BucketMap<String, u32>>(&json).expect("a map"),
        bucket
    );

    let set = SyncSet::from([1, 2, 3]);
    let json = serde_json::to_string(&set).expect("serializable");
    let back: SyncSet<u32> = serde_json::from_str(&json).expect("a sequence");
    assert_eq!((back.len(), back.contains(&2)), (3, true));
}

#[test]
fn small_ones_look_as_expected() {
    let map = SyncMap::from([("a", 1)]);
    assert_eq!(
        serde_json::to_string(&map).expect("serializable"),
        r#"{"a":1}"#
    );
    let set = SyncSet::from(["a"]);
    assert_eq!(
        serde_json::to_string(&set).expect("serializable"),
        r#"["a"]"#
    );
}

#[test]
fn the_last_value_of_a_key_stays() {
    let map: SyncMap<String, u32> = serde_json::from_str(r#"{"a":1,"a":2}"#).expect("a map");
    assert_eq!((map.len(), map.get("a").as_deref()), (1, Some(&2)));
}

#[test]
fn other_input_is_refused() {
    assert!(serde_json::from_str::<SyncMap<String, u32>>("[1]").is_err());
    assert!(serde_json::from_str::<SyncMap<String, u32>>(r#"{"a":"b"}"#).is_err());
    assert!(serde_json::from_str::<SyncSet<u32>>(r#"{"a":1}"#).is_err());
    assert!(serde_json::from_str::<BucketMap<String, u32>>("{").is_err());
}
