//! Who asks, and what they may see: the one place where that is decided.
//!
//! Rows are read with their audience, many at once for many viewers, and then each viewer is given only what is theirs.

use sea_orm::DbErr;

use crate::{
    Email,
    db::{InPlaces, Places},
};

/// A caller as ownership sees one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// A ticket belongs to its e-mail.
    pub email: Email,
    /// May read and cancel on events of an account with this e-mail; administrators are organizers too.
    pub is_organizer: bool,
    /// May read and cancel everything.
    pub is_admin: bool,
}

/// Who may see a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// The e-mail of the person whose it is.
    pub person: String,
    /// The e-mail of whoever asked for it, if they may see it as well.
    pub submitter: Option<String>,
    /// The e-mail of the event's organizer. None on a simulation's copy of an event, which nobody manages, and where it
    /// was not asked for.
    pub organizer: Option<String>,
}

impl InPlaces for Audience {
    fn next_in(columns: &mut Places<'_>) -> Result<Self, DbErr> {
        Ok(Self { person: columns.next()?, submitter: columns.next_if_any()?, organizer: columns.next_if_any()? })
    }
}

impl Audience {
    /// The columns that make it, for rows of a table with `email` and `event_id`. `submitter` is the column with whoever
    /// asked for the row, or NULL. Finding the organizer takes two look-ups a row, so they are left out unless some viewer
    /// is one.
    pub(crate) fn columns(table: &str, submitter: &str, some_organize: bool) -> String {
        let organizer = if some_organize {
            format!(
                "(SELECT account.email FROM event AS owned JOIN account ON account.id = owned.organizer_id
                  WHERE owned.id = {table}.event_id AND owned.shadow_of IS NULL)"
            )
        } else {
            // PostgreSQL wants to know what kind of nothing it is.
            "CAST(NULL AS TEXT)".to_owned()
        };
        format!("{table}.email, {submitter}, {organizer}")
    }

    /// Whether this viewer may see the row.
    pub fn admits(&self, viewer: &Viewer) -> bool {
        let is_viewer = |email: &str| email == viewer.email.as_str();
        let manages = |organizer: &str| viewer.is_organizer && (viewer.is_admin || is_viewer(organizer));
        is_viewer(&self.person)
            || self.submitter.as_deref().is_some_and(is_viewer)
            || self.organizer.as_deref().is_some_and(manages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(email: &str, is_organizer: bool, is_admin: bool) -> Viewer {
        Viewer { email: Email::parse(email).unwrap(), is_organizer, is_admin }
    }

    fn audience() -> Audience {
        let email = |name: &str| format!("{name}@x.org");
        Audience { person: email("p"), submitter: Some(email("s")), organizer: Some(email("o")) }
    }

    #[test]
    fn people_see_what_is_theirs_or_what_they_asked_for() {
        assert!(audience().admits(&viewer("p@x.org", false, false)));
        assert!(audience().admits(&viewer("s@x.org", false, false)));
        assert!(!audience().admits(&viewer("q@x.org", false, false)));
        let ticket = Audience { submitter: None, ..audience() };
        assert!(!ticket.admits(&viewer("s@x.org", false, false)));
    }

    #[test]
    fn organizers_see_what_belongs_to_their_events_and_administrators_everything() {
        assert!(audience().admits(&viewer("o@x.org", true, false)));
        assert!(!audience().admits(&viewer("q@x.org", true, false)), "another event's");
        assert!(!audience().admits(&viewer("o@x.org", false, false)), "the address, but not as an organizer");
        assert!(audience().admits(&viewer("root@x.org", true, true)));
    }

    #[test]
    fn nobody_manages_a_simulations_copy() {
        let shadow = Audience { organizer: None, ..audience() };
        assert!(!shadow.admits(&viewer("root@x.org", true, true)));
        assert!(!shadow.admits(&viewer("o@x.org", true, false)));
        assert!(shadow.admits(&viewer("p@x.org", false, false)), "invented people own their tickets");
    }
}
