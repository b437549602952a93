//! Signing up: anybody can, as an attendee.

use entity::{
    Database, Email, Error,
    account::{self, Role},
    audit::{self, Actor, Moved, Step, Who},
};
use uuid::Uuid;

use super::Accounts;
use crate::{
    attempt::{PATIENCE, attempt},
    http::problem::{Code, Problem},
    views::{Account, NewAccount},
};

/// Makes an account.
pub(crate) async fn sign_up(
    database: &Database,
    accounts: &Accounts,
    new: NewAccount,
    request_id: String,
) -> Result<Account, Problem> {
    let email = Email::parse(&new.email).map_err(|_| Code::Internal)?;
    if account::find_by_email(database.reader(), &email).await?.is_some() {
        // Spares the work; who comes at the same time is told apart below.
        return Err(Code::EmailTaken.into());
    }
    let account = account::Model {
        // Drawn once: a transaction that is tried again finds what an earlier try made.
        id: Uuid::now_v7(),
        email: new.email,
        name: new.name,
        password_hash: Some(accounts.passwords.hash(new.password).await?),
        role: Role::Attendee,
        is_active: true,
        token_version: 0,
        created_at: 0,
    };
    let actor = Actor { who: Who::Account(account.id), request_id: Some(request_id) };
    let database = database.clone();
    let made = attempt(move || make(database.clone(), email.clone(), account.clone(), actor.clone())).await?;
    Ok(made?.into())
}

async fn make(
    database: Database,
    email: Email,
    account: account::Model,
    actor: Actor,
) -> Result<Result<account::Model, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    let now = tx.now().await?;
    let account = account::Model { created_at: now, ..account };
    if !account::insert(&tx, &account).await? {
        let found = account::find_by_email(&*tx, &email).await?;
        // An earlier try got through, and only its answer was lost.
        return Ok(found.filter(|found| found.id == account.id).ok_or(Code::EmailTaken));
    }
    let step = Step { to: Some(account.role.as_str().to_owned()), ..Step::account("sign_up") };
    audit::record(&tx, None, &actor, &step, &[Moved::plain(account.id)], now).await?;
    tx.commit().await?;
    Ok(Ok(account))
}
