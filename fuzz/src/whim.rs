//! User code that misbehaves on demand: answers wrongly, or panics.
//!
//! Keys, values and hashers ask here before they answer. Unless a program has turned the whims on,
//! everybody is honest.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// How user code behaves. Of every 256 answers, `lies` are wrong, and of every 256 calls, `panics` end
/// in one.
#[derive(Clone, Copy)]
struct Whim {
    lies: u8,
    panics: u8,
    state: u64,
}

const HONEST: Whim = Whim {
    lies: 0,
    panics: 0,
    state: 0,
};

type CallBack = Box<dyn FnOnce()>;

thread_local! {
    static CALL_BACK: Cell<Option<CallBack>> = const { Cell::new(None) };
    static WHIM: Cell<Whim> = const { Cell::new(HONEST) };
    static PANICS_ARE_EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Honest again when dropped.
pub(crate) struct Misbehaving(());

impl Drop for Misbehaving {
    fn drop(&mut self) {
        WHIM.set(HONEST);
    }
}

/// User code of this thread misbehaves until the guard is dropped.
pub(crate) fn misbehave(lies: u8, panics: u8) -> Misbehaving {
    WHIM.set(Whim {
        lies,
        panics,
        state: u64::from(lies) << 8 | u64::from(panics),
    });
    Misbehaving(())
}

/// Runs `work` with everybody honest: for looking at the state, which is not an experiment.
pub(crate) fn honestly<R>(work: impl FnOnce() -> R) -> R {
    let before = WHIM.replace(HONEST);
    let result = work();
    WHIM.set(before);
    result
}

/// The next comparison of keys on this thread runs `work` first.
pub(crate) fn at_next_comparison(work: impl FnOnce() + 'static) {
    CALL_BACK.set(Some(Box::new(work)));
}

/// Forgets what was to be run, if it was not.
pub(crate) fn forget_call_back() {
    drop(CALL_BACK.take());
}

/// A number that looks random, and is the same in each run.
fn roll() -> u64 {
    let mut whim = WHIM.get();
    whim.state = whim.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    WHIM.set(whim);
    mix(whim.state)
}

/// What a comparison of keys answers.
pub(crate) fn compare(truth: bool) -> bool {
    if let Some(work) = CALL_BACK.take() {
        work();
    }
    answer(truth)
}

/// What a comparison of values or a closure answers.
pub(crate) fn answer(truth: bool) -> bool {
    may_panic();
    let lies = WHIM.get().lies;
    if lies > 0 && roll() % 256 < lies.into() {
        return !truth;
    }
    truth
}

/// What a hasher answers.
pub(crate) fn hash(truth: u64) -> u64 {
    may_panic();
    let lies = WHIM.get().lies;
    if lies > 0 && roll() % 256 < lies.into() {
        return roll();
    }
    truth
}

/// Every piece of user code comes by here once. Never panics while unwinding, since that aborts.
pub(crate) fn may_panic() {
    let panics = WHIM.get().panics;
    if panics > 0 && !std::thread::panicking() && roll() % 256 < panics.into() {
        panic!("{WHIM_PANIC}");
    }
}

const WHIM_PANIC: &str = "user code panics";

/// Runs `work`, which may panic; its result, or the message of the panic.
///
/// The panic is not reported, and does not end the process as panics under the fuzzer do.
pub(crate) fn catch<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let report = take_hook();
        set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if !PANICS_ARE_EXPECTED.get() {
                report(info);
            }
        }));
    });
    let before = PANICS_ARE_EXPECTED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    PANICS_ARE_EXPECTED.set(before);
    result.map_err(|payload| match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => match payload.downcast::<&str>() {
            Ok(message) => (*message).to_owned(),
            Err(_) => String::from("not a message"),
        },
    })
}

/// Like [`catch`], for user code that panics on a whim: any other panic is a finding, and goes on.
pub(crate) fn catch_whim<R>(work: impl FnOnce() -> R) -> Option<R> {
    match catch(work) {
        Ok(result) => Some(result),
        Err(message) if message == WHIM_PANIC => None,
        Err(message) => panic!("not user code's panic: {message}"),
    }
}

/// Like [`catch_whim`], for its effect.
pub(crate) fn attempt(work: impl FnOnce()) {
    let _ = catch_whim(work);
}

/// A hash with all bits used; the same for the same number.
pub(crate) const fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
