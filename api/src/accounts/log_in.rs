//! Logging in: the same work and the same answer whether the e-mail or the password is wrong.

use std::{net::IpAddr, time::Instant};

use entity::{Database, Email, Error, Millis, Transaction, account, session};
use uuid::Uuid;

use super::{Accounts, Grant, RefreshToken, refresh_token::LIFE, too_many};
use crate::{
    attempt::{PATIENCE, attempt},
    http::problem::{Code, Problem},
};

/// Begins a session for whoever knows the password.
pub(crate) async fn log_in(
    database: &Database,
    accounts: &Accounts,
    email: &Email,
    password: String,
    from: IpAddr,
) -> Result<Grant, Problem> {
    let guess = accounts.attempts.begin(email, from, Instant::now()).map_err(too_many)?;
    let known = match check(database, accounts, email, password).await {
        Ok(known) => known,
        Err(problem) => {
            guess.abandoned();
            return Err(problem);
        }
    };
    // From here on a guess that is not said to be none is a failure.
    let known = known.ok_or_else(wrong_credentials)?;
    guess.succeeded();
    let token = RefreshToken::draw(Uuid::now_v7()).map_err(|_| Code::Internal)?;
    let (database, refresh) = (database.clone(), token.clone());
    let account = attempt(move || open(database.clone(), known.clone(), refresh.clone())).await?;
    accounts.grant(&account.ok_or_else(wrong_credentials)?, token)
}

/// The account, if this is its password and it is active. Exactly one password is checked, whoever asks.
async fn check(
    database: &Database,
    accounts: &Accounts,
    email: &Email,
    password: String,
) -> Result<Option<account::Model>, Problem> {
    let found = account::find_by_email(database.reader(), email).await?;
    let hash = found.as_ref().and_then(|account| account.password_hash.clone());
    let is_right = accounts.passwords.verify(password, hash).await?;
    Ok(found.filter(|account| is_right && account.is_active))
}

fn wrong_credentials() -> Problem {
    Problem::from(Code::WrongCredentials).challenge("Bearer")
}

async fn open(database: Database, known: account::Model, token: RefreshToken) -> Result<Option<account::Model>, Error> {
    let tx = database.begin(PATIENCE).await?;
    let account = account::lock(&tx, known.id).await?;
    // Meanwhile the password may have been changed, or the account deactivated.
    let account = account.filter(|account| account.is_active && account.password_hash == known.password_hash);
    let Some(account) = account else { return Ok(None) };
    if session::lock(&tx, token.session_id).await?.is_some() {
        // An earlier try got through, and only its answer was lost.
        return Ok(Some(account));
    }
    let now = tx.now().await?;
    begin_session(&tx, account.id, &token, now).await?;
    tx.commit().await?;
    Ok(Some(account))
}

/// Stores a session with its first refresh token. The account must be locked.
pub(super) async fn begin_session(
    tx: &Transaction,
    account_id: Uuid,
    token: &RefreshToken,
    now: Millis,
) -> Result<(), Error> {
    let (id, token_hash) = (token.session_id, token.hash());
    session::insert(tx, &session::Model { id, account_id, token_hash, created_at: now, expires_at: now + LIFE }).await
}
