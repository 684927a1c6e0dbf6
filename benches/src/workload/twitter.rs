//! Generators after the published statistics of Twitter's cache clusters.
//!
//! From "A large scale analysis of hundreds of in-memory cache clusters at Twitter", data set under
//! CC BY 4.0. Of each cluster: the shares of operations, the skew, the mean number of accesses a key
//! gets, and the share of accesses that name a key never seen before. There are as many keys as
//! the number of steps and the accesses per key allow; all are in the map at the start. A lookup that
//! misses fills the entry, as the clients of those caches do.

use rand::Rng;

use super::{Cell, Plan, Workload, present, steps};
use crate::key::{ABSENT, Key, Spread, dice};
use crate::script::Kind;

/// What the data set says of one cluster.
#[derive(Clone, Copy)]
struct Cluster {
    number: u32,
    /// Percent of lookups, of writes, of increments and the like, and of deletions.
    percents: [u32; 4],
    skew: f64,
    /// Mean number of accesses to a key.
    accesses: f64,
    /// Percent of lookups and writes that name a key never seen before.
    unseen: f64,
    quick: bool,
}

const KINDS: [Kind; 4] = [Kind::Fill, Kind::Insert, Kind::Update, Kind::Remove];

#[rustfmt::skip]
const CLUSTERS: [Cluster; 9] = [
    Cluster { number: 2, percents: [100, 0, 0, 0], skew: 1.4908, accesses: 934.5, unseen: 0.11, quick: false },
    Cluster { number: 52, percents: [93, 5, 2, 0], skew: 1.2117, accesses: 32.6, unseen: 3.07, quick: true },
    Cluster { number: 14, percents: [65, 13, 0, 22], skew: 1.2959, accesses: 35.4, unseen: 2.82, quick: false },
    Cluster { number: 29, percents: [87, 13, 0, 0], skew: 1.2323, accesses: 22.5, unseen: 4.45, quick: false },
    Cluster { number: 19, percents: [75, 25, 0, 0], skew: 0.735, accesses: 4.7, unseen: 21.2, quick: true },
    Cluster { number: 40, percents: [50, 50, 0, 0], skew: 0.8551, accesses: 11.8, unseen: 8.48, quick: false },
    Cluster { number: 23, percents: [37, 31, 30, 2], skew: 0.274, accesses: 3.9, unseen: 25.82, quick: false },
    Cluster { number: 12, percents: [20, 80, 0, 0], skew: 0.3048, accesses: 1.3, unseen: 79.45, quick: false },
    Cluster { number: 15, percents: [0, 100, 0, 0], skew: 0.0242, accesses: 1.0, unseen: 99.22, quick: false },
];

pub(super) fn list(all: &mut Vec<Workload>) {
    for cluster in CLUSTERS {
        let name = format!("twitter-{}", cluster.number);
        let workload = Workload::numbers(name, move |cell| cluster.plan(cell)).own_size();
        all.push(if cluster.quick {
            workload
        } else {
            workload.slow()
        });
    }
}

impl Cluster {
    fn plan<K: Key>(self, cell: Cell) -> Plan<K> {
        let keys = ((cell.effort.steps as f64 / self.accesses) as u64).max(1);
        let scripts = cell.each_thread().map(|(thread, _)| {
            let seed = thread as u64;
            let mut draw = Spread::Zipf(keys, self.skew).draws(dice(1000 + seed));
            let (mut unseen, mut dice) = (ABSENT + (seed << 32), dice(1100 + seed));
            steps(cell.steps_each(), move || {
                let kind = self.kind(dice.random_range(0..100));
                let new = matches!(kind, Kind::Fill | Kind::Insert)
                    && dice.random_bool(self.unseen / 100.0);
                unseen += u64::from(new);
                (kind, K::nth(if new { unseen } else { draw() }))
            })
        });
        Plan::settled(present(keys as usize), scripts).raced()
    }

    fn kind(self, percent: u32) -> Kind {
        let mut sum = 0;
        let reached = |&(_, share): &(Kind, u32)| {
            sum += share;
            percent < sum
        };
        let mut kinds = KINDS.into_iter().zip(self.percents);
        kinds.find(reached).map_or(Kind::Fill, |(kind, _)| kind)
    }
}
