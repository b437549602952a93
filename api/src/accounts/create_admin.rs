//! The first administrator, made at the command line.

use clap::Args;
use entity::{
    Database, Email, Error, Kind, Millis, Transaction,
    account::{self, Model, Role},
    audit::{self, Actor, Moved, Step},
    session,
};
use uuid::Uuid;
use worker::Mistakes;

use super::{manage::steps, passwords};
use crate::{attempt::PATIENCE, secret::random_text, views::is_fit_password};

/// The variable that a password may come in: flags can be seen by other users of the machine.
const PASSWORD_VARIABLE: &str = "TURNOUT_ADMIN_PASSWORD";

/// Characters of a password that is made here.
const MADE_CHARACTERS: usize = 24;

/// Which account, in which database.
#[derive(Args, Clone, Debug)]
pub(crate) struct CreateAdminArgs {
    /// The database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://turnout.db", hide_env_values = true)]
    database_url: String,
    /// The administrator's e-mail; an account that has it is promoted and gets a new password
    #[arg(long)]
    email: String,
    /// The administrator's name; what stands before the @ if not given
    #[arg(long)]
    name: Option<String>,
    /// A file that holds the password. Without it `TURNOUT_ADMIN_PASSWORD` is taken, and without that a password is made
    /// and printed
    #[arg(long)]
    password_file: Option<String>,
}

/// What to make.
#[derive(Clone)]
pub(crate) struct NewAdmin {
    pub(crate) database_url: String,
    pub(crate) email: Email,
    name: String,
    /// None if nobody chose one.
    password: Option<String>,
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// A password that was made here: nobody else knows it.
    pub(crate) password: Option<String>,
}

impl CreateAdminArgs {
    /// What to make, or `None` and every mistake noted.
    pub(crate) fn check(self, mistakes: &mut Mistakes) -> Option<NewAdmin> {
        if Kind::of_url(&self.database_url).is_none() {
            mistakes.note("--database-url", "must start with sqlite:// or postgres://");
        }
        let email = mistakes.take("--email", Email::parse(&self.email));
        let given = match &self.password_file {
            Some(path) => {
                std::fs::read_to_string(path).map(Some).map_err(|error| format!("cannot read {path}: {error}"))
            }
            None => Ok(std::env::var(PASSWORD_VARIABLE).ok()),
        };
        let password = mistakes.take("--password-file", given.and_then(fit));
        let email = email?;
        let name = self.name.unwrap_or_else(|| email.local_part().to_owned());
        Some(NewAdmin { database_url: self.database_url, email, name, password: password? })
    }
}

/// The password without the line break that editors put behind it.
fn fit(password: Option<String>) -> Result<Option<String>, String> {
    let password = password.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
    match password {
        Some(text) if !is_fit_password(&text) => Err("a password has 8 to 200 characters".to_owned()),
        fit => Ok(fit),
    }
}

/// Makes an administrator, or an administrator of an existing account. Whoever signed up with the e-mail may be a
/// stranger, because nobody checked that it is theirs: the account gets a new password in any case, and whoever was
/// logged in to it is logged out.
pub(crate) async fn create_admin(database: &Database, new: NewAdmin) -> Result<Made, Error> {
    let made = random_text().map_err(|error| Error::Unusable(error.to_string()))?[..MADE_CHARACTERS].to_owned();
    let password = new.password.as_ref().unwrap_or(&made);
    let hash = passwords::hash(password).ok_or(Error::Unusable("cannot hash a password".to_owned()))?;
    let tx = database.begin(PATIENCE).await?;
    let now = tx.now().await?;
    let account = Model {
        id: Uuid::now_v7(),
        email: new.email.to_string(),
        name: new.name,
        password_hash: Some(hash.clone()),
        role: Role::Admin,
        is_active: true,
        token_version: 0,
        created_at: now,
    };
    if account::insert(&tx, &account).await? {
        let step = Step { to: Some("admin".to_owned()), ..Step::account("create") };
        record(&tx, account.id, &[step], now).await?;
    } else {
        promote(&tx, &new.email, &hash, now).await?;
    }
    tx.commit().await?;
    Ok(Made { password: new.password.is_none().then_some(made) })
}

/// Makes an administrator of an account that is there, for whoever knows the new password and nobody else.
async fn promote(tx: &Transaction, email: &Email, hash: &str, now: Millis) -> Result<(), Error> {
    let gone = || Error::Guard { what: "account::insert", expected: 1, actual: 0 };
    let id = account::find_by_email(&**tx, email).await?.ok_or_else(gone)?.id;
    let before = account::lock(tx, id).await?.ok_or_else(gone)?;
    let after = Model { role: Role::Admin, is_active: true, ..before.clone() };
    let mut taken = steps(&before, &after);
    account::set_rights(tx, &before, after.role, after.is_active).await?;
    account::set_password(tx, &before, hash).await?;
    session::remove_all(tx, id).await?;
    taken.push(Step::account("change_password"));
    record(tx, id, &taken, now).await
}

async fn record(tx: &Transaction, id: Uuid, steps: &[Step], now: Millis) -> Result<(), Error> {
    for step in steps {
        audit::record(tx, None, &Actor::operator(), step, &[Moved::plain(id)], now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_lose_their_line_break_and_nothing_else() {
        assert_eq!(fit(Some(" eight 8 \r\n".to_owned())), Ok(Some(" eight 8 ".to_owned())));
        assert_eq!(fit(None), Ok(None));
        assert!(fit(Some("short\n".to_owned())).is_err());
    }
}
