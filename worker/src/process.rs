//! What a process takes from the machine besides its settings: the time. In builds with debug assertions tests can shift it,
//! and arm faults.

use chrono::Utc;
use entity::Clock;

use crate::Mistakes;

/// The clock of this process, which decides on SQLite only.
///
/// With debug assertions it is as many milliseconds off as stands in the file that `TURNOUT_CLOCK_SHIFT` names, so that a
/// test can let it jump.
pub fn process_clock() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place where a process reads the time")]
    let read = || Utc::now().timestamp_millis();
    #[cfg(debug_assertions)]
    if let Some(file) = std::env::var_os("TURNOUT_CLOCK_SHIFT") {
        let shift = move || std::fs::read_to_string(&file).ok()?.trim().parse::<i64>().ok();
        return Clock::new(move || read() + shift().unwrap_or(0));
    }
    Clock::new(read)
}

/// Arms the faults that `TURNOUT_FAULTS` names, with debug assertions.
pub fn arm_faults(mistakes: &mut Mistakes) {
    #[cfg(debug_assertions)]
    mistakes.take("TURNOUT_FAULTS", entity::fault::arm(&std::env::var("TURNOUT_FAULTS").unwrap_or_default()));
    #[cfg(not(debug_assertions))]
    let _ = mistakes;
}
