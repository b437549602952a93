//! The same acts on the real service, and what its tables say afterwards.

use std::collections::HashMap;

use reqwest::Method;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};
use serde_json::{Value, json};
use tests::{Answer, Ask, Stepwise, World};
use uuid::Uuid;

use super::{
    draw::WORKERS,
    event::{Decision, Event, Millis, Status},
    rules::{Act, Model, PARTY_MAX, With},
};

/// A job by its event, person and key.
type Name = (usize, usize, usize);

pub(super) struct Real {
    pub(super) service: Stepwise,
    db: DatabaseConnection,
    round: u64,
    /// The last job of former rounds: their many are not gone through again and again.
    since: i64,
    events: Vec<String>,
    codes: HashMap<Name, String>,
    /// The registration and the ticket, if there is one.
    ids: HashMap<Name, (String, String)>,
}

/// An answer: status, code or status in it, and the registration.
pub(super) type Heard = (u16, String, Option<String>);

const ORGANIZER: &str = "organizer@example.org";

impl Real {
    pub(super) async fn start(world: &World) -> Self {
        let service = Stepwise::start(world, WORKERS).await;
        let db = world.connect().await;
        Self { service, db, round: 0, since: 0, events: vec![], codes: HashMap::new(), ids: HashMap::new() }
    }

    /// Other events than before.
    pub(super) async fn make(&mut self, round: u64, events: &[Event]) {
        (self.round, self.events) = (round, vec![]);
        self.codes.clear();
        let last = self.rows("SELECT coalesce(max(seq), 0) AS last FROM job").await;
        self.since = last[0].try_get("", "last").expect("a number");
        for event in events {
            let starts_at = chrono::DateTime::from_timestamp_millis(event.starts_at).expect("a time").to_rfc3339();
            let body = json!({"name": event.name, "starts_at": starts_at, "capacity": event.capacity,
                "status": "published", "hold_seconds": event.hold / 1000, "offer_seconds": event.offer / 1000,
                "waitlist_enabled": event.has_waitlist, "max_party_size": PARTY_MAX});
            let made = self.service.ask(organizer(Method::POST, "/events".to_owned(), body)).await;
            assert_eq!(made.status, 201, "{made:?}");
            self.events.push(made.text("id"));
        }
    }

    /// The code of a ticket that has one, for the door.
    pub(super) async fn learn_code(&mut self, name: Name) -> bool {
        if !self.codes.contains_key(&name) {
            let ask = person(Method::GET, format!("/tickets/{}", self.ids[&name].1), name.1);
            let code = self.service.ask(ask).await.text("code");
            if code.is_empty() {
                return false;
            }
            self.codes.insert(name, code);
        }
        true
    }

    pub(super) fn registration(&self, name: Name) -> &str {
        self.ids.get(&name).map_or("", |(registration, _)| registration)
    }

    /// Does it; `model` is as it was before. Nothing is heard of what workers do.
    pub(super) async fn act(&self, act: &Act, model: &Model) -> Heard {
        let limit = |limit| u32::try_from(limit).expect("a limit");
        let ask = match *act {
            Act::Settle { worker, jobs, chores, look } => {
                self.service.settle(worker, limit(jobs), limit(chores), look).await;
                return (0, String::new(), None);
            }
            Act::Reap { worker, event, limit: most } => {
                let event = Uuid::parse_str(&self.events[event]).expect("an id");
                self.service.reap(worker, event, limit(most)).await;
                return (0, String::new(), None);
            }
            Act::Advance(millis) => {
                self.service.time.advance(millis).await;
                return (0, String::new(), None);
            }
            Act::Register { event, person, key, party } => {
                let key = format!("{}-{key}", self.round);
                let answer = self.register(event, person, &key, party).await;
                let id = Some(answer.text("id").replace('-', "")).filter(|id| !id.is_empty());
                return (answer.status, told(&answer), id);
            }
            Act::Resize { event, capacity } => {
                let ask =
                    organizer(Method::PATCH, format!("/events/{}", self.events[event]), json!({"capacity": capacity}));
                Ask { header: ("if-match", "*"), ..ask }
            }
            Act::Cancel { event } => {
                organizer(Method::POST, format!("/events/{}/cancel", self.events[event]), Value::Null)
            }
            Act::Ticket { event, job, what } => {
                let job = &model.events[event].jobs[job];
                self.on_ticket((event, job.person, job.key), what)
            }
        };
        let answer = self.service.ask(ask).await;
        (answer.status, told(&answer), None)
    }

    async fn register(&self, event: usize, who: usize, key: &str, party: i64) -> Answer {
        let ask = person(Method::POST, format!("/events/{}/register", self.events[event]), who);
        let who = format!("p{who}@x.org");
        let ask = Ask { header: ("idempotency-key", key), body: json!({"party_size": party}), who: &who, ..ask };
        self.service.ask(ask).await
    }

    fn on_ticket(&self, name: Name, what: With) -> Ask<'static> {
        let ticket = &self.ids[&name].1;
        let post = |what| person(Method::POST, format!("/tickets/{ticket}/{what}"), name.1);
        match what {
            With::Look => person(Method::GET, format!("/tickets/{ticket}"), name.1),
            With::Confirm => post("confirm"),
            With::Cancel => post("cancel"),
            With::Extend => post("extend"),
            With::CheckIn => organizer(Method::POST, "/check-ins".to_owned(), json!({"code": self.codes[&name]})),
            With::Undo => organizer(Method::POST, format!("/check-ins/{ticket}/undo"), json!({"reason": "a mistake"})),
        }
    }

    /// The tables, a line for each event and each job, as [`lines`] tells the same of a model.
    pub(super) async fn look(&mut self) -> Vec<String> {
        let hex = |id| match self.db.get_database_backend() {
            DbBackend::Postgres => format!("replace({id}::text, '-', '')"),
            _ => format!("lower(hex({id}))"),
        };
        let text = LINES.replace("{ids}", &self.event_ids()).replace("{since}", &self.since.to_string());
        let text = text.replace("{registration}", &hex("job.id")).replace("{ticket}", &hex("ticket.id"));
        let rows = self.rows(&text).await;
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            let text = |column| row.try_get::<String>("", column).expect("a text");
            lines.push(text("line"));
            let (registration, ticket) = (text("registration"), text("ticket"));
            if !registration.is_empty() {
                let name = [text("event"), text("email"), text("word")];
                let number = |text: &str| text.parse().expect("a number");
                let event = name[0].rsplit_once('.').expect("a name").1;
                let key = name[2].rsplit_once('-').expect("a key").1;
                let person = name[1].trim_start_matches('p').trim_end_matches("@x.org");
                self.ids.insert((number(event), number(person), number(key)), (registration, ticket));
            }
        }
        lines
    }

    /// Waits until nobody holds an event any more: a transaction that was dropped is rolled back a little later, and until
    /// then its lanes are skipped. (On SQLite the next one comes behind it on the same connection.)
    pub(super) async fn be_let_go(&self) {
        if self.db.get_database_backend() == DbBackend::Postgres {
            self.rows(&format!("SELECT id FROM event WHERE id IN ({}) ORDER BY id FOR UPDATE", self.event_ids())).await;
        }
    }

    /// The events' names, those served longest ago first, each with when a worker has to look.
    pub(super) async fn turns(&self) -> Vec<(String, Option<Millis>)> {
        let ids = self.event_ids();
        let text = format!("SELECT name, chore_at FROM event WHERE id IN ({ids}) ORDER BY served_at, id");
        let rows = self.rows(&text).await;
        let turn = |row: &QueryResult| Ok::<_, DbErr>((row.try_get("", "name")?, row.try_get("", "chore_at")?));
        rows.iter().map(turn).collect::<Result<_, _>>().expect("a name and a time")
    }

    /// Not their names, for which there is no index: events of former rounds are many.
    fn event_ids(&self) -> String {
        let id = |id: &String| match self.db.get_database_backend() {
            DbBackend::Postgres => format!("'{id}'"),
            _ => format!("x'{}'", id.replace('-', "")),
        };
        self.events.iter().map(id).collect::<Vec<_>>().join(", ")
    }

    async fn rows(&self, text: &str) -> Vec<QueryResult> {
        let statement = Statement::from_string(self.db.get_database_backend(), text);
        self.db.query_all_raw(statement).await.expect("the query runs")
    }

    pub(super) async fn stop(self) {
        self.service.stop().await;
        self.db.close().await.expect("it closes");
    }
}

const LINES: &str = "
    SELECT name || ': ' || status || ' ' || available_spots || '/' || capacity AS line, name AS event, 0 AS place,
        '' AS email, '' AS word, '' AS registration, '' AS ticket
    FROM event WHERE id IN ({ids})
    UNION ALL
    SELECT event.name || ' ' || job.email || ' ' || job.idempotency_key || ' x' || job.party_size || ': '
        || coalesce(job.outcome, job.state) || coalesce(' ' || job.refusal, '')
        || CASE WHEN job.may_return THEN ' may return' ELSE '' END
        || coalesce(', ' || ticket.status || ' until ' || coalesce(ticket.expires_at, 0) || ' +' || ticket.extensions
            || CASE WHEN ticket.offered_at IS NULL THEN '' ELSE ' offered' END, '')
        || CASE WHEN ticket.status = 'waitlisted' THEN ' #' || (SELECT count(*) FROM ticket AS other
            WHERE other.event_id = ticket.event_id AND other.status = 'waitlisted' AND other.seq <= ticket.seq)
            ELSE '' END,
        event.name, job.seq, job.email, job.idempotency_key, {registration}, coalesce({ticket}, '')
    FROM event JOIN job ON job.event_id = event.id LEFT JOIN ticket ON ticket.job_id = job.id
    WHERE job.seq > {since} AND event.id IN ({ids}) ORDER BY event, place";

/// A model as [`Real::look`] finds it in the tables.
pub(super) fn lines(model: &Model) -> Vec<String> {
    let mut lines = vec![];
    for event in &model.events {
        let status = if event.is_cancelled { "cancelled" } else { "published" };
        lines.push(format!("{}: {status} {}/{}", event.name, event.available(), event.capacity));
        let round = event.name.split_once('.').expect("a name").0;
        let mut position = 0;
        for job in &event.jobs {
            let decision = match job.decision {
                None => "pending".to_owned(),
                Some(Decision::Granted(status)) => status.name().to_owned(),
                Some(Decision::Refused(code, may_return)) => {
                    format!("refused {code}{}", if may_return { " may return" } else { "" })
                }
            };
            let mut line =
                format!("{} p{}@x.org {round}-{} x{}: {decision}", event.name, job.person, job.key, job.party);
            if let Some(ticket) = &job.ticket {
                let until = ticket.expires_at.unwrap_or(0);
                let offered = if ticket.is_offer { " offered" } else { "" };
                line = format!("{line}, {} until {until} +{}{offered}", ticket.status.name(), ticket.extensions);
                if ticket.status == Status::Waitlisted {
                    position += 1;
                    line = format!("{line} #{position}");
                }
            }
            lines.push(line);
        }
    }
    lines
}

fn person(method: Method, path: String, who: usize) -> Ask<'static> {
    const PEOPLE: [&str; 6] = ["p0@x.org", "p1@x.org", "p2@x.org", "p3@x.org", "p4@x.org", "p5@x.org"];
    Ask { method, path, who: PEOPLE[who], role: "attendee", header: ("accept", "*/*"), body: Value::Null }
}

fn organizer(method: Method, path: String, body: Value) -> Ask<'static> {
    Ask { method, path, who: ORGANIZER, role: "organizer", header: ("accept", "*/*"), body }
}

/// The code of a problem, or else the status that is told.
fn told(answer: &Answer) -> String {
    match answer.status {
        201 => "checked_in".to_owned(),
        // A ticket has a code, too.
        200 | 202 => answer.text("status"),
        _ => answer.code(),
    }
}
