//! The chart for the README: each ratio that has a target, with its floor and its goal.

use std::{error::Error, path::Path};

use plotters::prelude::*;

use crate::{
    figures::{Figure, Target},
    report::short,
};

const WIDTH: u32 = 900;
const ROW: u32 = 44;
const TOP: u32 = 40;
const LABELS: i32 = 420;

/// Room for one and a half times the goal.
const SCALE: f64 = 1.5;

const BAR: RGBColor = RGBColor(46, 125, 110);
const MISSED: RGBColor = RGBColor(190, 70, 60);
const INK: RGBColor = RGBColor(40, 40, 40);

/// Draws the ratios. A bar reaches its goal at the second mark; where less is better, it shows goal divided by value.
pub(crate) fn draw(path: &Path, figures: &[Figure]) -> Result<(), Box<dyn Error>> {
    let rows: Vec<(&Figure, Target)> = figures
        .iter()
        .filter(|figure| figure.unit.is_empty())
        .filter_map(|figure| Some((figure, figure.target?)))
        .collect();
    let height = TOP + ROW * u32::try_from(rows.len())? + 10;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |size: i32| ("sans-serif", size).into_font().color(&INK);
    area.draw_text("Share of the goal: the mark is the floor, the line is the goal", &text(16), (10, 12))?;
    for (row, (figure, target)) in rows.iter().enumerate() {
        let y = i32::try_from(TOP + ROW * u32::try_from(row)?)?;
        let label = format!("{} = {}", figure.name, short(figure.median));
        area.draw_text(&label, &text(15), (10, y + 2))?;
        area.draw_text(&figure.settings, &text(11), (10, y + 21))?;
        let color = if target.judge(figure.median) == "MISSED" { MISSED } else { BAR };
        area.draw(&Rectangle::new([(LABELS, y + 4), (place(figure.median, *target), y + 26)], color.filled()))?;
        let floor = place(target.floor, *target);
        area.draw(&PathElement::new(vec![(floor, y), (floor, y + 30)], INK.stroke_width(3)))?;
    }
    let goal = place_of_share(1.0);
    area.draw(&PathElement::new(
        vec![(goal, i32::try_from(TOP)? - 6), (goal, i32::try_from(height)? - 6)],
        INK.stroke_width(1),
    ))?;
    area.present()?;
    Ok(())
}

/// Where a bar of this value ends.
fn place(value: f64, target: Target) -> i32 {
    place_of_share(if target.more_is_better { value / target.goal } else { target.goal / value })
}

fn place_of_share(share: f64) -> i32 {
    let room = f64::from(i32::try_from(WIDTH).unwrap_or(0) - LABELS - 20);
    #[expect(clippy::cast_possible_truncation, reason = "pixels")]
    let pixels = (room * share.clamp(0.0, SCALE) / SCALE) as i32;
    LABELS + pixels
}
