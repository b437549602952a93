//! Accounts on the wire.

use entity::account;
use poem_openapi::{Enum, Object, types::Example};
use uuid::Uuid;

use crate::http::{
    caller::Caller,
    fields::{self, Fields, FromFields},
    parameters::Cursor,
    time::Time,
};

/// What somebody may do. Roles nest: an administrator may do what an organizer may, and an organizer what an attendee
/// may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "Role", rename_all = "snake_case")]
pub(crate) enum Role {
    /// Registers for events.
    Attendee,
    /// Also makes events and manages them.
    Organizer,
    /// Also manages everything.
    Admin,
}

impl From<account::Role> for Role {
    fn from(role: account::Role) -> Self {
        match role {
            account::Role::Attendee => Self::Attendee,
            account::Role::Organizer => Self::Organizer,
            account::Role::Admin => Self::Admin,
        }
    }
}

impl From<Role> for account::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Attendee => Self::Attendee,
            Role::Organizer => Self::Organizer,
            Role::Admin => Self::Admin,
        }
    }
}

/// An account.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub(crate) struct Account {
    /// Its id.
    pub id: Uuid,
    /// Who it belongs to, in lower case.
    pub email: String,
    /// The person's name.
    pub name: String,
    pub role: Role,
    /// Whether its owner may log in and do anything.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Time,
}

impl From<account::Model> for Account {
    fn from(account: account::Model) -> Self {
        Self {
            id: account.id,
            email: account.email,
            name: account.name,
            role: account.role.into(),
            is_active: account.is_active,
            created_at: Time(account.created_at),
        }
    }
}

impl Example for Account {
    fn example() -> Self {
        Self {
            id: Uuid::from_u128(0x01a1_fcc7_c0a2_702a_a886_1204_f237_2d00),
            email: "ada@example.org".to_owned(),
            name: "Ada Lovelace".to_owned(),
            role: Role::Attendee,
            is_active: true,
            created_at: Time(1_795_243_511_000),
        }
    }
}

/// Some accounts, the oldest first.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct AccountPage {
    /// The accounts of this page.
    pub data: Vec<Account>,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
}

impl Example for AccountPage {
    fn example() -> Self {
        let account = Account::example();
        let next_cursor = Some(Cursor::write(account.created_at.0, account.id));
        Self { data: vec![account], next_cursor }
    }
}

/// Whoever is calling.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Me {
    /// The id of the account; absent behind a gateway, which knows people by e-mail.
    pub id: Option<Uuid>,
    /// Who you are: tickets belong to this address.
    pub email: String,
    /// The name of the account; absent behind a gateway.
    pub name: Option<String>,
    pub role: Role,
    /// When the account was made; absent behind a gateway.
    pub created_at: Option<Time>,
}

impl From<account::Model> for Me {
    fn from(account: account::Model) -> Self {
        Self {
            id: Some(account.id),
            email: account.email,
            name: Some(account.name),
            role: account.role.into(),
            created_at: Some(Time(account.created_at)),
        }
    }
}

impl From<&Caller> for Me {
    fn from(caller: &Caller) -> Self {
        let (email, role) = (caller.email.to_string(), caller.role.into());
        Self { id: None, email, name: None, role, created_at: None }
    }
}

impl Example for Me {
    fn example() -> Self {
        let Account { id, email, name, role, created_at, .. } = Account::example();
        Self { id: Some(id), email, name: Some(name), role, created_at: Some(created_at) }
    }
}

/// The characters of a new password.
pub(super) const PASSWORD_MIN: usize = 8;
pub(super) const PASSWORD_MAX: usize = 200;

/// Whether text may become a password.
pub(crate) fn is_fit_password(text: &str) -> bool {
    (PASSWORD_MIN..=PASSWORD_MAX).contains(&text.chars().count())
}

/// A new account. It is an attendee's; administrators can change that later.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub(crate) struct NewAccount {
    /// Yours: it is how you log in, and your tickets belong to it.
    #[oai(validator(max_length = 254))]
    pub email: String,
    /// Your name.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub name: String,
    /// Known to you alone. Every character counts.
    #[oai(validator(min_length = 8, max_length = 200))]
    pub password: String,
}

impl Example for NewAccount {
    fn example() -> Self {
        let Account { email, name, .. } = Account::example();
        Self { email, name, password: "correct horse battery staple".to_owned() }
    }
}

impl FromFields for NewAccount {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let email = f.required("email", fields::email);
        let name = f.required("name", fields::text(1, 200));
        let password = f.required("password", fields::password(PASSWORD_MIN, PASSWORD_MAX));
        Some(Self { email: email?.to_string(), name: name?, password: password? })
    }
}

const ROLES: &[(&str, Role)] = &[("attendee", Role::Attendee), ("organizer", Role::Organizer), ("admin", Role::Admin)];

/// What to change about an account. What is absent stays.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct AccountChange {
    pub role: Option<Role>,
    /// Whether its owner may log in and do anything. False also ends all logins.
    pub is_active: Option<bool>,
}

impl Example for AccountChange {
    fn example() -> Self {
        Self { role: Some(Role::Organizer), is_active: None }
    }
}

impl FromFields for AccountChange {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let role = f.optional("role", fields::one_of(ROLES));
        let is_active = f.optional("is_active", fields::boolean);
        Some(Self { role: role?, is_active: is_active? })
    }
}
