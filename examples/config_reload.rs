//! Settings that every request reads and an operator replaces at run time.
//!
//! Readers take no lock and never wait. A reload swaps one value after the other; settings that must change
//! together are one value: here a `Limits`, of which no reader ever sees a half.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use splitmap::SyncMap;

struct Limits {
    soft: u32,
    hard: u32,
}

fn main() {
    let config = SyncMap::from([(
        "limits",
        Arc::new(Limits {
            soft: 10,
            hard: 100,
        }),
    )]);
    let done = AtomicBool::new(false);

    let requests: u64 = thread::scope(|scope| {
        let servers = [0, 1].map(|_| {
            scope.spawn(|| {
                let mut served = 0;
                while !done.load(Relaxed) || served == 0 {
                    // The clone is good for the whole request, whatever is reloaded meanwhile.
                    let limits = Arc::clone(&config.get("limits").expect("never removed"));
                    assert_eq!(limits.hard, 10 * limits.soft, "a torn setting");
                    served += 1;
                }
                served
            })
        });
        for reload in 1..=1_000 {
            let (soft, hard) = (10 + reload, 100 + 10 * reload);
            config.insert("limits", Arc::new(Limits { soft, hard }));
        }
        done.store(true, Relaxed);
        servers
            .into_iter()
            .map(|server| server.join().expect("no panic"))
            .sum()
    });

    println!("served {requests} requests during 1,000 reloads");
    assert_eq!(config.get("limits").expect("never removed").soft, 1_010);
    assert!(!config.stats().amended, "no reload added a key");
}
