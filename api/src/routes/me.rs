//! Whoever is calling.

use std::sync::Arc;

use entity::account;
use poem::web::Data;
use poem_openapi::OpenApi;

use super::{
    Tag,
    auth::{Granted, OwnAccounts},
};
use crate::{
    accounts,
    app::App,
    http::{
        address::Client,
        browser::Browser,
        caller::{As, Attendee, invalid_token},
        json::{Body, Json},
        outer::Trace,
        problem::Problem,
    },
    views::{Me, PasswordChange},
};

pub(super) struct Mine;

#[OpenApi(tag = "Tag::Accounts")]
impl Mine {
    /// Tells who you are
    #[oai(path = "/me", method = "get", operation_id = "getMe")]
    async fn read(&self, app: Data<&Arc<App>>, caller: As<Attendee>) -> Result<Json<Me>, Problem> {
        let Some(id) = caller.0.account_id else { return Ok(Json(Me::from(&caller.0))) };
        let account = account::find(app.database.reader(), id).await?;
        // It is being looked at anyway, so a token that was revoked is not good for this.
        let account = account.filter(|account| account.standing().admits(caller.0.token_version));
        Ok(Json(account.ok_or_else(invalid_token)?.into()))
    }

    /// Changes your password
    ///
    /// All logins and tokens from before end; the answer brings new tokens for this one.
    #[oai(path = "/me/password", method = "post", operation_id = "changePassword")]
    async fn change_password(
        &self,
        app: Data<&Arc<App>>,
        own: OwnAccounts,
        caller: As<Attendee>,
        client: Data<&Client>,
        browser: Browser,
        body: Body<PasswordChange>,
        trace: Data<&Trace>,
    ) -> Result<Granted, Problem> {
        let in_cookie = body.0.cookie == Some(true);
        let actor = caller.0.actor(&trace);
        let (database, from) = (&app.database, client.address);
        let grant = accounts::change_password(database, &own.0, &caller.0, body.0, from, actor).await?;
        Ok(Granted::new(&grant, &browser, in_cookie))
    }
}
