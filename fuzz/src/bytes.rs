//! The program being interpreted.

/// Reads bytes off the front; zeros after the end, so that operands are never missing.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// The next byte, or `None` at the end: for operation codes.
    pub(crate) const fn next(&mut self) -> Option<u8> {
        let Some((&first, rest)) = self.0.split_first() else {
            return None;
        };
        self.0 = rest;
        Some(first)
    }

    /// The next operand.
    pub(crate) fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    /// An operand below `limit`, which is at most 256.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    /// A key; near 0 for most bytes, so that programs meet the same keys again.
    pub(crate) fn id(&mut self) -> u16 {
        u16::from(self.byte())
    }

    /// A key from all over, in steps of 16: homes of a hasher that leaves numbers alone collide.
    pub(crate) fn far_id(&mut self) -> u16 {
        u16::from(self.byte()) * 16
    }
}
