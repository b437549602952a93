//! Refreshing: a refresh token is good once. When an old one comes back, somebody has a copy, and nobody can tell who:
//! the session ends for both.

use entity::{
    Database, Error, account,
    audit::{self, Actor, Moved, Step, Who},
    session,
};

use super::{Accounts, Grant, RefreshToken, refresh_token::LIFE};
use crate::{
    attempt::{PATIENCE, attempt},
    http::problem::{Code, Problem},
};

/// New tokens for a refresh token.
pub(crate) async fn refresh(
    database: &Database,
    accounts: &Accounts,
    used: Option<RefreshToken>,
    request_id: String,
) -> Result<Grant, Problem> {
    let used = used.ok_or_else(revoked)?;
    let new = RefreshToken::draw(used.session_id).map_err(|_| Code::Internal)?;
    let (database, next) = (database.clone(), new.clone());
    let rotated = attempt(move || rotate(database.clone(), used.clone(), next.clone(), request_id.clone())).await?;
    accounts.grant(&rotated.ok_or_else(revoked)?, new)
}

fn revoked() -> Problem {
    Problem::from(Code::TokenRevoked).challenge("Bearer")
}

/// What a refresh token is to its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// It is the newest: it gives way to the next.
    Newest,
    /// An earlier try got through, and only its answer was lost.
    Done,
    /// It was used before.
    Again,
    /// It is too old.
    Late,
}

fn judge(session: &session::Model, used: &RefreshToken, next: &RefreshToken, now: entity::Millis) -> Use {
    if session.token_hash == next.hash() {
        Use::Done
    } else if session.token_hash != used.hash() {
        Use::Again
    } else if session.expires_at <= now {
        Use::Late
    } else {
        Use::Newest
    }
}

/// The account with its session's token changed; none if the token is not good. The session's lock comes first, so that
/// of two who use one token the second finds it used.
async fn rotate(
    database: Database,
    used: RefreshToken,
    next: RefreshToken,
    request_id: String,
) -> Result<Option<account::Model>, Error> {
    let tx = database.begin(PATIENCE).await?;
    let Some(session) = session::lock(&tx, used.session_id).await? else { return Ok(None) };
    let now = tx.now().await?;
    let account = account::find(&*tx, session.account_id).await?.filter(|account| account.is_active);
    match judge(&session, &used, &next, now) {
        Use::Done => return Ok(account),
        Use::Newest if account.is_some() => session::rotate(&tx, &session, &next.hash(), now + LIFE).await?,
        Use::Again => {
            session::remove(&tx, session.account_id, session.id).await?;
            let actor = Actor { who: Who::Account(session.account_id), request_id: Some(request_id) };
            let moved = [Moved::plain(session.account_id)];
            audit::record(&tx, None, &actor, &Step::account("revoke_session"), &moved, now).await?;
            tx.commit().await?;
            return Ok(None);
        }
        Use::Late | Use::Newest => return Ok(None),
    }
    tx.commit().await?;
    Ok(account)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_the_newest_token_is_good_and_only_in_time() {
        let tokens: Vec<RefreshToken> = (0..3).map(|_| RefreshToken::draw(Uuid::nil()).unwrap()).collect();
        let token_hash = tokens[1].hash();
        let session =
            session::Model { id: Uuid::nil(), account_id: Uuid::nil(), token_hash, created_at: 0, expires_at: 100 };
        let next = RefreshToken::draw(Uuid::nil()).unwrap();
        assert_eq!(judge(&session, &tokens[1], &next, 99), Use::Newest);
        assert_eq!(judge(&session, &tokens[1], &next, 100), Use::Late);
        assert_eq!(judge(&session, &tokens[0], &next, 99), Use::Again);
        assert_eq!(judge(&session, &tokens[0], &tokens[1], 99), Use::Done);
    }
}
