//! Accounts, for administrators.

use std::sync::Arc;

use entity::account;
use poem::{http::Uri, web::Data};
use poem_openapi::{OpenApi, param::Path};

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
        pages::{Page, cut, rows_for},
        parameters::{Cursor, Limit},
        problem::{Code, Problem},
        query::Wanted,
    },
    views::{Account, AccountChange, AccountPage},
};

pub(super) struct Accounts;

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
        email: Wanted<String>,
        uri: &Uri,
    ) -> Result<Page<AccountPage>, Problem> {
        let prefix = email.0.unwrap_or_default().trim().to_lowercase();
        let (database, after, rows) = (app.database.clone(), cursor.0.map(|(_, id)| id), rows_for(limit));
        let read = async move { account::list(database.reader(), &prefix, after, rows).await };
        let mut accounts = app.long_reads.soon(read).await?;
        let next_cursor = cut(&mut accounts, limit, |last| Cursor::write(last.created_at, last.id));
        let data = accounts.into_iter().map(Account::from).collect();
        Ok(Page::new(uri, next_cursor.clone(), AccountPage { data, next_cursor }))
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
