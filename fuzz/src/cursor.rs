//! Cursors, and whether they keep their promises.

use std::collections::HashSet;

use splitmap::Cursor;

use super::shadow::{Map, Shadow, Watched};
use super::subject::Value;
use super::whim;

/// A cursor, and what it has given.
#[derive(Clone)]
pub(crate) struct Tracked {
    cursor: Cursor,
    /// The identity of its map.
    pub(crate) map: u32,
    epoch: u32,
    /// The tags of the entries that were there at its creation.
    due: HashSet<u32>,
    given: HashSet<u32>,
    ended: bool,
}

impl Tracked {
    pub(crate) fn new<V>(on: &Watched<V>) -> Self {
        Self {
            cursor: on.map.cursor(),
            map: on.shadow.map,
            epoch: on.shadow.epoch,
            due: on.shadow.model.keys().map(|key| key.tag).collect(),
            given: HashSet::new(),
            ended: false,
        }
    }

    /// The entries there were when it was made.
    pub(crate) fn due(&self) -> usize {
        self.due.len()
    }

    /// A step on the cursor's own map; the number of the key it gave.
    pub(crate) fn step<V: Value>(&mut self, on: &Watched<V>) -> Option<u16> {
        assert_eq!(self.map, on.shadow.map, "a mistake of the interpreter");
        let before = on.map.layout();
        let given = self.cursor.next(&on.map);
        assert_eq!(before, on.map.layout(), "a step has changed the layout");
        let Some((key, value)) = given else {
            self.check_end(&on.shadow);
            self.ended = true;
            return None;
        };
        // C6, C4, C2, C3, and C1 or C2.
        assert!(!self.ended, "{key:?} is given after the end");
        assert_eq!(self.epoch, on.shadow.epoch, "{key:?}: the map was emptied");
        let number = on.shadow.current(key);
        let number = number.unwrap_or_else(|| panic!("{key:?} is gone, and given"));
        assert_eq!(value.number(), V::seen(number), "of {key:?}");
        assert!(self.given.insert(key.tag), "{key:?} is given twice");
        Some(key.id)
    }

    /// C1: at the end, all that was there throughout has been given.
    fn check_end(&self, shadow: &Shadow) {
        if self.ended || self.epoch != shadow.epoch {
            return;
        }
        for key in shadow.model.keys() {
            assert!(
                !self.due.contains(&key.tag) || self.given.contains(&key.tag),
                "{key:?} was there throughout and is not given"
            );
        }
    }

    /// C7: a step on a map that is not the cursor's own.
    pub(crate) fn step_abroad<V>(&mut self, map: &Map<V>) {
        let outcome = whim::catch(|| self.cursor.next(map).is_some());
        let message = outcome.expect_err("a foreign map was stepped through");
        assert!(message.contains("another map"), "{message}");
    }

    /// Goes on to the end, which must come: no entry twice, and nobody adds any.
    pub(crate) fn finish<V: Value>(&mut self, on: &Watched<V>) {
        let bound = on.map.len();
        let steps = std::iter::from_fn(|| self.step(on)).count();
        assert!(steps <= bound, "{steps} steps over {bound} entries");
        assert_eq!(self.step(on), None);
    }
}
