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
macro_rules! implements {
    ($type:ty: $($bound:tt)+) => {{
        #[allow(dead_code, reason = "unused where the bound holds")]
        trait Fallback {
            const YES: bool = false;
        }
        impl<T: ?Sized> Fallback for T {}
        struct Ask<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "unused where the bound does not hold")]
        impl<T: ?Sized + $($bound)+> Ask<T> {
            const YES: bool = true;
        }
        <Ask<$type>>::YES
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
