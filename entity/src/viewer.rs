//! Who asks: the part of a caller that ownership in SQL needs.

use sea_orm::Value;

use crate::Email;

/// A caller as the statements see one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// A ticket belongs to its e-mail.
    pub email: Email,
    /// May read and cancel on events of an account with this e-mail; administrators are organizers too.
    pub is_organizer: bool,
    /// May read and cancel everything.
    pub is_admin: bool,
}

/// True for rows of `job` that a viewer may see: the person's own, those they submitted, those of their events.
pub(crate) const SEES_JOB: &str = "(job.email = ? OR job.key_scope = ? OR (? AND EXISTS (
    SELECT 1 FROM event AS owned JOIN account ON account.id = owned.organizer_id
    WHERE owned.id = job.event_id AND owned.shadow_of IS NULL AND (? OR account.email = ?))))";

/// True for rows of `ticket` that a viewer may see: the person's own and those of their events.
pub(crate) const SEES_TICKET: &str = "(ticket.email = ? OR (? AND EXISTS (
    SELECT 1 FROM event AS owned JOIN account ON account.id = owned.organizer_id
    WHERE owned.id = ticket.event_id AND owned.shadow_of IS NULL AND (? OR account.email = ?))))";

impl Viewer {
    /// The values of [`SEES_JOB`].
    pub(crate) fn job_values(&self) -> Vec<Value> {
        let email = self.email.as_str();
        vec![email.into(), email.into(), self.is_organizer.into(), self.is_admin.into(), email.into()]
    }

    /// The values of [`SEES_TICKET`].
    pub(crate) fn ticket_values(&self) -> Vec<Value> {
        let email = self.email.as_str();
        vec![email.into(), self.is_organizer.into(), self.is_admin.into(), email.into()]
    }
}
