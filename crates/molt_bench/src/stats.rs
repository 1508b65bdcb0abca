//! Sums up samples by order statistics: they do not care about the one sample that something else disturbed.

/// Order statistics of some samples.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Summary {
    pub min: f64,
    /// First quartile.
    pub q1: f64,
    pub median: f64,
    /// Third quartile.
    pub q3: f64,
    pub max: f64,
}

impl Summary {
    /// Summary of at least one sample.
    ///
    /// # Panics
    /// If there are none.
    pub fn of(samples: &[f64]) -> Summary {
        assert!(!samples.is_empty(), "a summary needs samples");
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |p: f64| quantile(&sorted, p);
        Summary { min: at(0.0), q1: at(0.25), median: at(0.5), q3: at(0.75), max: at(1.0) }
    }
}

/// Linear interpolation between the two closest ranks.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

/// Geometric mean of ratios; `None` of no ratios.
pub fn geometric_mean(ratios: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = ratios.into_iter().fold((0.0, 0u32), |(s, n), r| (s + r.ln(), n + 1));
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_interpolated() {
        let s = Summary::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!((s.min, s.q1, s.median, s.q3, s.max), (1.0, 1.75, 2.5, 3.25, 4.0));
    }

    #[test]
    fn one_sample_is_all_of_its_statistics() {
        let s = Summary::of(&[2.5]);
        assert_eq!((s.min, s.q1, s.median, s.q3, s.max), (2.5, 2.5, 2.5, 2.5, 2.5));
    }

    #[test]
    fn geometric_mean_of_a_ratio_and_its_inverse_is_one() {
        assert!((geometric_mean([4.0, 0.25]).expect("two ratios") - 1.0).abs() < 1e-12);
        assert_eq!(geometric_mean([]), None);
    }
}
