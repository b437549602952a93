//! Administrators say what others may do. There is always one who can.

use entity::{
    Database, Error,
    account::{self, Model, Role},
    audit::{self, Actor, Entity, Moved, Step},
    session,
};
use uuid::Uuid;

use crate::{
    attempt::PATIENCE,
    http::problem::Code,
    views::{Account, AccountChange},
};

/// Changes what an account's owner may do. The inner error is a refusal.
pub(crate) async fn manage(
    database: Database,
    id: Uuid,
    change: AccountChange,
    actor: Actor,
) -> Result<Result<Account, Code>, Error> {
    let tx = database.begin(PATIENCE).await?;
    let admins = account::lock_admins(&tx).await?;
    let Some(before) = account::lock(&tx, id).await? else { return Ok(Err(Code::NotFound)) };
    let role = change.role.map_or(before.role, Role::from);
    let is_active = change.is_active.unwrap_or(before.is_active);
    let after = Model { role, is_active, ..before.clone() };
    if admins == [id] && !(is_active && role == Role::Admin) {
        return Ok(Err(Code::LastAdmin));
    }
    let steps = steps(&before, &after);
    if steps.is_empty() {
        return Ok(Ok(before.into()));
    }
    let now = tx.now().await?;
    account::set_rights(&tx, &before, role, is_active).await?;
    if !is_active {
        account::end_tokens(&tx, &before).await?;
        session::remove_all(&tx, id).await?;
    }
    for step in &steps {
        audit::record(&tx, None, &actor, step, &[Moved::plain(id)], now).await?;
    }
    tx.commit().await?;
    Ok(Ok(after.into()))
}

/// The steps from one state of an account to another, for the record.
pub(super) fn steps(before: &Model, after: &Model) -> Vec<Step> {
    let step = |action, from: &str, to: &str| Step {
        entity: Entity::Account,
        action,
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
    };
    let mut steps = vec![];
    if before.role != after.role {
        steps.push(step("change_role", before.role.as_str(), after.role.as_str()));
    }
    match (before.is_active, after.is_active) {
        (true, false) => steps.push(step("deactivate", "active", "inactive")),
        (false, true) => steps.push(step("activate", "inactive", "active")),
        _ => {}
    }
    steps
}
