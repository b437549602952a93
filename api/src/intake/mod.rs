//! Intake: takes intents in, many at a time, and answers each once it is durable.

mod batch;
mod writer;

pub(crate) use batch::{IntakeRefusal, Intent};
pub(crate) use writer::Writer;

use entity::Millis;
use uuid::Uuid;

use crate::group::Group;

/// The handlers' end. When it answers [`Verdict::Accepted`] the intent is durable; when it does not answer, the intent is
/// not known to be stored, and asking again with the same key is right.
pub(crate) type Intake = Group<Intent, Verdict>;

/// What became of an intent at intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Durable, to be decided.
    Accepted {
        /// When.
        created_at: Millis,
    },
    /// Its key was used for the same request before; this is the registration it led to.
    Replayed(Uuid),
    /// Not stored; the key stays free.
    Refused(IntakeRefusal),
}

impl Verdict {
    /// Whether its client is told that the intent is stored, now or before. That has to be durable then; also what another
    /// process stored just now, which may not be.
    fn is_promise(&self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::Replayed(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replays_are_promises_and_refusals_are_not() {
        assert!(Verdict::Accepted { created_at: 1 }.is_promise());
        assert!(Verdict::Replayed(Uuid::nil()).is_promise());
        assert!(!Verdict::Refused(IntakeRefusal::KeyReused).is_promise());
    }
}
