//! Who may do what: every operation of the document, asked by everybody.

mod table;

use std::{collections::BTreeSet, sync::Arc};

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, PASSWORD, SECRET, Setup, World, both_databases, every, new_key};

use self::table::{Given, PEOPLE, Row, TABLE};
use crate::accounts::forged;

/// Cells that run at the same time: fewer than can wait for a password to be hashed.
const AT_ONCE: usize = 12;

/// The callers, in the order of [`PEOPLE`].
#[derive(Clone)]
struct Cast([Client; 9]);

impl Cast {
    /// Signs up those who have accounts, and gives them their roles.
    async fn new(client: &Client, root: &Client) -> Self {
        let attendee = token(client, root, json!({})).await;
        let other = token(client, root, json!({})).await;
        let owner = token(client, root, json!({"role": "organizer"})).await;
        let stranger = token(client, root, json!({"role": "organizer"})).await;
        let admin = token(client, root, json!({"role": "admin"})).await;
        let deactivated = token(client, root, json!({})).await;
        let account = client.bearer(&deactivated).get("/me").await.text("id");
        change(root, &account, json!({"is_active": false})).await;
        // Both would be good for anything.
        let expired = forged(&admin, SECRET, |_, claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 31));
        let wrong_algorithm = forged(&admin, SECRET, |header, _| header["alg"] = json!("HS512"));
        let tokens = [attendee, other, owner, stranger, admin, deactivated, expired, wrong_algorithm];
        let mut callers = vec![client.clone()];
        callers.extend(tokens.iter().map(|token| client.bearer(token)));
        Self(callers.try_into().unwrap())
    }

    fn attendee(&self) -> &Client {
        &self.0[1]
    }

    fn owner(&self) -> &Client {
        &self.0[3]
    }
}

fn new_email() -> String {
    format!("{}@example.org", new_key())
}

/// Makes an account. Returns its id.
async fn sign_up(client: &Client, email: &str) -> String {
    let account = json!({"email": email, "name": "P", "password": PASSWORD});
    let answer = client.post("/auth/register", account).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.text("id")
}

/// Changes an account.
async fn change(root: &Client, account: &str, to: Value) {
    let path = format!("/admin/accounts/{account}");
    let answer = root.try_send(Method::PATCH, &path, Some(to)).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The access token of somebody new.
async fn token(client: &Client, root: &Client, standing: Value) -> String {
    let email = new_email();
    let account = sign_up(client, &email).await;
    change(root, &account, standing).await;
    let answer = client.log_in(&email, PASSWORD).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text("access_token")
}

/// What all cells share.
struct Stage {
    client: Client,
    cast: Cast,
    simulation: String,
}

impl Stage {
    async fn new(world: &World, client: Client, root: &Client) -> Self {
        let cast = Cast::new(&client, root).await;
        world.until("SELECT count(*) AS n FROM worker", |n| n > 0).await;
        let event = cast.owner().event(1, json!({})).await;
        let simulated = root.waiting(25).post_empty(&format!("/admin/events/{event}/simulate?users=1")).await;
        assert_eq!(simulated.status, 200, "{simulated:?}");
        Self { client, cast, simulation: simulated.text("id") }
    }

    /// Makes what a request is about. Returns its id, and what stands for which word in the body.
    async fn make(&self, given: Given) -> (String, &'static str, String) {
        match given {
            Given::Nothing | Given::FailedJob | Given::OwnLogins => (String::new(), "NEW", new_key()),
            Given::Event => (self.cast.owner().event(5, json!({})).await, "NEW", new_key()),
            Given::Draft => (self.cast.owner().event(5, json!({"status": "draft"})).await, "", String::new()),
            Given::Simulation => (self.simulation.clone(), "", String::new()),
            Given::Account => {
                let email = new_email();
                (sign_up(&self.client, &email).await, "EMAIL", email)
            }
            Given::Login => {
                let email = new_email();
                let account = sign_up(&self.client, &email).await;
                (account, "REFRESH", self.client.log_in(&email, PASSWORD).await.text("refresh_token"))
            }
            Given::Registration | Given::Reserved | Given::Confirmed | Given::CheckedIn => self.ticket(given).await,
        }
    }

    /// The attendee's ticket, or the registration it comes from, for an event of its own.
    async fn ticket(&self, given: Given) -> (String, &'static str, String) {
        let event = self.cast.owner().event(5, json!({})).await;
        let granted = self.cast.attendee().waiting(20).register(&event, &new_key()).await;
        assert_eq!(granted.status, 201, "{granted:?}");
        let ticket = granted.text("ticket_id");
        if given == Given::Registration {
            return (granted.text("id"), "", String::new());
        }
        let mut code = String::new();
        if given != Given::Reserved {
            let confirmed = self.cast.attendee().post_empty(&format!("/tickets/{ticket}/confirm")).await;
            code = confirmed.text("code");
        }
        if given == Given::CheckedIn {
            let admitted = self.cast.owner().post("/check-ins", json!({"code": code})).await;
            assert_eq!(admitted.status, 201, "{admitted:?}");
        }
        (ticket, "CODE", code)
    }
}

/// A request of somebody, and what it has to be answered with.
#[derive(Clone)]
struct Cell {
    row: &'static Row,
    who: usize,
    caller: Client,
    /// The failed job that it is about.
    job: Option<String>,
}

impl Cell {
    /// Asks. Returns what is wrong with the answer.
    async fn run(self, stage: Arc<Stage>) -> Option<String> {
        let (method, path, given, body, statuses) = *self.row;
        let (made, word, meaning) = stage.make(given).await;
        let id = self.job.unwrap_or(made);
        let body = body.replace("PASSWORD", PASSWORD);
        let body = if word.is_empty() { body } else { body.replace(word, &meaning) };
        let body = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
        let target = path.replace("{id}", &id).replace("{ticket_id}", &id);
        let caller = self.caller.with("idempotency-key", &new_key()).with("if-match", "*");
        let answer = caller.try_send(method.parse().unwrap(), &target, body).await.unwrap();
        let (expected, seen) = (told(self.who, statuses[self.who]), seen(&answer));
        let who = PEOPLE[self.who];
        (seen != expected).then(|| format!("{method} {path} ({given:?}), {who}: {seen:?} instead of {expected:?}"))
    }
}

/// The status of an answer and, if it is a problem, its code.
fn seen(answer: &Answer) -> (u16, String) {
    // The `code` of a ticket opens the door.
    let code = if answer.status < 400 { String::new() } else { answer.code() };
    (answer.status, code)
}

/// The status and the code that somebody has to see.
fn told(who: usize, status: u16) -> (u16, String) {
    let code = match status {
        401 if who == 0 => "unauthenticated",
        401 => "invalid_token",
        403 => "forbidden",
        404 => "not_found",
        _ => "",
    };
    (status, code.to_owned())
}

/// Makes a registration that could not be decided. Returns its id.
async fn failed_job(world: &World, event: &str) -> String {
    let job = new_key();
    let (id, event) = (world.id(&job), world.id(event));
    world
        .execute(&format!(
            "INSERT INTO job (id, kind, event_id, email, name, party_size, key_scope, idempotency_key, fingerprint,
                 state, attempt, last_error, run_at, created_at)
             VALUES ({id}, 'register', {event}, '{job}@example.org', 'P', 1, '{job}@example.org', 'k', 'f',
                 'failed', 5, 'x', 0, 0)"
        ))
        .await;
    job
}

#[test]
fn every_operation_has_a_row_and_is_open_if_it_says_so() {
    let document: Value = serde_json::from_str(include_str!("../../../../openapi.json")).unwrap();
    let mut documented = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let ways = operation["security"].as_array().unwrap();
            let is_open = ways.is_empty() || ways.contains(&json!({}));
            documented.insert((method.to_uppercase(), path.clone(), is_open));
        }
    }
    let rows = TABLE.iter().map(|(method, path, .., statuses)| {
        let path = path.split('?').next().unwrap();
        ((*method).to_owned(), path.to_owned(), statuses[0] != 401)
    });
    let rows: BTreeSet<_> = rows.collect();
    let missing: Vec<_> = documented.difference(&rows).collect();
    let superfluous: Vec<_> = rows.difference(&documented).collect();
    assert!(missing.is_empty() && superfluous.is_empty(), "not in the table: {missing:?}; only there: {superfluous:?}");
}

both_databases! {
    async fn everybody_is_answered_as_the_table_says(world: &mut World) {
        let client = world.start(&Setup { api_flags: &["--auth=bearer"], ..Setup::default() });
        let root = world.admin("root@example.org").await;
        let stage = Arc::new(Stage::new(world, client.clone(), &root).await);
        let event = stage.cast.owner().event(1000, json!({})).await;
        let mut cells = vec![];
        for row in TABLE {
            let cast = match row.2 {
                Given::OwnLogins => Cast::new(&client, &root).await,
                _ => stage.cast.clone(),
            };
            for (who, caller) in cast.0.into_iter().enumerate() {
                let job = match row.2 {
                    Given::FailedJob => Some(failed_job(world, &event).await),
                    _ => None,
                };
                cells.push(Cell { row, who, caller, job });
            }
        }
        let mut wrong = vec![];
        for cells in cells.chunks(AT_ONCE) {
            wrong.extend(every(cells.iter().cloned().map(|cell| cell.run(Arc::clone(&stage)))).await);
        }
        assert_eq!(wrong.len(), TABLE.len() * PEOPLE.len(), "every cell ran");
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}
