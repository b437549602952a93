//! Figures: what was measured, several times, and what we want it to be.

use std::time::Duration;

use serde::Serialize;

/// One figure of the report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// What it is, in words.
    pub(crate) name: String,
    /// `/s`, `ms`, `MB`, or nothing for a ratio.
    pub(crate) unit: &'static str,
    /// Database, durability, batch, clients: what it depends on.
    pub(crate) settings: String,
    /// The value of each round.
    pub(crate) values: Vec<f64>,
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// What must hold, for targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Target>,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Target {
    /// It must not be worse than this.
    pub(crate) floor: f64,
    /// What we want.
    pub(crate) goal: f64,
    /// Whether more is better.
    pub(crate) more_is_better: bool,
}

impl Target {
    /// More is better.
    pub(crate) fn at_least(floor: f64, goal: f64) -> Self {
        Self { floor, goal, more_is_better: true }
    }

    /// Less is better.
    pub(crate) fn at_most(floor: f64, goal: f64) -> Self {
        Self { floor, goal, more_is_better: false }
    }

    /// How a value stands to it.
    pub(crate) fn judge(&self, value: f64) -> &'static str {
        let reaches = |wanted: f64| if self.more_is_better { value >= wanted } else { value <= wanted };
        match (reaches(self.floor), reaches(self.goal)) {
            (_, true) => "goal",
            (true, false) => "floor",
            (false, false) => "MISSED",
        }
    }
}

impl Figure {
    /// A figure from the values of all rounds.
    ///
    /// # Panics
    /// When there is no value.
    pub(crate) fn new(name: &str, unit: &'static str, settings: &str, values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        assert!(!sorted.is_empty(), "{name} has no value");
        Self {
            name: name.to_owned(),
            unit,
            settings: settings.to_owned(),
            values: values.to_vec(),
            median: sorted[sorted.len() / 2],
            min: sorted[0],
            max: sorted[sorted.len() - 1],
            target: None,
        }
    }

    /// The ratio of two series, round by round.
    pub(crate) fn ratio(name: &str, settings: &str, over: &[f64], under: &[f64], target: Target) -> Self {
        let ratios: Vec<f64> = over.iter().zip(under).map(|(over, under)| over / under).collect();
        Self { target: Some(target), ..Self::new(name, "", settings, &ratios) }
    }
}

/// Of sorted times the one that so many percent do not exceed.
pub(crate) fn percentile(sorted: &[Duration], percent: f64) -> Duration {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let place = (sorted.len() as f64 * percent / 100.0) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// The median of some values.
pub(crate) fn median(values: &[f64]) -> f64 {
    Figure::new("", "", "", values).median
}
