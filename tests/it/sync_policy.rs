//! When a map begins to build its next snapshot by itself, told by its figures.

use splitmap::{Promotion, SyncMap, SyncSet};

const POLICIES: [Promotion; 3] = [Promotion::Automatic, Promotion::Eager, Promotion::Manual];

/// Room for these is 256 buckets.
const ROOM: u32 = 1_000;
const BUCKETS: u32 = 256;

/// The most that a thread notes before it reports.
const PATIENCE: u32 = 32;

fn with_room(policy: Promotion) -> SyncMap<u32, u32> {
    SyncMap::with_capacity(ROOM as usize).with_promotion(policy)
}

fn settled(policy: Promotion) -> SyncMap<u32, u32> {
    let map = with_room(Promotion::Manual);
    (&map).extend((0..ROOM).map(|key| (key, key)));
    map.promote();
    map.set_promotion(policy);
    let stats = map.stats();
    assert_eq!((stats.promotions, stats.read_len), (1, ROOM as usize));
    map
}

/// Looks up a fresh key until it is settled, or so often; returns how often.
fn look_up(map: &SyncMap<u32, u32>, key: u32, most: u32) -> u32 {
    (0..most)
        .take_while(|_| {
            assert_eq!(map.get(&key).as_deref(), Some(&key));
            map.stats().amended
        })
        .count()
        .try_into()
        .expect("few")
}

#[test]
fn automatic_is_the_default() {
    assert_eq!(
        SyncMap::<u32, u32>::default().promotion(),
        Promotion::Automatic
    );
    assert_eq!(Promotion::default(), Promotion::Automatic);
}

#[test]
fn automatic_builds_once_new_keys_have_cost_what_copying_costs() {
    let map = with_room(Promotion::Automatic);
    for key in 0..2 * BUCKETS {
        map.insert(key, key);
    }
    assert_eq!(map.stats().promotions, 0, "two keys a bucket are few");
    for key in 2 * BUCKETS..6 * BUCKETS {
        map.insert(key, key);
    }
    assert_eq!(map.stats().promotions, 1);
}

#[test]
fn eager_builds_for_the_first_new_keys() {
    let map = with_room(Promotion::Eager);
    for key in 0..2 * BUCKETS {
        map.insert(key, key);
    }
    let stats = map.stats();
    assert!(stats.promotions >= 2, "{stats:?}");
    assert!(stats.read_len >= BUCKETS as usize, "{stats:?}");
}

#[test]
fn eager_settles_a_single_key_after_few_lookups() {
    // Half a lookup for each bucket, and three reports: to begin, to come to the end, to publish.
    let enough = BUCKETS / 2 + 4 * PATIENCE;
    let eager = settled(Promotion::Eager);
    eager.insert(ROOM, ROOM);
    assert!(look_up(&eager, ROOM, enough) < enough);
    assert_eq!(eager.stats().promotions, 2);

    for policy in [Promotion::Automatic, Promotion::Manual] {
        let map = settled(policy);
        map.insert(ROOM, ROOM);
        assert_eq!(look_up(&map, ROOM, enough), enough, "{policy:?}");
    }
}

#[test]
fn manual_builds_when_told_and_never_else() {
    let map = with_room(Promotion::Manual);
    for key in 0..10 * ROOM {
        map.insert(key, key);
    }
    for key in 0..10 * ROOM {
        assert_eq!(map.get(&key).as_deref(), Some(&key));
    }
    for key in ROOM..10 * ROOM {
        assert_eq!(map.remove(&key).as_deref(), Some(&key));
    }
    let stats = map.stats();
    assert_eq!((stats.promotions, stats.read_len), (0, 0));
    assert_eq!(
        (stats.amended, stats.dirty_len),
        (true, 10 * ROOM as usize),
        "a removed key stays"
    );
    assert_eq!(map.len(), ROOM as usize);

    map.promote();
    let stats = map.stats();
    assert_eq!(
        (stats.promotions, stats.read_len, stats.amended),
        (1, ROOM as usize, false)
    );

    map.insert(ROOM, ROOM);
    map.shrink();
    let stats = map.stats();
    assert_eq!(
        (stats.promotions, stats.read_len, stats.amended),
        (2, ROOM as usize + 1, false)
    );
}

#[test]
fn removed_keys_go_as_the_policy_says() {
    let [automatic, eager, manual] = POLICIES.map(settled);
    for map in [&automatic, &eager, &manual] {
        for key in 0..ROOM / 3 {
            map.remove(&key);
        }
    }
    assert_eq!(automatic.stats().promotions, 1, "more than half are there");
    assert!(eager.stats().promotions > 1);
    for map in [&automatic, &manual] {
        for key in ROOM / 3..ROOM - 10 {
            map.remove(&key);
        }
    }
    assert!(automatic.stats().promotions > 1);
    let stats = manual.stats();
    assert_eq!((stats.promotions, stats.read_len), (1, ROOM as usize));
    manual.promote();
    assert_eq!(manual.stats().read_len, 10);
}

#[test]
fn retain_and_clear_publish_under_any_policy() {
    for policy in POLICIES {
        let map = settled(policy);
        map.insert(ROOM, ROOM);
        map.retain(|key, _| *key < 10);
        assert_eq!(map.stats().read_len, 10, "{policy:?}");
        map.clear();
        assert_eq!(map.stats().read_len, 0, "{policy:?}");
    }
}

#[test]
fn what_was_begun_is_finished_after_a_change_to_manual() {
    let map = settled(Promotion::Eager);
    map.insert(ROOM, ROOM);
    // Begun, and not finished.
    assert_eq!(look_up(&map, ROOM, 2 * PATIENCE), 2 * PATIENCE);
    map.set_promotion(Promotion::Manual);
    assert_eq!(map.promotion(), Promotion::Manual);
    look_up(&map, ROOM, BUCKETS);
    assert_eq!(map.stats().promotions, 2, "the building went on");

    for key in ROOM + 1..10 * ROOM {
        map.insert(key, key);
    }
    assert_eq!(map.stats().promotions, 2, "and was the last");

    // A step ends after so many entries, and there are more than usual to a bucket.
    map.set_promotion(Promotion::Automatic);
    look_up(&map, 2 * ROOM, 10 * ROOM);
    assert_eq!(map.stats().promotions, 3, "what is long due is built");
}

#[test]
fn hits_take_no_lock_whatever_the_policy() {
    for policy in POLICIES {
        let map = settled(policy);
        let before = map.stats().locked_ops;
        for key in 0..ROOM {
            assert_eq!(map.get(&key).as_deref(), Some(&key));
            assert!(!map.contains_key(&(key + ROOM)));
        }
        assert_eq!(map.stats().locked_ops, before, "{policy:?}");
    }
}

#[test]
fn a_clone_has_the_policy_and_a_collected_map_the_default() {
    for policy in POLICIES {
        assert_eq!(settled(policy).clone().promotion(), policy);
        let set = SyncSet::from([1]).with_promotion(policy);
        assert_eq!(set.clone().promotion(), policy);
        let collected: SyncMap<u32, u32> = settled(policy).into_iter().collect();
        assert_eq!(collected.promotion(), Promotion::Automatic);
    }
}

#[test]
fn a_set_has_the_policies_too() {
    let set = SyncSet::with_capacity(ROOM as usize);
    set.set_promotion(Promotion::Manual);
    (&set).extend(0..10 * ROOM);
    assert_eq!(set.stats().promotions, 0);
    set.set_promotion(Promotion::Eager);
    (&set).extend(10 * ROOM..10 * ROOM + 2 * BUCKETS);
    assert!(set.stats().promotions >= 1);
}
