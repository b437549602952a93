//! Signing up, logging in and out, and getting new tokens.

use std::sync::Arc;

use entity::Email;
use poem::{FromRequest, Request, RequestBody, web::Data};
use poem_openapi::{ApiResponse, OpenApi};

use super::Tag;
use crate::{
    accounts::{self, Accounts, Grant, REFRESH_LIFE_SECONDS, RefreshToken},
    app::App,
    http::{
        address::Client,
        browser::Browser,
        caller::{As, Attendee, invalid_token},
        json::{Body, Json},
        outer::Trace,
        problem::{Code, Problem},
    },
    views::{Account, Credentials, LogOut, NewAccount, RefreshRequest, Tokens},
};

pub(super) struct Auth;

/// The accounts of this service; behind a gateway there are none, and nothing about them to be found.
pub(super) struct OwnAccounts(pub(super) Arc<Accounts>);

impl<'a> FromRequest<'a> for OwnAccounts {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let accounts = request.data::<Arc<App>>().and_then(|app| app.accounts.clone());
        let detail = "People are known by the gateway in front of this service. It has no accounts of its own.";
        Ok(Self(accounts.ok_or_else(|| Problem::from(Code::NotFound).detail(detail))?))
    }
}

#[derive(ApiResponse)]
enum SignedUp {
    /// It is there. Log in with it.
    #[oai(status = 201)]
    Account(Json<Account>),
}

/// An answer with tokens.
#[derive(ApiResponse)]
pub(super) enum Granted {
    /// Here they are.
    #[oai(status = 200)]
    Tokens(Json<Tokens>, #[oai(header = "Set-Cookie")] Option<String>),
}

#[derive(ApiResponse)]
enum LoggedOut {
    /// It is done.
    #[oai(status = 204)]
    Done(#[oai(header = "Set-Cookie")] Option<String>),
}

impl Granted {
    /// Both tokens in the body, or the one for refreshing in a cookie.
    pub(super) fn new(grant: &Grant, browser: &Browser, in_cookie: bool) -> Self {
        let cookie = in_cookie.then(|| browser.keep(grant.refresh_token.as_str(), REFRESH_LIFE_SECONDS));
        Self::Tokens(Json(Tokens::new(grant, in_cookie)), cookie)
    }
}

#[OpenApi(tag = "Tag::Accounts")]
impl Auth {
    /// Makes an account
    ///
    /// Everybody begins as an attendee; administrators make organizers. The next step is to log in.
    #[oai(path = "/auth/register", method = "post", operation_id = "signUp")]
    async fn sign_up(
        &self,
        app: Data<&Arc<App>>,
        own: OwnAccounts,
        body: Body<NewAccount>,
        trace: Data<&Trace>,
    ) -> Result<SignedUp, Problem> {
        let account = accounts::sign_up(&app.database, &own.0, body.0, trace.request_id.clone()).await?;
        Ok(SignedUp::Account(Json(account)))
    }

    /// Logs in
    ///
    /// The answer is the same whether the e-mail or the password is wrong. After a few failures the next attempt has to
    /// wait (429 `too_many_attempts`, with `Retry-After`).
    #[oai(path = "/auth/login", method = "post", operation_id = "logIn")]
    async fn log_in(
        &self,
        app: Data<&Arc<App>>,
        own: OwnAccounts,
        client: Data<&Client>,
        browser: Browser,
        body: Body<Credentials>,
    ) -> Result<Granted, Problem> {
        let Credentials { email, password, cookie } = body.0;
        let email = Email::parse(&email).map_err(|_| Code::Internal)?;
        let grant = accounts::log_in(&app.database, &own.0, &email, password, client.address).await?;
        Ok(Granted::new(&grant, &browser, cookie == Some(true)))
    }

    /// Gets new tokens
    ///
    /// A refresh token is good once and for 30 days; the answer brings the next one. When one is used a second time,
    /// somebody has a copy of it: then the whole login ends, and everybody has to log in again. With the token in a
    /// cookie, the request must come from a page of this service.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refreshTokens")]
    async fn refresh(
        &self,
        app: Data<&Arc<App>>,
        own: OwnAccounts,
        browser: Browser,
        body: Body<RefreshRequest>,
        trace: Data<&Trace>,
    ) -> Result<Granted, Problem> {
        let in_cookie = body.0.refresh_token.is_none();
        if in_cookie && browser.token.is_some() && !browser.is_same_origin {
            return Err(Problem::from(Code::Forbidden).detail("The cookie is for pages of this service."));
        }
        let text = body.0.refresh_token.or_else(|| browser.token.clone());
        let used = text.as_deref().and_then(RefreshToken::parse);
        let grant = accounts::refresh(&app.database, &own.0, used, trace.request_id.clone()).await?;
        Ok(Granted::new(&grant, &browser, in_cookie))
    }

    /// Logs out
    ///
    /// Everywhere: all access and refresh tokens of the account are no longer good. With a refresh token, only the login
    /// that it belongs to ends, and its access token is good for its last minutes.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logOut")]
    async fn log_out(
        &self,
        app: Data<&Arc<App>>,
        _own: OwnAccounts,
        caller: As<Attendee>,
        browser: Browser,
        body: Body<LogOut>,
        trace: Data<&Trace>,
    ) -> Result<LoggedOut, Problem> {
        let account_id = caller.0.account_id.ok_or_else(invalid_token)?;
        let one = match &body.0.refresh_token {
            // A text that is no token belongs to no login; none is left to end.
            Some(text) => match RefreshToken::parse(text) {
                Some(token) => Some(token),
                None => return Ok(LoggedOut::Done(None)),
            },
            None => None,
        };
        let cookie = one.is_none().then(|| browser.forget());
        accounts::log_out(&app.database, account_id, one, caller.0.actor(&trace)).await?;
        Ok(LoggedOut::Done(cookie))
    }
}
