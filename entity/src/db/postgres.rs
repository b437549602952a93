//! PostgreSQL: one pool, whose every connection lets go of its locks within seconds of its process stopping.

use std::time::Duration;

use sea_orm::{ConnectOptions, DatabaseConnection};

use super::{Options, is_clean};
use crate::Error;

/// Connections of one process.
const CONNECTIONS: u32 = 16;

/// And of those that find rows by their keys.
const KEY_CONNECTIONS: u32 = 4;

/// How long a task waits for a connection before [`Error::Busy`].
const ACQUIRE_PATIENCE: Duration = Duration::from_secs(2);

/// A connection unused for this long is asked whether it still lives before work is trusted to it.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Settings of every session, sent when it starts, so that no operator has to know them. Times are milliseconds.
///
/// The first two together free a lane within 5 s when its worker is stopped, cut off or stuck: a statement may run to its
/// end, and then the transaction idles. The keepalives (seconds, seconds, count) notice a machine that is gone.
///
/// The rest is about plans. What is asked for often is found along an index, and is to be even where a table has just been
/// filled, or was empty when the plan was made, and all of it would seem cheaper to read. (Where there is no index for it
/// the table is read all the same; which of several indexes is taken, and from which end a join is gone through, has to
/// follow from the statement.) So plans may be kept, and above all those of the checks of foreign keys, one for each
/// row: to plan them anew takes as long as everything else that a batch does.
const SESSION: &[(&str, &str)] = &[
    ("idle_in_transaction_session_timeout", "2500"),
    ("statement_timeout", "2000"),
    ("lock_timeout", "2000"),
    ("client_connection_check_interval", "1000"),
    ("tcp_keepalives_idle", "2"),
    ("tcp_keepalives_interval", "1"),
    ("tcp_keepalives_count", "2"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("jit", "off"),
];

/// What differs in sessions that only find rows by their keys: their plans are right whatever the values, so each is made
/// once, without a try.
const BY_KEY: &[(&str, &str)] = &[("plan_cache_mode", "force_generic_plan")];

pub(super) async fn open(options: &Options) -> Result<DatabaseConnection, Error> {
    connect(options, CONNECTIONS, &[]).await
}

/// The connections that find rows by their keys.
pub(super) async fn open_by_key(options: &Options) -> Result<DatabaseConnection, Error> {
    connect(options, KEY_CONNECTIONS, BY_KEY).await
}

/// A connection of its own, because listening takes one for good.
pub(super) async fn open_listener(options: &Options) -> Result<DatabaseConnection, Error> {
    connect(options, 1, &[]).await
}

async fn connect(
    options: &Options,
    connections: u32,
    settings: &'static [(&str, &str)],
) -> Result<DatabaseConnection, Error> {
    let mut o = ConnectOptions::new(&options.url);
    o.max_connections(connections)
        .acquire_timeout(ACQUIRE_PATIENCE)
        // Without these two the pool has no upkeep. That can spin for ever when a connection comes back at the wrong
        // moment: sqlx 0.9 counts it as idle only after somebody else may have taken it.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(TRUSTED_IDLE)
        .sqlx_logging(false)
        .map_sqlx_postgres_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(is_clean(connection))))
        // Of two settings of the same name the later one counts.
        .map_sqlx_postgres_opts(move |o| {
            o.application_name("turnout").options(SESSION.iter().chain(settings).copied())
        });
    Ok(sea_orm::Database::connect(o).await?)
}

/// The URL without user and password.
pub(super) fn location(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let server = rest.rsplit_once('@').map_or(rest, |(_, server)| server);
    let server = server.split_once('?').map_or(server, |(server, _)| server);
    format!("{scheme}://{server}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_tells_no_password() {
        assert_eq!(location("postgres://u:p@ss@db:5432/turnout?password=x"), "postgres://db:5432/turnout");
        assert_eq!(location("postgres://db/turnout"), "postgres://db/turnout");
    }
}
