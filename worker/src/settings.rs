//! What an operator can set about a worker, checked all at once.

use std::fmt::Display;

use clap::Args;
use entity::{Durability, Kind};

/// The settings of a worker, as flags and environment variables. They are read as text, so that every mistake can be
/// told at once instead of the first one only.
#[derive(Args, Clone, Debug)]
pub struct SettingsArgs {
    /// The database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://turnout.db", hide_env_values = true)]
    pub database_url: String,
    /// What a power loss may take on SQLite: "full" nothing, "normal" the last moments
    #[arg(long, env = "TURNOUT_DURABILITY", default_value = "full")]
    pub durability: String,
    /// Jobs settled, and holds of one event expired, in one transaction at most
    #[arg(long, env = "TURNOUT_BATCH_MAX", default_value = "500")]
    pub batch_max: String,
    /// Attempts at a job that faults before it waits for an operator
    #[arg(long, env = "TURNOUT_ATTEMPTS_MAX", default_value = "5")]
    pub attempts_max: String,
    /// Days after which registrations of past and cancelled events are forgotten
    #[arg(long, env = "TURNOUT_RETENTION_DAYS", default_value = "30")]
    pub retention_days: String,
    /// Minutes between two checks of the promises, of which one worker makes each; 0 for none, not even at start
    #[arg(long, env = "TURNOUT_VERIFY_MINUTES", default_value = "10")]
    pub verify_minutes: String,
}

/// How a worker works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Jobs settled, and holds of one event expired, in one transaction at most.
    pub batch_max: u32,
    /// Attempts at a job that faults before it waits for an operator.
    pub attempts_max: u32,
    /// Days after which registrations of past and cancelled events are forgotten.
    pub retention_days: u32,
    /// Minutes between two checks of the promises; 0 for none.
    pub verify_minutes: u32,
}

impl SettingsArgs {
    /// The settings, or `None` and every mistake noted.
    pub fn check(&self, mistakes: &mut Mistakes) -> Option<(Settings, Durability)> {
        if Kind::of_url(&self.database_url).is_none() {
            mistakes.note("--database-url", "must start with sqlite:// or postgres://");
        }
        let durability = mistakes.take("--durability", parse_durability(&self.durability));
        let batch_max = mistakes.take("--batch-max", parse_between(&self.batch_max, 1, 2000));
        let attempts_max = mistakes.take("--attempts-max", parse_between(&self.attempts_max, 1, 1000));
        let retention_days = mistakes.take("--retention-days", parse_between(&self.retention_days, 1, 36_500));
        let verify_minutes = mistakes.take("--verify-minutes", parse_between(&self.verify_minutes, 0, 10_080));
        let settings = Settings {
            batch_max: batch_max?,
            attempts_max: attempts_max?,
            retention_days: retention_days?,
            verify_minutes: verify_minutes?,
        };
        Some((settings, durability?))
    }
}

/// What is wrong with the settings, all of it.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<String>);

impl Mistakes {
    /// Notes what is wrong with a setting.
    pub fn note(&mut self, flag: &str, problem: impl Display) {
        self.0.push(format!("{flag}: {problem}"));
    }

    /// The value, or `None` and the problem noted.
    pub fn take<T, E: Display>(&mut self, flag: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|problem| self.note(flag, problem)).ok()
    }

    /// The mistakes as lines, or nothing if there are none.
    pub fn report(&self) -> Option<String> {
        if self.0.is_empty() { None } else { Some(self.0.join("\n")) }
    }
}

/// A whole number within bounds.
///
/// # Errors
/// A sentence that names the bounds.
pub(crate) fn parse_between(text: &str, min: u32, max: u32) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(format!("\"{text}\" is not a whole number from {min} to {max}")),
    }
}

fn parse_durability(text: &str) -> Result<Durability, String> {
    match text {
        "full" => Ok(Durability::Full),
        "normal" => Ok(Durability::Normal),
        _ => Err(format!("\"{text}\" is neither \"full\" nor \"normal\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told() {
        let args = SettingsArgs {
            database_url: "mysql://db".to_owned(),
            durability: "some".to_owned(),
            batch_max: "0".to_owned(),
            attempts_max: "many".to_owned(),
            retention_days: "-1".to_owned(),
            verify_minutes: "often".to_owned(),
        };
        let mut mistakes = Mistakes::default();
        assert_eq!(args.check(&mut mistakes), None);
        let report = mistakes.report().unwrap();
        let flags =
            ["--database-url", "--durability", "--batch-max", "--attempts-max", "--retention-days", "--verify-minutes"];
        for flag in flags {
            assert!(report.contains(flag), "{report}");
        }
    }
}
