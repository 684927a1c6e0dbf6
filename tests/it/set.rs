//! Every method and trait of `SyncSet`.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use splitmap::SyncSet;

use crate::support::hashers::with_every_hasher;
use crate::support::{implements, within};

fn members<S>(set: &SyncSet<u32, S>) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    for member in set {
        assert!(all.insert(*member), "a member came twice");
    }
    all
}

#[test]
fn a_set_holds_each_member_once() {
    fn check<S: BuildHasher>(hasher: S) {
        let set = SyncSet::with_capacity_and_hasher(10, hasher);
        assert!(set.is_empty());
        for round in 0..3 {
            for member in 0..50_u32 {
                assert_eq!(set.insert(member), round == 0);
                assert!(set.contains(&member));
            }
            set.promote();
        }
        assert_eq!((set.len(), members(&set)), (50, (0..50).collect()));
        assert!(!set.contains(&50) && set.get(&50).is_none());
        assert!(set.remove(&7) && !set.remove(&7));
        assert_eq!(set.take(&8).as_deref(), Some(&8));
        assert!(set.take(&8).is_none());
        set.retain(|member| member % 2 == 1);
        assert_eq!((set.len(), set.contains(&9)), (24, true));
        assert!(set.insert(7) && set.insert(8));
        let mut sum = 0;
        set.for_each(|member| sum += *member);
        assert_eq!(sum, members(&set).iter().sum::<u32>());
        assert_eq!(set.take_all().len(), 26);
        set.clear();
        assert!(set.is_empty() && members(&set).is_empty());
    }
    with_every_hasher!(check);
}

#[test]
fn the_first_of_equal_members_stays() {
    let set = SyncSet::new();
    let first = set.get_or_insert(String::from("a")).as_ptr();
    assert!(!set.insert(String::from("a")));
    assert_eq!(set.get_or_insert(String::from("a")).as_ptr(), first);
    assert_eq!(set.get("a").expect("is there").as_ptr(), first);
    assert_eq!(set.take("a").expect("is there").as_ptr(), first);
}

#[test]
fn std_traits_are_there() {
    let mut set: SyncSet<u32> = [1, 2, 2, 3].into_iter().collect();
    assert!(!set.stats().amended, "starts promoted");
    set.extend([4, 5]);
    (&set).extend([5, 6]);
    assert_eq!(members(&set), (1..=6).collect());
    assert_eq!(members(&set.clone()), members(&set));
    assert_eq!(set.into_iter().collect::<BTreeSet<_>>(), (1..=6).collect());
    let one = SyncSet::from([1]);
    assert_eq!(
        format!("{one:?} {:?}", one.get(&1).expect("is there")),
        "{1} 1"
    );
    assert!(SyncSet::<u32>::default().is_empty());
    assert!(implements!(SyncSet<String>: Send) && implements!(SyncSet<String>: Sync));
    assert!(!implements!(SyncSet<std::rc::Rc<u8>>: Sync));
}

#[test]
fn exactly_one_thread_adds_a_member() {
    let (set, added) = (SyncSet::new(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for member in 0..3_000 {
                    if set.insert(member) {
                        added.fetch_add(1, Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!((set.len(), added.into_inner()), (3_000, 3_000));
}

#[test]
fn closures_may_use_the_set() {
    within(60, || {
        let set: SyncSet<u32> = (0..100).collect();
        set.retain(|member| {
            set.insert(1_000 + member);
            set.promote();
            !set.remove(&(1_000 + member))
        });
        assert!(set.is_empty());
        (&set).extend(0..100);
        set.for_each(|member| assert!(set.remove(&*member)));
        assert!(set.is_empty());
    });
}
