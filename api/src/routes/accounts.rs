//! Accounts, for administrators.

use std::sync::Arc;

use entity::account;
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};

use super::{Tag, auth::OwnAccounts};
use crate::{
    accounts::manage,
    app::App,
    attempt::attempt,
    http::{
        caller::{Admin, As},
        fields::path_id,
        json::{Body, Json},
        outer::Trace,
        parameters::{Cursor, Limit, escape},
        problem::{Code, Problem},
    },
    views::{Account, AccountChange, AccountPage},
};

pub(super) struct Accounts;

#[derive(ApiResponse)]
enum Page {
    /// Here they are.
    #[oai(status = 200)]
    Accounts(Json<AccountPage>, #[oai(header = "Link")] Option<String>),
}

#[OpenApi(tag = "Tag::Accounts")]
impl Accounts {
    /// Lists accounts
    ///
    /// The oldest first. For administrators.
    #[oai(path = "/admin/accounts", method = "get", operation_id = "listAccounts")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        _caller: As<Admin>,
        limit: Limit,
        cursor: Cursor,
        /// Only those whose e-mail begins with this.
        email: Query<Option<String>>,
    ) -> Result<Page, Problem> {
        let prefix = email.0.unwrap_or_default().trim().to_lowercase();
        let after = cursor.0.map(|(_, id)| id);
        // One more than asked for tells whether there is another page.
        let mut accounts = account::list(app.database.reader(), &prefix, after, limit.0 + 1).await?;
        let has_more = accounts.len() > limit.0 as usize;
        accounts.truncate(limit.0 as usize);
        let last = accounts.last().filter(|_| has_more);
        let next_cursor = last.map(|account| Cursor::write(account.created_at, account.id));
        let search = if prefix.is_empty() { String::new() } else { format!("&email={}", escape(&prefix)) };
        let link = next_cursor
            .as_ref()
            .map(|cursor| format!("</admin/accounts?limit={}&cursor={cursor}{search}>; rel=\"next\"", limit.0));
        let data = accounts.into_iter().map(Account::from).collect();
        Ok(Page::Accounts(Json(AccountPage { data, next_cursor }), link))
    }

    /// Reads an account
    ///
    /// For administrators.
    #[oai(path = "/admin/accounts/:id", method = "get", operation_id = "getAccount")]
    async fn read(&self, app: Data<&Arc<App>>, _caller: As<Admin>, id: Path<String>) -> Result<Json<Account>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let account = account::find(app.database.reader(), id).await?.ok_or(Code::NotFound)?;
        Ok(Json(account.into()))
    }

    /// Changes an account
    ///
    /// Its role, or whether its owner may do anything at all. It takes effect with the next request that writes. The last
    /// active administrator stays one. For administrators.
    #[oai(path = "/admin/accounts/:id", method = "patch", operation_id = "updateAccount")]
    async fn update(
        &self,
        app: Data<&Arc<App>>,
        caller: As<Admin>,
        _own: OwnAccounts,
        id: Path<String>,
        body: Body<AccountChange>,
        trace: Data<&Trace>,
    ) -> Result<Json<Account>, Problem> {
        let id = path_id(&id).ok_or(Code::NotFound)?;
        let (database, actor) = (app.database.clone(), caller.0.actor(&trace));
        let outcome = attempt(move || manage(database.clone(), id, body.0.clone(), actor.clone())).await?;
        outcome.map(Json).map_err(Problem::from)
    }
}
