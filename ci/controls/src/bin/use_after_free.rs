//! Reads a freed block.

fn main() {
    let block = Box::into_raw(Box::new(1));
    // SAFETY: `block` comes from `Box::into_raw` and is turned back once.
    drop(unsafe { Box::from_raw(block) });
    // SAFETY: none. The block is gone, and that is the point.
    println!("{}", unsafe { block.read_volatile() });
}
