//! What is retired, and what becomes of it.

use core::mem::MaybeUninit;

use super::Entry;
use super::node::{EntryPtr, Node};
use crate::reclaim::Garbage;
use crate::sync::Section;
use crate::tuning::{RETIRED_BATCH, SPARE_BYTES};

/// Garbage: dropping it frees what it stands for. Lives in the domain until a grace period has passed.
pub(in crate::sync) struct Retired<K, V>(pub(super) Object<K, V>);

pub(super) enum Object<K, V> {
    /// The value inside a node.
    First(*mut V),
    /// A value in a box.
    Later(*mut V),
    Entry(EntryPtr<K, V>),
}

// SAFETY: dropping it drops a `V`, or a `K` and a `V`, on whichever thread reclaims.
unsafe impl<K: Send, V: Send> Send for Retired<K, V> {}

impl<K, V> Retired<K, V> {
    /// An entry that no map holds any more (E4).
    pub(in crate::sync) fn entry(entry: EntryPtr<K, V>) -> Self {
        Self(Object::Entry(entry))
    }

    /// The content of an entry that had a value; for conversions that own the map.
    pub(in crate::sync) fn into_entry(self) -> Option<(K, V)> {
        match core::mem::ManuallyDrop::new(self).0 {
            Object::Entry(entry) => {
                let (key, value) = entry.into_pair();
                Some((key, value?))
            }
            Object::First(_) | Object::Later(_) => {
                unreachable!("a map's own entries are not values")
            }
        }
    }
}

impl<K, V> Garbage for Retired<K, V> {
    type Memory = Box<MaybeUninit<V>>;

    const KEPT: usize = match size_of::<V>() {
        0 => 0,
        size if SPARE_BYTES / size < 2 * RETIRED_BATCH => SPARE_BYTES / size,
        _ => 2 * RETIRED_BATCH,
    };

    fn end(self) -> Option<Self::Memory> {
        let Object::Later(value) = self.0 else {
            return None;
        };
        core::mem::forget(self);
        // SAFETY: as in `drop`: the box is this object's alone. What may be uninitialised has no value to drop.
        let mut memory = unsafe { Box::from_raw(value.cast::<MaybeUninit<V>>()) };
        // SAFETY: the value is there, and dropped once: if that unwinds, the box frees the memory alone.
        unsafe { memory.assume_init_drop() };
        Some(memory)
    }
}

/// A box for a later value; one used before, if the thread has any.
pub(in crate::sync) fn boxed<K, V>(section: &Section<'_, K, V>, value: V) -> Box<V> {
    let Some(mut memory) = section.spare() else {
        return Box::new(value);
    };
    memory.write(value);
    // SAFETY: the same allocation, with a value in it now.
    unsafe { Box::from_raw(Box::into_raw(memory).cast::<V>()) }
}

impl<K, V> Drop for Retired<K, V> {
    fn drop(&mut self) {
        match self.0 {
            Object::First(value) => {
                // SAFETY: `garbage` found it to be a node's `first`; that part is not freed yet (E6).
                let _part = Node(unsafe { Entry::<K, V>::of_first(value) });
                // SAFETY: its ownership passed here with the exchange that removed it (E1), and the
                // domain says that no reader is left.
                unsafe { value.drop_in_place() };
            }
            // SAFETY: the pointer comes from a leaked box, whose ownership passed here with the exchange
            // that removed it (E1), and the domain says that no reader is left.
            Object::Later(value) => drop(unsafe { Box::from_raw(value) }),
            Object::Entry(entry) => drop(entry.into_pair()),
        }
    }
}
