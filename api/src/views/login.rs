//! Logins and tokens on the wire.

use poem_openapi::{Enum, Object, types::Example};

use super::account::{NewAccount, PASSWORD_MAX, PASSWORD_MIN};
use crate::{
    accounts::{ACCESS_LIFE_SECONDS, Grant},
    http::fields::{self, Fields, FromFields},
};

/// Who logs in.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Credentials {
    /// The account's e-mail.
    #[oai(validator(max_length = 254))]
    pub email: String,
    /// Its password.
    #[oai(validator(max_length = 200))]
    pub password: String,
    /// Whether the refresh token should come in a cookie that scripts cannot read, rather than in the body: for pages
    /// in a browser.
    pub cookie: Option<bool>,
}

impl Example for Credentials {
    fn example() -> Self {
        let NewAccount { email, password, .. } = NewAccount::example();
        Self { email, password, cookie: None }
    }
}

impl FromFields for Credentials {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let email = f.required("email", fields::email);
        let password = f.required("password", fields::password(0, PASSWORD_MAX));
        let cookie = f.optional("cookie", fields::boolean);
        Some(Self { email: email?.to_string(), password: password?, cookie: cookie? })
    }
}

/// How a token is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum TokenType {
    /// `Authorization: Bearer` and the token (RFC 6750).
    Bearer,
}

/// What a login leads to.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct Tokens {
    /// Send it with every request: `Authorization: Bearer` and this.
    pub access_token: String,
    pub token_type: TokenType,
    /// Seconds that the access token is good.
    pub expires_in: i64,
    /// Good once, for new tokens, within 30 days; absent when it is in a cookie.
    pub refresh_token: Option<String>,
}

impl Tokens {
    /// Both tokens, or without the one that goes into a cookie.
    pub(crate) fn new(grant: &Grant, is_in_cookie: bool) -> Self {
        Self {
            access_token: grant.access_token.clone(),
            token_type: TokenType::Bearer,
            expires_in: ACCESS_LIFE_SECONDS,
            refresh_token: (!is_in_cookie).then(|| grant.refresh_token.as_str().to_owned()),
        }
    }
}

impl Example for Tokens {
    fn example() -> Self {
        Self {
            access_token: "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6IjAxMjM0NTY3ODlhYmNkZWYifQ.e30.c2lnbmF0dXJl"
                .to_owned(),
            token_type: TokenType::Bearer,
            expires_in: ACCESS_LIFE_SECONDS,
            refresh_token: Some(RefreshRequest::example().refresh_token.unwrap_or_default()),
        }
    }
}

/// A refresh token to be used up. Without one in the body the cookie is meant.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct RefreshRequest {
    /// The newest refresh token of a login.
    #[oai(validator(max_length = 200))]
    pub refresh_token: Option<String>,
}

impl Example for RefreshRequest {
    fn example() -> Self {
        let token = format!("01a1fcc7c0a2702aa8861204f2372d00.{}", "0123456789abcdef".repeat(4));
        Self { refresh_token: Some(token) }
    }
}

impl FromFields for RefreshRequest {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let refresh_token = f.optional("refresh_token", fields::text(1, 200));
        Some(Self { refresh_token: refresh_token? })
    }
}

/// Where to log out: everywhere, if nothing is said.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct LogOut {
    /// Ends only the login that this refresh token belongs to.
    #[oai(validator(max_length = 200))]
    pub refresh_token: Option<String>,
}

impl Example for LogOut {
    fn example() -> Self {
        Self { refresh_token: None }
    }
}

impl FromFields for LogOut {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let refresh_token = f.optional("refresh_token", fields::text(1, 200));
        Some(Self { refresh_token: refresh_token? })
    }
}

/// A new password for one's own account.
#[derive(Clone, Debug, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub(crate) struct PasswordChange {
    /// The one there is.
    #[oai(validator(max_length = 200))]
    pub current_password: String,
    /// The one there shall be.
    #[oai(validator(min_length = 8, max_length = 200))]
    pub new_password: String,
    /// Whether the new refresh token should come in a cookie, as with a login.
    pub cookie: Option<bool>,
}

impl Example for PasswordChange {
    fn example() -> Self {
        Self {
            current_password: NewAccount::example().password,
            new_password: "staple battery horse correct".to_owned(),
            cookie: None,
        }
    }
}

impl FromFields for PasswordChange {
    fn from_fields(f: &mut Fields) -> Option<Self> {
        let current_password = f.required("current_password", fields::password(0, PASSWORD_MAX));
        let new_password = f.required("new_password", fields::password(PASSWORD_MIN, PASSWORD_MAX));
        let cookie = f.optional("cookie", fields::boolean);
        Some(Self { current_password: current_password?, new_password: new_password?, cookie: cookie? })
    }
}
