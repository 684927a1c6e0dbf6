//! What every module here needs: hashers from good to worst, a fuse that makes the n-th call of user
//! code panic, a ledger that knows every instance by name, and a clock that turns a deadlock into a
//! failure.

pub(crate) mod fuse;
pub(crate) mod hashers;
pub(crate) mod ledger;

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use proptest::prelude::ProptestConfig;

/// How many histories a differential test tries, if `PROPTEST_CASES` does not say: fewer where every step
/// is also validated.
pub(crate) fn histories() -> ProptestConfig {
    let config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return config;
    }
    ProptestConfig {
        cases: if cfg!(debug_assertions) { 48 } else { 512 },
        ..config
    }
}

/// Runs `body` on a thread of its own and fails if it is not done after `seconds`.
pub(crate) fn within<R: Send + 'static>(
    seconds: u64,
    body: impl FnOnce() -> R + Send + 'static,
) -> R {
    let (done, result) = channel();
    let worker = thread::spawn(move || {
        // The receiver is gone only after it has given up on us.
        let _ = done.send(body());
    });
    match result.recv_timeout(Duration::from_secs(seconds)) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => panic!("still running after {seconds} s: a deadlock"),
        Err(RecvTimeoutError::Disconnected) => match worker.join() {
            Err(payload) => resume_unwind(payload),
            Ok(()) => unreachable!("a worker that ends normally sends its result"),
        },
    }
}

/// Whether a type implements a trait, as a constant that a test can compare.
///
/// An associated constant of the type comes before one of a trait. Which of the two is used depends on
/// the answer, hence the underscores.
macro_rules! implements {
    ($type:ty: $($bound:tt)+) => {{
        trait _Fallback {
            const _YES: bool = false;
        }
        impl<T: ?Sized> _Fallback for T {}
        struct Ask<T: ?Sized>(std::marker::PhantomData<T>);
        impl<T: $($bound)+> Ask<T> {
            const _YES: bool = true;
        }
        <Ask<$type>>::_YES
    }};
}
pub(crate) use implements;

/// Checks every invariant where the library is built to do so.
macro_rules! validate {
    ($map:expr) => {{
        #[cfg(debug_assertions)]
        $map.validate();
    }};
}
pub(crate) use validate;
