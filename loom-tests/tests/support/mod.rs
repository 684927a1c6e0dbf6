//! How models run, and values whose lives are watched.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::fs::OpenOptions;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::io::Write;
use std::panic;
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use loom::cell::Cell;
use splitmap_model::SyncMap;
use splitmap_model::internals::end_terms;

/// Runs `model` in every interleaving.
pub(crate) fn exhaustively(model: impl Fn() + Send + Sync + 'static) {
    explore(None, model);
}

/// Runs `model` in every interleaving with at most so many preemptions.
pub(crate) fn with_preemptions(bound: usize, model: impl Fn() + Send + Sync + 'static) {
    explore(Some(bound), model);
}

/// `LOOM_MAX_PREEMPTIONS`, if set, stands in for every bound: a large one lifts them all.
fn explore(bound: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let explored = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&explored);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(bound);
    builder.max_branches = 10_000;
    let shown = match builder.preemption_bound {
        None => "no bound".to_owned(),
        Some(bound) => format!("at most {bound} preemptions"),
    };
    let start = Instant::now();
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        Life::forget_all();
        model();
        // A panic with terms left would abort: they are loom's objects.
        end_terms();
        Life::check_that_all_ended();
    });
    let explored = explored.load(Ordering::Relaxed);
    assert!(
        explored > 1,
        "one interleaving only: loom sees nothing of this model"
    );
    report(&format!(
        "{}::{}: {explored} interleavings, {shown}, {:.1?}",
        env!("CARGO_CRATE_NAME"),
        std::thread::current().name().unwrap_or("main"),
        start.elapsed(),
    ));
}

/// Tells how far a model went, and adds it to the file that `ci/loom.sh` prints at its end.
fn report(line: &str) {
    // Not by `println!`, which the test harness swallows.
    let _ = writeln!(std::io::stderr(), "{line}");
    let Some(path) = std::env::var_os("SPLITMAP_LOOM_REPORT") else {
        return;
    };
    let file = OpenOptions::new().create(true).append(true).open(path);
    // One call, so that lines of other processes do not mix with it.
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
        .expect("the report can be written to");
}

/// Whether a watched value is alive; reading and ending it are accesses that loom checks.
type Life = Cell<bool>;

trait Lives {
    fn forget_all();
    fn begin() -> usize;
    fn see(at: usize);
    fn end(at: usize);
    fn check_that_all_ended();
}

thread_local! {
    // loom runs every thread of a model on the thread that runs the test.
    static LIVES: RefCell<Vec<Arc<Life>>> = const { RefCell::new(Vec::new()) };
}

fn life(at: usize) -> Arc<Life> {
    let life = LIVES.with_borrow(|lives| lives.get(at).cloned());
    life.expect("memory that was freed and written to again was read as a watched value")
}

impl Lives for Life {
    fn forget_all() {
        LIVES.take();
    }

    fn begin() -> usize {
        let life = Arc::new(Cell::new(true));
        LIVES.with_borrow_mut(|lives| {
            lives.push(life);
            lives.len() - 1
        })
    }

    fn see(at: usize) {
        assert!(life(at).get(), "a value was read after its end");
    }

    fn end(at: usize) {
        assert!(life(at).replace(false), "a value was dropped twice");
    }

    fn check_that_all_ended() {
        let lives = LIVES.take();
        for (at, life) in lives.iter().enumerate() {
            assert!(!life.get(), "value number {at} was leaked");
        }
    }
}

/// A number whose reads and whose end are checked by loom: a race, a use after the end, a second end and
/// a leak each fail the model.
#[derive(Debug)]
pub(crate) struct Watched {
    number: u32,
    life: usize,
}

impl Watched {
    pub(crate) fn new(number: u32) -> Self {
        let life = Life::begin();
        Self { number, life }
    }

    pub(crate) fn get(&self) -> u32 {
        Life::see(self.life);
        self.number
    }

    /// Reads without borrowing, for planted faults.
    pub(crate) fn alias(&self) -> impl Fn() + Copy + Send + 'static {
        let life = self.life;
        move || Life::see(life)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !std::thread::panicking() || PANICS_TO_CATCH.get() > 0 {
            Life::end(self.life);
        }
    }
}

thread_local! {
    /// Panics under way that a model catches, of all its threads.
    static PANICS_TO_CATCH: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What `operation` returns, or the words of its panic if they are among `words`.
pub(crate) fn caught<T>(
    words: &'static [&'static str],
    operation: impl FnOnce() -> T,
) -> Result<T, &'static str> {
    static HOOK: Once = Once::new();
    // Printed, and taken for the end of the model, are only the panics that nobody waits for.
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let said = info.payload().downcast_ref::<&'static str>();
            if said.is_some_and(|said| words.contains(said)) {
                PANICS_TO_CATCH.set(PANICS_TO_CATCH.get() + 1);
            } else {
                loud(info);
            }
        }));
    });
    panic::catch_unwind(panic::AssertUnwindSafe(operation)).map_err(|payload| {
        match payload.downcast::<&'static str>() {
            Ok(said) if words.contains(&*said) => {
                PANICS_TO_CATCH.set(PANICS_TO_CATCH.get() - 1);
                *said
            }
            Ok(said) => panic::resume_unwind(said),
            Err(other) => panic::resume_unwind(other),
        }
    })
}

impl Clone for Watched {
    fn clone(&self) -> Self {
        Self::new(self.get())
    }
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Watched {}

impl Borrow<u32> for Watched {
    fn borrow(&self) -> &u32 {
        Life::see(self.life);
        &self.number
    }
}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.get().hash(state);
    }
}

/// The same hashes in every run: loom replays a schedule only if the program does the same again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixed(u64);

impl Hasher for Fixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte))
                .wrapping_mul(0x100_0000_01b3)
                .rotate_left(23);
        }
    }
}

/// A map whose keys and values are watched.
pub type Map = SyncMap<Watched, Watched, BuildHasherDefault<Fixed>>;

/// A promoted map.
pub(crate) fn map_of(entries: &[(u32, u32)]) -> Arc<Map> {
    let entries = entries.iter();
    Arc::new(
        entries
            .map(|(key, value)| (Watched::new(*key), Watched::new(*value)))
            .collect(),
    )
}

/// Runs an operation in another thread, which ends its terms before it can be joined.
pub(crate) fn spawn<R: 'static>(
    map: &Arc<Map>,
    run: impl FnOnce(&Map) -> R + 'static,
) -> loom::thread::JoinHandle<R> {
    let map = Arc::clone(map);
    loom::thread::spawn(move || {
        let result = run(&map);
        drop(map);
        end_terms();
        result
    })
}

/// Runs two operations at once: what the first did, what the second did, and what is there then.
pub(crate) fn race<A: 'static, B>(
    map: &Arc<Map>,
    first: impl FnOnce(&Map) -> A + 'static,
    second: impl FnOnce(&Map) -> B,
) -> (A, B, Vec<(u32, u32)>) {
    let other = spawn(map, first);
    let second = second(map);
    let first = other.join().expect("joined");
    (first, second, map.check())
}

/// Operations on plain numbers.
pub trait Plain {
    fn load(&self, key: u32) -> Option<u32>;
    fn store(&self, key: u32, value: u32) -> Option<u32>;
    /// The value that the key has then, and whether it is the given one.
    fn add(&self, key: u32, value: u32) -> (u32, bool);
    fn delete(&self, key: u32) -> Option<u32>;
    /// The value that `update` replaces by the given one.
    fn change(&self, key: u32, value: u32) -> Option<u32>;
    /// All that the map has, in order. Panics unless the map is as its invariants say.
    fn check(&self) -> Vec<(u32, u32)>;
}

impl Plain for Map {
    fn load(&self, key: u32) -> Option<u32> {
        self.get(&key).map(|entry| {
            assert_eq!(entry.key().get(), key, "another key's entry");
            entry.value().get()
        })
    }

    fn store(&self, key: u32, value: u32) -> Option<u32> {
        let replaced = self.insert(Watched::new(key), Watched::new(value));
        replaced.map(|entry| entry.value().get())
    }

    fn add(&self, key: u32, value: u32) -> (u32, bool) {
        match self.try_insert(Watched::new(key), Watched::new(value)) {
            Ok(entry) => (entry.value().get(), true),
            Err(occupied) => (occupied.current.value().get(), false),
        }
    }

    fn delete(&self, key: u32) -> Option<u32> {
        self.remove(&key).map(|entry| entry.value().get())
    }

    fn change(&self, key: u32, value: u32) -> Option<u32> {
        let mut seen = 0;
        let updated = self.update(&key, |_, old| {
            seen = old.get();
            Watched::new(value)
        });
        updated.map(|_| seen)
    }

    fn check(&self) -> Vec<(u32, u32)> {
        splitmap_model::internals::check(self);
        let mut entries: Vec<_> = self
            .iter()
            .map(|entry| (entry.key().get(), entry.value().get()))
            .collect();
        entries.sort_unstable();
        splitmap_model::internals::check(self);
        entries
    }
}
