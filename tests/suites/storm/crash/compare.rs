//! The clients' record against the database.

use std::{
    collections::HashMap,
    fmt::{self, Display},
};

use tests::{Kind, World, every};
use tokio::sync::watch;

use super::{PLAYERS, Stage, player::register, record::Entry};

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Registrations that were acknowledged.
    pub(super) acknowledged: usize,
    /// Confirmations and cancellations that were.
    acts: usize,
    /// Acknowledged, and not there or not as it was told.
    lost: Vec<String>,
    /// More than one outcome, or more than one registration for a key.
    doubled: Vec<String>,
    /// In the database, and nobody asked for it.
    unknown: Vec<String>,
    /// What the database says of itself, if that is not "ok".
    damage: Vec<String>,
}

impl Verdict {
    pub(super) fn is_sound(&self) -> bool {
        [&self.lost, &self.doubled, &self.unknown, &self.damage].iter().all(|found| found.is_empty())
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, acts, lost, doubled, unknown, damage } = self;
        let [lost, doubled, unknown, damage] = [lost, doubled, unknown, damage].map(Vec::len);
        write!(f, "{acknowledged} registrations and {acts} confirmations and cancellations acknowledged, ")?;
        write!(f, "{lost} lost, {doubled} doubled, {unknown} unknown, {damage} damages")
    }
}

/// A job and what it led to, as the database has it.
struct Row {
    id: String,
    state: String,
    outcome: String,
    ticket: String,
    status: String,
}

/// Asks again with every key, then compares all that clients were told with what is there.
pub(super) async fn compare(world: &World, entries: Vec<Entry>) -> Verdict {
    let entries = replayed(world, entries).await;
    let mut verdict = Verdict { acknowledged: entries.len(), ..Verdict::default() };
    let mut rows = rows(world).await;
    for entry in &entries {
        verdict.acts += [&entry.confirmed, &entry.cancelled].into_iter().flatten().count();
        match (entry.ids.len(), rows.remove(&entry.key).as_deref()) {
            (1, Some([row])) => verdict.lost.extend(row.missing(entry)),
            (_, None) => verdict.lost.push(format!("nothing of {entry:?}")),
            _ => verdict.doubled.push(format!("{entry:?}")),
        }
    }
    verdict.unknown = rows.into_keys().collect();
    verdict.damage = damage(world).await;
    verdict
}

/// Every key is used once more. What is answered is noted.
async fn replayed(world: &World, entries: Vec<Entry>) -> Vec<Entry> {
    let (_stage, watched) = watch::channel(Stage { client: world.client(0), events: vec![], is_over: true });
    let parts = entries.chunks(entries.len().div_ceil(PLAYERS).max(1)).map(<[Entry]>::to_vec);
    let replay = |mut part: Vec<Entry>| {
        let mut watched = watched.clone();
        async move {
            for entry in &mut part {
                register(&mut watched, entry).await;
            }
            part
        }
    };
    every(parts.map(replay).collect::<Vec<_>>()).await.concat()
}

async fn rows(world: &World) -> HashMap<String, Vec<Row>> {
    let id = |column| match world.kind {
        Kind::Sqlite => format!("lower(hex({column}))"),
        Kind::Postgres => format!("replace(cast({column} AS TEXT), '-', '')"),
    };
    let query = format!(
        "SELECT idempotency_key || '|' || {} || '|' || state || '|' || coalesce(outcome, '') || '|' ||
             coalesce({}, '') || '|' || coalesce(ticket.status, '') AS row
         FROM job LEFT JOIN ticket ON ticket.job_id = job.id",
        id("job.id"),
        id("ticket.id"),
    );
    let mut rows: HashMap<String, Vec<Row>> = HashMap::new();
    for line in world.texts(&query).await {
        let [key, id, state, outcome, ticket, status]: [&str; 6] =
            line.split('|').collect::<Vec<_>>().try_into().unwrap();
        let [id, state, outcome, ticket, status] = [id, state, outcome, ticket, status].map(str::to_owned);
        rows.entry(key.to_owned()).or_default().push(Row { id, state, outcome, ticket, status });
    }
    rows
}

impl Row {
    /// What the client was told and is not so.
    fn missing(&self, entry: &Entry) -> Option<String> {
        let told = |text: &Option<String>| text.as_deref().unwrap_or_default().replace('-', "");
        let is_id = entry.ids[0].replace('-', "") == self.id;
        let is_decided = self.state == "settled" && entry.decision.as_ref().is_none_or(|told| *told == self.outcome);
        let is_ticket = entry.ticket.is_none() || told(&entry.ticket) == self.ticket;
        let is_all = is_id && is_decided && is_ticket && self.is_as_the_acts_left_it(entry);
        (!is_all).then(|| format!("{entry:?} is {} {} {}", self.state, self.outcome, self.status))
    }

    /// Confirming and cancelling, in this order, were answered so; then the ticket is what follows.
    fn is_as_the_acts_left_it(&self, entry: &Entry) -> bool {
        let status = |act: &Option<(u16, String)>| act.as_ref().map(|(status, _)| *status);
        let lapsed = ["reserved", "expired"].contains(&self.status.as_str());
        match (status(&entry.confirmed), status(&entry.cancelled)) {
            (None, None) => self.status != "confirmed",
            (_, Some(200)) => self.status == "cancelled",
            (Some(200), None) => self.status == "confirmed",
            _ => lapsed,
        }
    }
}

/// What SQLite finds wrong with its file. (PostgreSQL has no such check; what is wrong shows when it is read.)
async fn damage(world: &World) -> Vec<String> {
    if world.kind == Kind::Postgres {
        return vec![];
    }
    let mut said = world.texts("SELECT integrity_check AS row FROM pragma_integrity_check").await;
    said.retain(|line| line != "ok");
    said.extend(world.texts("SELECT \"table\" AS row FROM pragma_foreign_key_check").await);
    said
}
