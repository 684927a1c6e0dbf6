//! Cached objects that nobody shares any more, taken down a part at a time.
//!
//! Whoever is the last to let go of a superseded object would free all of it, which for a large one takes the system
//! milliseconds. Instead what is left of it comes here, and every section that ends with an errand takes
//! down a part, until nothing is left. Threads that idle meanwhile delay that, as they do all freeing.

use crate::primitive::{Hint, Mutex};

/// What is left of a large object.
pub(crate) trait Ruin: Send {
    /// Takes down a part; returns whether there is more. Calls no user code.
    fn demolish(&mut self) -> bool;
}

/// A domain's ruins.
pub(super) struct Ruins {
    standing: Mutex<Vec<Box<dyn Ruin>>>,
    /// Whether there are any, so that most need not take the mutex to know. Written under it.
    any: Hint,
}

impl Ruins {
    pub(super) fn new() -> Self {
        Self {
            standing: Mutex::new(Vec::new()),
            any: Hint::new(false),
        }
    }

    pub(super) fn add(&self, ruin: Box<dyn Ruin>) {
        let mut standing = self.standing.lock();
        standing.push(ruin);
        self.any.set(true);
    }

    /// Takes down a part of one; returns whether there is more to do. Holds no lock meanwhile.
    pub(super) fn demolish(&self) -> bool {
        if !self.any.get() {
            return false;
        }
        let Some(mut ruin) = self.take() else {
            return false;
        };
        if ruin.demolish() {
            self.add(ruin);
        }
        self.any.get()
    }

    fn take(&self) -> Option<Box<dyn Ruin>> {
        let mut standing = self.standing.lock();
        let ruin = standing.pop();
        self.any.set(!standing.is_empty());
        ruin
    }
}

#[cfg(test)]
mod tests {
    use super::Ruin;
    use crate::primitive::{Arc, Mutex};
    use crate::reclaim::{Domain, Garbage};

    #[derive(Clone, Copy, Default)]
    struct Figures {
        taken_down: u32,
        dropped: u32,
    }

    /// As many parts.
    struct Large(u32, Arc<Mutex<Figures>>);

    impl Ruin for Large {
        fn demolish(&mut self) -> bool {
            self.1.lock().taken_down += 1;
            self.0 -= 1;
            self.0 > 0
        }
    }

    impl Drop for Large {
        fn drop(&mut self) {
            self.1.lock().dropped += 1;
        }
    }

    /// There is none.
    struct Nothing;

    impl Garbage for Nothing {
        type Memory = ();

        const KEPT: usize = 0;

        fn end(self) -> Option<()> {
            None
        }
    }

    struct Scene {
        domain: Domain<Large, Nothing>,
        figures: Arc<Mutex<Figures>>,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                domain: Domain::new(|large| (large.0 > 0).then(|| Box::new(large) as _)),
                figures: Arc::default(),
            }
        }

        fn large(&self, parts: u32) -> Arc<Large> {
            Arc::new(Large(parts, Arc::clone(&self.figures)))
        }

        /// Supersedes what is cached.
        fn cache(&self, generation: u64, object: Arc<Large>) {
            self.domain.enter().cache(generation, object);
        }

        /// How many parts were taken down so far, and how many objects are gone.
        fn so_far(&self) -> (u32, u32) {
            let figures = self.figures.lock();
            (figures.taken_down, figures.dropped)
        }
    }

    #[test]
    fn each_section_takes_down_one_part() {
        let scene = Scene::new();
        scene.cache(1, scene.large(5));
        scene.cache(2, scene.large(0));
        for parts in 1..=5 {
            assert_eq!(scene.so_far(), (parts, u32::from(parts == 5)));
            drop(scene.domain.enter());
        }
        assert_eq!(scene.so_far(), (5, 1), "nothing is left to do");
        scene.cache(3, scene.large(3));
        assert_eq!(scene.so_far(), (5, 2), "a small one goes at once");
        scene.cache(4, scene.large(0));
        assert_eq!(scene.so_far(), (6, 2));
        drop(scene.domain);
        let figures = *scene.figures.lock();
        assert_eq!((figures.taken_down, figures.dropped), (6, 4), "the rest");
    }

    #[test]
    fn a_shared_object_stands_until_the_last_share_is_gone() {
        let scene = Scene::new();
        let object = scene.large(2);
        scene.cache(1, Arc::clone(&object));
        scene.cache(2, scene.large(0));
        drop(scene.domain.enter());
        assert_eq!(scene.so_far(), (0, 0));
        drop(object);
        assert_eq!(scene.so_far(), (0, 1), "let go elsewhere, all at once");
    }
}
