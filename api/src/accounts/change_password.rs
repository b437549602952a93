//! Changing one's password: every session and every token from before it ends, and a new session begins.

use std::{net::IpAddr, time::Instant};

use entity::{
    Database, Error, account,
    audit::{self, Actor, Moved, Step},
    session,
};
use uuid::Uuid;

use super::{Accounts, Grant, RefreshToken, log_in::begin_session, too_many};
use crate::{
    attempt::{PATIENCE, attempt},
    http::{
        caller::{Caller, invalid_token},
        problem::{Code, Problem},
    },
    views::PasswordChange,
};

/// Sets a new password for a caller who knows the current one. Who does not is slowed down like whoever logs in: a
/// token that was stolen must not help to find out the password.
pub(crate) async fn change_password(
    database: &Database,
    accounts: &Accounts,
    caller: &Caller,
    change: PasswordChange,
    from: IpAddr,
    actor: Actor,
) -> Result<Grant, Problem> {
    let account = match caller.account_id {
        Some(id) => account::find(database.reader(), id).await?,
        None => None,
    };
    let account = account.ok_or_else(invalid_token)?;
    let guess = accounts.attempts.begin(&caller.email, from, Instant::now()).map_err(too_many)?;
    let is_right = accounts.passwords.verify(change.current_password, account.password_hash.clone()).await;
    match is_right {
        Ok(true) => guess.succeeded(),
        Ok(false) => return Err(Code::WrongPassword.into()),
        Err(error) => {
            guess.abandoned();
            return Err(error.into());
        }
    }
    let hash = accounts.passwords.hash(change.new_password).await?;
    let token = RefreshToken::draw(Uuid::now_v7()).map_err(|_| Code::Internal)?;
    let (database, first) = (database.clone(), token.clone());
    let changed =
        attempt(move || set(database.clone(), account.clone(), hash.clone(), first.clone(), actor.clone())).await?;
    accounts.grant(&changed.ok_or_else(invalid_token)?, token)
}

/// The account with its new password; none if it changed since it was looked at.
async fn set(
    database: Database,
    known: account::Model,
    hash: String,
    token: RefreshToken,
    actor: Actor,
) -> Result<Option<account::Model>, Error> {
    let tx = database.begin(PATIENCE).await?;
    let Some(account) = account::lock(&tx, known.id).await? else { return Ok(None) };
    if session::lock(&tx, token.session_id).await?.is_some() {
        // An earlier try got through, and only its answer was lost.
        return Ok(Some(account));
    }
    if account != known {
        return Ok(None);
    }
    let now = tx.now().await?;
    account::set_password(&tx, &account, &hash).await?;
    session::remove_all(&tx, account.id).await?;
    begin_session(&tx, account.id, &token, now).await?;
    audit::record(&tx, None, &actor, &Step::account("change_password"), &[Moved::plain(account.id)], now).await?;
    let changed = account::find(&*tx, account.id).await?;
    tx.commit().await?;
    Ok(changed)
}
