//! Logging out: of one session, or everywhere.

use entity::{
    Database, Error, account,
    audit::{self, Actor, Moved, Step},
    session,
};
use uuid::Uuid;

use super::RefreshToken;
use crate::attempt::{PATIENCE, attempt};

/// Ends the session of this refresh token, or without one every session and every access token of the account. Ending
/// what has ended is the same.
pub(crate) async fn log_out(
    database: &Database,
    account_id: Uuid,
    of: Option<RefreshToken>,
    actor: Actor,
) -> Result<(), Error> {
    let database = database.clone();
    match of {
        Some(token) => attempt(move || of_one(database.clone(), account_id, token.session_id, actor.clone())).await,
        None => attempt(move || everywhere(database.clone(), account_id, actor.clone())).await,
    }
}

async fn of_one(database: Database, account_id: Uuid, session_id: Uuid, actor: Actor) -> Result<(), Error> {
    let tx = database.begin(PATIENCE).await?;
    if session::remove(&tx, account_id, session_id).await? {
        let now = tx.now().await?;
        audit::record(&tx, None, &actor, &Step::account("log_out"), &[Moved::plain(account_id)], now).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn everywhere(database: Database, account_id: Uuid, actor: Actor) -> Result<(), Error> {
    let tx = database.begin(PATIENCE).await?;
    let Some(account) = account::lock(&tx, account_id).await? else { return Ok(()) };
    let now = tx.now().await?;
    account::end_tokens(&tx, &account).await?;
    session::remove_all(&tx, account_id).await?;
    audit::record(&tx, None, &actor, &Step::account("log_out_everywhere"), &[Moved::plain(account_id)], now).await?;
    tx.commit().await
}
