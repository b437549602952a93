//! What happens at the points, and when.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use crate::Error;

/// Every point there is.
pub const POINTS: &[&str] = &[
    "intake.before_statement",
    "intake.after_statement",
    "settle.before_commit",
    "settle.after_commit",
    "settle.before_split",
    "blame.before_commit",
    "reap.before_commit",
    "reap.after_commit",
    "promote.before_seats",
    "confirm.before_commit",
    "confirm.after_commit",
];

#[derive(Debug, PartialEq, Eq)]
enum Effect {
    /// A fault that nobody foresaw.
    Error,
    Panic,
    /// The process ends at once, as with kill -9.
    Abort,
}

#[derive(Debug)]
struct Armed {
    point: String,
    effect: Effect,
    /// The time that it happens, counted from 1.
    time: u32,
    passed: AtomicU32,
}

static ARMED: OnceLock<Vec<Armed>> = OnceLock::new();

/// Arms points of this process, once: `settle.before_commit=panic:3` lets the third pass through that point panic. Others are
/// `error` and `abort`; without a number it is the first pass. Several are separated by commas.
///
/// # Errors
/// A sentence about what cannot be understood.
pub fn arm(text: &str) -> Result<(), String> {
    let armed = text.split(',').filter(|one| !one.is_empty()).map(parse).collect::<Result<Vec<_>, _>>()?;
    ARMED.set(armed).map_err(|_| "faults are armed once".to_owned())
}

fn parse(text: &str) -> Result<Armed, String> {
    let wrong = || format!("\"{text}\" is no fault such as {}=panic:3", POINTS[0]);
    let (point, what) = text.split_once('=').filter(|(point, _)| POINTS.contains(point)).ok_or_else(wrong)?;
    let (effect, time) = what.split_once(':').unwrap_or((what, "1"));
    let effect = match effect {
        "error" => Effect::Error,
        "panic" => Effect::Panic,
        "abort" => Effect::Abort,
        _ => return Err(wrong()),
    };
    let time = time.parse().map_err(|_| wrong())?;
    Ok(Armed { point: point.to_owned(), effect, time, passed: AtomicU32::new(0) })
}

/// Fails here if that is armed: [`fault_point!`](crate::fault_point).
///
/// # Errors
/// [`Error::Guard`] when an error is armed: nobody can tell it from a fault of the batch.
///
/// # Panics
/// When a panic is armed.
pub fn point(name: &'static str) -> Result<(), Error> {
    let armed = ARMED.get().into_iter().flatten().filter(|armed| armed.point == name);
    // Each of them counts, whatever another one does.
    let due: Vec<&Armed> =
        armed.filter(|armed| armed.passed.fetch_add(1, Ordering::Relaxed) + 1 == armed.time).collect();
    let Some(armed) = due.first() else { return Ok(()) };
    eprintln!("a fault on purpose: {name}: {:?}", armed.effect);
    match armed.effect {
        Effect::Error => Err(Error::Guard { what: name, expected: 1, actual: 0 }),
        Effect::Panic => panic!("on purpose: {name}"),
        Effect::Abort => std::process::abort(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let armed = parse("settle.before_commit=panic:3").unwrap();
        assert_eq!((armed.point.as_str(), armed.effect, armed.time), ("settle.before_commit", Effect::Panic, 3));
        assert_eq!(parse("reap.before_commit=abort").unwrap().time, 1);
        for wrong in ["", "settle", "nowhere=panic", "reap.before_commit=joy", "reap.before_commit=panic:x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_fault_happens_at_its_time_and_only_then() {
        arm("settle.after_commit=error:2").unwrap();
        let failed: Vec<bool> = (0..4).map(|_| point("settle.after_commit").is_err()).collect();
        assert_eq!(failed, [false, true, false, false]);
        assert!(point("settle.before_commit").is_ok());
        assert!(arm("").is_err(), "once");
    }
}
