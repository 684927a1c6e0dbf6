//! Writes one plain variable from two threads.

static mut COUNT: u64 = 0;

fn count() {
    for _ in 0..100_000 {
        let count = &raw mut COUNT;
        // SAFETY: none. The other thread writes it too, and that is the point.
        unsafe { count.write_volatile(count.read_volatile() + 1) };
    }
}

fn main() {
    let other = std::thread::spawn(count);
    count();
    other.join().expect("counting does not panic");
}
