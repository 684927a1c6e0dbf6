//! The entry interface: one lookup on both maps, then what the next byte says.

use splitmap::Entry;
use splitmap::bucket_map::OccupiedEntry;

use super::shadow::{Map, Model, Write};
use super::subject::{Key, ModelKey, Value};

/// Does something with the entry of a key, whose tag is new and serves as the value's number too.
pub(crate) fn operate<V: Value>(
    map: &mut Map<V>,
    model: &mut Model,
    key: ModelKey,
    how: u8,
) -> Option<Write> {
    let number = key.tag;
    match how % 8 {
        0 => either(map, model, key, number),
        1 => or_insert(map, model, key, number),
        2 => modify(map, model, key, number),
        3 => or_default(map, model, key),
        4 => insert_entry(map, model, key, number),
        5 => occupied(map, model, key, number),
        6 => vacant(map, model, key, number),
        _ => look(map, model, key),
    }
}

/// What an entry that ended up filled was: the work of a growth is done for a vacant one by filling it.
fn filled(was_present: bool) -> Option<Write> {
    Some(match was_present {
        true => Write::Overwrite,
        false => Write::Insert,
    })
}

fn either<V: Value>(
    map: &mut Map<V>,
    model: &mut Model,
    key: ModelKey,
    number: u32,
) -> Option<Write> {
    let was_present = model.contains_key(&key);
    let expected = *model.entry(key).or_insert(number);
    let entry = map.entry(Key::new(key.id, key.tag));
    let value = match key.tag % 2 {
        0 => entry.or_insert(V::new(number)),
        _ => entry.or_insert_with_key(|shown| {
            assert_eq!((shown.id, shown.tag), (key.id, key.tag));
            V::new(number)
        }),
    };
    assert_eq!(value.number(), V::seen(expected));
    filled(was_present)
}

fn or_insert<V: Value>(
    map: &mut Map<V>,
    model: &mut Model,
    key: ModelKey,
    number: u32,
) -> Option<Write> {
    let was_present = model.contains_key(&key);
    let mut made = 0;
    let value = map.entry(Key::new(key.id, key.tag)).or_insert_with(|| {
        made += 1;
        V::new(number)
    });
    value.set(number);
    *model.entry(key).or_default() = number;
    assert_eq!(made, usize::from(!was_present));
    filled(was_present)
}

fn modify<V: Value>(
    map: &mut Map<V>,
    model: &mut Model,
    key: ModelKey,
    number: u32,
) -> Option<Write> {
    let was_present = model.contains_key(&key);
    let expected = *model.entry(key).and_modify(|n| *n ^= 1).or_insert(number);
    let entry = map.entry(Key::new(key.id, key.tag));
    let entry = entry.and_modify(|value| value.set(value.number() ^ 1));
    assert_eq!(entry.or_insert(V::new(number)).number(), V::seen(expected));
    filled(was_present)
}

fn or_default<V: Value>(map: &mut Map<V>, model: &mut Model, key: ModelKey) -> Option<Write> {
    let was_present = model.contains_key(&key);
    let expected = *model.entry(key).or_default();
    let value = map.entry(Key::new(key.id, key.tag)).or_default();
    assert_eq!(value.number(), V::seen(expected));
    filled(was_present)
}

fn insert_entry<V: Value>(
    map: &mut Map<V>,
    model: &mut Model,
    key: ModelKey,
    number: u32,
) -> Option<Write> {
    let was_present = model.contains_key(&key);
    model.insert(key, number);
    let mut entry = map
        .entry(Key::new(key.id, key.tag))
        .insert_entry(V::new(number));
    assert_eq!(entry.get_mut().number(), V::seen(number));
    check_occupied(&entry, model, key);
    filled(was_present)
}

fn check_occupied<V: Value>(entry: &OccupiedEntry<'_, Key, V>, model: &Model, key: ModelKey) {
    // A key that does not equal itself is present only as the one just added.
    let (stored, number) = match model.get_key_value(&key) {
        Some((stored, &number)) => (*stored, number),
        None => (key, entry.get().number()),
    };
    assert_eq!((entry.key().id, entry.key().tag), (stored.id, stored.tag));
    assert_eq!(entry.get().number(), V::seen(number));
}

fn occupied<V: Value>(
    map: &mut Map<V>,
    model: &mut Model,
    key: ModelKey,
    number: u32,
) -> Option<Write> {
    let Entry::Occupied(mut entry) = map.entry(Key::new(key.id, key.tag)) else {
        assert!(!model.contains_key(&key));
        return None;
    };
    check_occupied(&entry, model, key);
    match number % 4 {
        0 => entry.into_mut().set(number),
        1 => {
            let before = entry.insert(V::new(number)).number();
            assert_eq!(Some(before), model.get(&key).map(|&n| V::seen(n)));
        }
        // The growth work was done when the entry was found, so the removal comes after it.
        2 => {
            assert_eq!(
                Some(entry.remove().number()),
                model.remove(&key).map(V::seen)
            );
            return Some(Write::OverwriteThenRemove);
        }
        _ => {
            let (removed, value) = entry.remove_entry();
            let expected = model.remove_entry(&key);
            let expected = expected.map(|(stored, n)| (stored.tag, V::seen(n)));
            assert_eq!(Some((removed.tag, value.number())), expected);
            return Some(Write::OverwriteThenRemove);
        }
    }
    model.insert(key, number);
    Some(Write::Overwrite)
}

fn vacant<V: Value>(
    map: &mut Map<V>,
    model: &mut Model,
    key: ModelKey,
    number: u32,
) -> Option<Write> {
    let Entry::Vacant(entry) = map.entry(Key::new(key.id, key.tag)) else {
        assert!(model.contains_key(&key));
        // Finding it was a write.
        return Some(Write::Overwrite);
    };
    assert!(!model.contains_key(&key));
    assert_eq!((entry.key().id, entry.key().tag), (key.id, key.tag));
    match number % 4 {
        // Left unfilled: nothing moves.
        0 => return None,
        1 => {
            assert_eq!(entry.into_key().tag, key.tag);
            return None;
        }
        2 => assert_eq!(entry.insert(V::new(number)).number(), V::seen(number)),
        _ => {
            let entry = entry.insert_entry(V::new(number));
            assert_eq!(entry.get().number(), V::seen(number));
            if key.tag % 8 == 3 {
                assert_eq!(entry.remove().number(), V::seen(number));
                return Some(Write::InsertThenRemove);
            }
        }
    }
    model.insert(key, number);
    Some(Write::Insert)
}

fn look<V: Value>(map: &mut Map<V>, model: &mut Model, key: ModelKey) -> Option<Write> {
    let was_present = model.contains_key(&key);
    let entry = map.entry(Key::new(key.id, key.tag));
    assert_eq!(entry.key().id, key.id);
    assert_eq!(matches!(entry, Entry::Occupied(_)), was_present);
    was_present.then_some(Write::Overwrite)
}
