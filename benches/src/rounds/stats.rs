//! From samples to figures.

use super::Sample;

/// What a subject did in all rounds of one workload.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The subject's name.
    pub subject: &'static str,
    /// Threads that ran.
    pub threads: usize,
    /// One sample a round.
    pub samples: Vec<Sample>,
}

impl Figure {
    /// One without a sample.
    #[must_use]
    pub fn new(subject: &'static str, threads: usize) -> Self {
        let samples = Vec::new();
        Figure {
            subject,
            threads,
            samples,
        }
    }

    /// Nanoseconds that an operation kept its thread busy, on the median.
    #[must_use]
    pub fn nanos(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.nanos(self.threads)))
    }

    /// Millions of operations a second that all threads did together, on the median.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        1e3 * self.threads as f64 / self.nanos()
    }

    /// The slowest round less the fastest, as a share of the median.
    #[must_use]
    pub fn spread(&self) -> f64 {
        let nanos = |sample: &Sample| sample.nanos(self.threads);
        let slowest = self.samples.iter().map(nanos).fold(0.0, f64::max);
        let fastest = self.samples.iter().map(nanos).fold(f64::INFINITY, f64::min);
        (slowest - fastest) / self.nanos()
    }

    /// Operations in a thousand that took the map's lock, if the map counts them.
    #[must_use]
    pub fn locked(&self) -> Option<f64> {
        let locked = |sample: &Sample| Some(1e3 * sample.locked? as f64 / sample.ops as f64);
        let all: Option<Vec<_>> = self.samples.iter().map(locked).collect();
        all.map(median)
    }
}

/// The middle value, or the mean of the two in the middle; not a number if there is none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n => f64::midpoint(values[n / 2], values[(n - 1) / 2]),
    }
}

/// How many times the time of `base` this one took, on the median of the rounds.
#[must_use]
pub fn ratio(this: &Figure, base: &Figure) -> f64 {
    let rounds = this.samples.iter().zip(&base.samples);
    median(rounds.map(|(a, b)| a.nanos(this.threads) / b.nanos(base.threads)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(nanos: &[u64]) -> Figure {
        let sample = |&nanos: &u64| Sample {
            elapsed: std::time::Duration::from_nanos(nanos),
            ops: 1,
            locked: None,
        };
        Figure {
            samples: nanos.iter().map(sample).collect(),
            ..Figure::new("", 1)
        }
    }

    #[test]
    fn ratios_are_taken_within_rounds() {
        let (fast, slow) = (figure(&[10, 100, 20]), figure(&[20, 200, 40]));
        assert_eq!(ratio(&slow, &fast), 2.0);
        assert_eq!(fast.nanos(), 20.0);
    }

    #[test]
    fn a_median_of_two_is_between_them() {
        assert_eq!(median([4.0, 1.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
