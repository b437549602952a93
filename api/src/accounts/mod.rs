//! Accounts of our own: who people are, how they prove it, and what they may do.
//!
//! - `sign_up`, `log_in`, `refresh`, `log_out`, `change_password` and `manage` are use cases: slow work on passwords
//!   first, then one guarded transaction;
//! - `access_token` and `refresh_token` are the two kinds of tokens, `hs256` how the first kind is signed;
//! - `passwords` hashes, a few at a time; `attempts` slows down those who guess, but nobody in
//!   their `known_places`;
//! - `create_admin` and `demo` are for the command line.
//!
//! Access tokens are believed without asking the database while somebody reads their own things. Whatever changes
//! something asks for the account itself, so rights that were taken away are gone with the next request that writes.

mod access_token;
mod attempts;
mod change_password;
mod create_admin;
mod demo;
mod hs256;
mod known_places;
mod log_in;
mod log_out;
mod manage;
mod passwords;
mod refresh;
mod refresh_token;
mod sign_up;

use std::{sync::Arc, time::Duration};

use entity::{Clock, account};

pub(crate) use access_token::{AccessTokens, LIFE_SECONDS as ACCESS_LIFE_SECONDS};
pub(crate) use change_password::change_password;
pub(crate) use create_admin::{CreateAdminArgs, NewAdmin, create_admin};
pub(crate) use demo::{Login, demo};
pub(crate) use log_in::log_in;
pub(crate) use log_out::log_out;
pub(crate) use manage::manage;
pub(crate) use refresh::refresh;
pub(crate) use refresh_token::{LIFE_SECONDS as REFRESH_LIFE_SECONDS, RefreshToken};
pub(crate) use sign_up::sign_up;

use attempts::Attempts;
use passwords::{PasswordError, Passwords};

use crate::http::problem::{Code, Problem};

/// What accounts of our own need in memory.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    tokens: Arc<AccessTokens>,
    /// What tokens go by.
    clock: Clock,
    passwords: Passwords,
    attempts: Attempts,
}

impl Accounts {
    pub(crate) fn new(tokens: Arc<AccessTokens>, clock: Clock) -> Self {
        Self { tokens, clock, passwords: Passwords::new(), attempts: Attempts::default() }
    }

    /// What a client gets once its session is stored.
    fn grant(&self, account: &account::Model, refresh_token: RefreshToken) -> Result<Grant, Problem> {
        let access_token = self.tokens.issue(account, self.clock.now()).ok_or(Code::Internal)?;
        Ok(Grant { access_token, refresh_token })
    }
}

/// Both tokens, for the client.
pub(crate) struct Grant {
    pub(crate) access_token: String,
    pub(crate) refresh_token: RefreshToken,
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::busy(),
            PasswordError::Fault => Code::Internal.into(),
        }
    }
}

/// The answer to whoever has to wait before the next login.
fn too_many(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::from(Code::TooManyAttempts).header("Retry-After", seconds.to_string())
}
