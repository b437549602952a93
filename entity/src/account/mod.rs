//! Accounts: who people are and what they may do.

mod change;
mod read;

pub use change::{end_tokens, ensure_organizer, insert, lock, lock_admins, set_password, set_rights};
pub use read::{any, find, find_by_email, list, standings, standings_alone};

use std::fmt;

use sea_orm::{FromQueryResult, entity::prelude::*};

use crate::{
    Millis,
    db::{Columns, FromColumns},
};

/// What a caller may do. Roles nest: an administrator may do what an organizer may, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// Registers for events.
    #[sea_orm(string_value = "attendee")]
    Attendee,
    /// Also makes events and manages them.
    #[sea_orm(string_value = "organizer")]
    Organizer,
    /// Also manages everything.
    #[sea_orm(string_value = "admin")]
    Admin,
}

impl Role {
    /// As it is stored, and as clients see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attendee => "attendee",
            Self::Organizer => "organizer",
            Self::Admin => "admin",
        }
    }

    /// Reads what [`Role::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Attendee, Self::Organizer, Self::Admin].into_iter().find(|role| role.as_str() == text)
    }
}

/// An account.
#[derive(Clone, PartialEq, Eq, FromQueryResult)]
pub struct Model {
    /// UUID v7.
    pub id: Uuid,
    /// Who it belongs to, normalised.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// A PHC string; none when a gateway vouches for the person.
    pub password_hash: Option<String>,
    /// What its owner may do.
    pub role: Role,
    /// Whether its owner may do anything at all.
    pub is_active: bool,
    /// Tokens made for an earlier version are no longer good.
    pub token_version: i64,
    /// When it was made.
    pub created_at: Millis,
}

impl Model {
    /// What it may do, as it was when it was read.
    pub fn standing(&self) -> Standing {
        Standing { id: self.id, role: self.role, is_active: self.is_active, token_version: self.token_version }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("account::Model").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// What an account may do now, whatever its tokens say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The account.
    pub id: Uuid,
    /// What its owner may do.
    pub role: Role,
    /// Whether its owner may do anything at all.
    pub is_active: bool,
    /// Tokens made for an earlier version are no longer good.
    pub token_version: i64,
}

impl FromColumns for Standing {
    fn from_columns(row: &impl Columns) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.column("id")?,
            role: Role::try_from_value(&row.column("role")?)?,
            is_active: row.column("is_active")?,
            token_version: row.column("token_version")?,
        })
    }
}

impl Standing {
    /// Whether a token made for this version is still good.
    pub fn admits(&self, token_version: i64) -> bool {
        self.is_active && self.token_version == token_version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_written_as_they_are_stored() {
        for role in [Role::Attendee, Role::Organizer, Role::Admin] {
            assert_eq!((role.as_str(), Role::parse(role.as_str())), (role.to_value().as_str(), Some(role)));
        }
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn tokens_are_good_for_the_current_version_of_an_active_account() {
        let standing = Standing { id: Uuid::nil(), role: Role::Admin, is_active: true, token_version: 3 };
        assert!(standing.admits(3));
        assert!(!standing.admits(2) && !standing.admits(4));
        assert!(!Standing { is_active: false, ..standing }.admits(3));
    }
}
