//! Loses memory. Many blocks, as a stale pointer on the stack may keep one of them reachable.

fn main() {
    for byte in 0..100_u8 {
        std::mem::forget(std::hint::black_box(Box::new([byte; 64])));
    }
}
