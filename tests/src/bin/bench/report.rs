//! The report: a table for people, JSON for programs.

use std::{io::Write, path::Path, time::Instant};

use serde::Serialize;

use crate::figures::Figure;

/// What was measured, and where.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Processor cores.
    pub(crate) cores: usize,
    /// How long the disk takes to make 4 KiB durable, in milliseconds: the median of many times.
    pub(crate) sync_millis: f64,
    /// The profile that the programs were built with.
    pub(crate) profile: String,
    /// Rounds of each comparison.
    pub(crate) rounds: usize,
    /// Whether it was the quick version.
    pub(crate) is_quick: bool,
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// Writes it as JSON.
    pub(crate) fn save(&self, path: &Path) -> std::io::Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(std::io::Error::other)?;
        text.push('\n');
        std::fs::write(path, text)
    }
}

/// Four digits that matter.
pub(crate) fn short(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

/// One figure as a line.
pub(crate) fn line(figure: &Figure) -> String {
    let judged = figure.target.map_or_else(String::new, |target| {
        let sign = if target.more_is_better { "≥" } else { "≤" };
        format!("  {} (floor {sign} {}, goal {sign} {})", target.judge(figure.median), target.floor, target.goal)
    });
    format!(
        "{:<58} {:>9} {:<11} [{} – {}]{judged}  · {}",
        figure.name,
        short(figure.median),
        figure.unit,
        short(figure.min),
        short(figure.max),
        figure.settings
    )
}

/// How long the disk takes to make a page durable, in milliseconds: the median of many times.
pub(crate) fn sync_millis(folder: &Path) -> std::io::Result<f64> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut times = vec![];
    for _ in 0..200 {
        let since = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(since.elapsed().as_secs_f64() * 1e3);
    }
    Ok(crate::figures::median(&times))
}
