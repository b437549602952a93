//! What organizers see of their events.

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{Client, Kind, Setup, World, both_databases, every, new_key, said, told};

use crate::{
    mine::{all_pages, run_out, texts, wait_in_line},
    operators::WAITING,
};

const SOMEWHERE: &str = "00000000-0000-7000-8000-000000000000";

const WORKER_APART: Setup<'static> = Setup { apis: 1, embedded: 0, workers: 1, api_flags: &[], worker_flags: &[] };

/// Registers a guest. Returns their ticket.
async fn invite(client: &Client, event: &str, name: &str, email: &str) -> String {
    let body = json!({"name": name, "email": email});
    let answer = client.organizer().waiting(20).register_with(event, &new_key(), body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.text("ticket_id")
}

/// Reads CSV: its header, and its rows.
fn rows(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    (header, rows)
}

async fn set(world: &World, table: &str, assignments: &str, email: &str) {
    world.execute(&format!("UPDATE {table} SET {assignments} WHERE email = '{email}@example.org'")).await;
}

/// Waits until no transaction is open that reads what was there before the last commit. Such a one keeps SQLite's log from
/// being emptied, and PostgreSQL from clearing away.
async fn nobody_is_reading(world: &World) {
    if world.kind == Kind::Postgres {
        let idle = "SELECT count(*) AS n FROM pg_stat_activity
            WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        world.until(idle, |open| open == 0).await;
        return;
    }
    let log = format!("{}-wal", world.url().trim_start_matches("sqlite://"));
    let size = || std::fs::metadata(&log).unwrap().len();
    assert!(size() > 1 << 20, "there is something to empty");
    let since = Instant::now();
    while size() > 1 << 20 {
        assert!(since.elapsed() < Duration::from_mins(1), "somebody is reading");
        world.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    }
}

both_databases! {
    async fn only_managers_see_into_an_event(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let (event, draft) = (client.event(5, json!({})).await, client.event(5, json!({"status": "draft"})).await);
        let shadow = client.event(5, json!({})).await;
        let copy = format!("UPDATE event SET shadow_of = {} WHERE id = {}", world.id(&event), world.id(&shadow));
        world.execute(&copy).await;
        let admin = client.as_role("root@example.org", "admin");
        let stranger = client.as_role("else@example.org", "organizer");
        // The organizer's address, but not as an organizer.
        let attendees = [client.attendee("a@example.org"), client.attendee("organizer@example.org")];
        for what in ["attendees", "waitlist", "analytics"] {
            let path = |id: &str| format!("/events/{id}/{what}");
            for manager in [&client.organizer(), &admin] {
                assert_eq!(manager.get(&path(&event)).await.status, 200, "{what}");
                assert_eq!(manager.get(&path(&draft)).await.status, 200, "{what}");
                for nothing in [&shadow, SOMEWHERE, "not-an-id"] {
                    assert_eq!(said(&manager.get(&path(nothing)).await), told(404, "not_found"), "{what}");
                }
            }
            assert_eq!(said(&stranger.get(&path(&event)).await), told(403, "forbidden"), "{what}");
            assert_eq!(said(&stranger.get(&path(&draft)).await), told(404, "not_found"), "{what}");
            for attendee in &attendees {
                assert_eq!(said(&attendee.get(&path(&event)).await), told(403, "forbidden"), "{what}");
            }
            assert_eq!(said(&client.get(&path(&event)).await), told(401, "unauthenticated"), "{what}");
        }
        for (question, pointer) in [("attendees?status=gone", "?status"), ("attendees?q=%00", "?q"),
            ("attendees?cursor=x", "?cursor"), ("waitlist?limit=0", "?limit"), ("analytics?interval=year", "?interval")]
        {
            let answer = client.organizer().get(&format!("/events/{event}/{question}")).await;
            assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (422, &json!(pointer)), "{question}");
        }
    }

    async fn attendees_are_found_page_by_page(world: &mut World) {
        let client = world.start(&WORKER_APART);
        let (event, other) = (client.event(20, json!({})).await, client.event(5, json!({})).await);
        let people = [("Ada Lovelace", "a"), ("BOB_X", "b"), ("Émile Zola", "c"), ("100% Ada", "d"), ("Bobox", "e-ADA"),
            ("Çelik É", "f"), ("Ada \\ Co", "g")];
        let mut tickets = vec![];
        for (name, email) in people {
            tickets.push(invite(&client, &event, name, &format!("{email}@example.org")).await);
        }
        invite(&client, &other, "Ada Elsewhere", "a@example.org").await;
        let organizer = client.organizer();
        let find = async |question: &str| {
            let found = all_pages(&organizer, &format!("/events/{event}/attendees?{question}&limit=2")).await;
            let emails = texts(&found, "email");
            emails.iter().map(|email| email.trim_end_matches("@example.org").to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(find("").await, "a b c d e-ada f g");
        for (text, expected) in [("ADA", "a d e-ada g"), ("bob", "b e-ada"), ("bob_", "b"), ("%25", "d"), ("_", "b"),
            ("%C3%A9mile+z", "c"), ("%C3%89MILE", "c"), ("%C3%A9", "c f"), ("%C3%A7ELIK", "f"), ("%5C", "g"),
            ("F%40example", "f"), ("'", ""), ("nobody", "")]
        {
            assert_eq!(find(&format!("q={text}")).await, expected, "{text}");
        }
        for (email, ticket, verb) in [("b", &tickets[1], "confirm"), ("c", &tickets[2], "cancel")] {
            let person = client.attendee(&format!("{email}@example.org"));
            assert_eq!(person.post_empty(&format!("/tickets/{ticket}/{verb}")).await.status, 200);
        }
        world.workers.clear();
        run_out(world, "d@example.org").await;
        for (status, expected) in [("reserved", "a e-ada f g"), ("confirmed", "b"), ("cancelled", "c"), ("expired", "d"),
            ("checked_in", ""), ("waitlisted", ""), ("reserved&q=ada", "a e-ada g")]
        {
            assert_eq!(find(&format!("status={status}")).await, expected, "{status}");
        }
        let all = all_pages(&organizer, &format!("/events/{event}/attendees")).await;
        assert_eq!(texts(&all, "ticket_id"), tickets);
        let (bob, lapsed) = (&all[1], &all[3]);
        assert!(bob["confirmed_at"].is_string() && bob["expired_at"].is_null(), "{bob}");
        assert_eq!((&lapsed["status"], &lapsed["expired_at"]), (&json!("expired"), &lapsed["created_at"]));
    }

    async fn attendees_come_as_csv_that_runs_nothing(world: &mut World) {
        let client = world.start(&WORKER_APART);
        let event = client.event(9, json!({"name": "A\"; filename=\"evil.exe"})).await;
        let names = ["=HYPERLINK(\"http://evil.example\",\"Ada\")", "O\"Neil, \"Ann\"\nand more", "＝1+1", "-1", "Zoë; =1", "x;=cmd|'/c calc'!A1"];
        for (name, n) in names.iter().zip(0..) {
            invite(&client, &event, name, &format!("p{n}@example.org")).await;
        }
        invite(&client, &event, "Plus", "+49@example.org").await;
        let person = client.attendee("p1@example.org");
        let ticket = person.get("/tickets").await.body["data"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(person.post_empty(&format!("/tickets/{ticket}/confirm")).await.status, 200);

        let (organizer, path) = (client.organizer(), format!("/events/{event}/attendees"));
        let (answer, text) = organizer.with("accept", "text/csv").text(&path).await;
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
        let name = format!("attachment; filename=\"attendees-{event}.csv\"");
        assert_eq!((answer.header("content-disposition"), answer.header("vary")), (name, "Accept".to_owned()));
        let first = "ticket_id,registration_id,status,name,email,party_size,created_at,confirmed_at,checked_in_at,\
                     cancelled_at,expired_at\r\n";
        assert!(text.starts_with(first) && text.ends_with("\r\n"), "{text}");
        assert!(text.contains(",reserved,\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"Ada\"\")\",p0@"), "{text}");
        assert!(text.contains(",confirmed,\"O\"\"Neil, \"\"Ann\"\"\nand more\",p1@"), "{text}");
        let (header, rows_found) = rows(&text);
        let cells = |column: usize| rows_found.iter().map(|row| row[column].clone()).collect::<Vec<_>>();
        assert_eq!(cells(3), [format!("'{}", names[0]), names[1].into(), "'＝1+1".into(), "'-1".into(), names[4].into(),
            "x;'=cmd|'/c calc'!A1".into(), "Plus".into()]);
        assert_eq!(cells(4)[6], "'+49@example.org");
        // Every cell that is no text of a person's is the same as in JSON.
        let listed = all_pages(&organizer, &path).await;
        for (row, item) in rows_found.iter().zip(&listed) {
            for (name, cell) in header.iter().zip(row).filter(|(name, _)| !["name", "email"].contains(&name.as_str())) {
                let value = &item[name];
                let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                assert_eq!(*cell, if value.is_null() { String::new() } else { shown }, "{name}");
            }
        }
        let csv = organizer.with("accept", "application/json;q=0.5, text/csv");
        assert_eq!(rows(&csv.text(&format!("{path}?status=confirmed")).await.1).1.len(), 1);
        assert_eq!(rows(&csv.text(&format!("{path}?q=%EF%BC%9D")).await.1).1.len(), 1);
        assert_eq!(rows(&csv.text(&format!("{path}?q=nobody")).await.1), (header, vec![]));
        assert_eq!(said(&organizer.with("accept", "text/html").get(&path).await), told(406, "not_acceptable"));
        assert_eq!(organizer.with("accept", "*/*").get(&path).await.header("content-type"), "application/json");
        let stranger = client.as_role("else@example.org", "organizer").with("accept", "text/csv");
        assert_eq!(said(&stranger.get(&path).await), told(403, "forbidden"));
    }

    async fn a_long_export_is_whole(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let event = client.event(5001, json!({})).await;
        world.enqueue(&event, 5000).await;
        world.start_worker(&[]);
        world.settled().await;
        // More than fits what lies between the api and a client that does not read.
        world.execute(&format!("UPDATE ticket SET name = '{}'", "x".repeat(4000))).await;
        let csv = client.organizer().with("accept", "text/csv");
        let path = format!("/events/{event}/attendees?q=example");
        // Somebody who stops reading half-way, and goes away, costs nobody anything.
        let stalled = csv.open(&path).await;
        client.attendee("late@elsewhere.org").ticket(&event).await;
        nobody_is_reading(world).await;
        drop(stalled);
        let (answer, text) = csv.text(&path).await;
        assert_eq!((answer.status, answer.header("content-length")), (200, String::new()), "it is streamed");
        let (_, found) = rows(&text);
        let numbers: Vec<u32> =
            found.iter().map(|row| row[4][1..].split('-').next().unwrap().parse().unwrap()).collect();
        assert_eq!(numbers, (1..=5000).collect::<Vec<_>>());
        let tickets: std::collections::BTreeSet<&String> = found.iter().map(|row| &row[0]).collect();
        assert_eq!(tickets.len(), 5000);
    }

    async fn long_reads_leave_connections_to_everybody_else(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        if world.kind == Kind::Sqlite {
            return; // Nothing makes a reader wait there.
        }
        let event = client.event(5, json!({})).await;
        let lock = world.connect().await;
        lock.execute_unprepared("BEGIN; LOCK TABLE ticket").await.unwrap();
        let (lists, sums) = (format!("/events/{event}/attendees"), format!("/events/{event}/analytics"));
        let asked = [lists.clone(), format!("{lists}?q=x"), sums, "/me/events".to_owned()].into_iter().cycle().take(40);
        let ask = |path: String| {
            let organizer = client.organizer().with("accept", if path == lists { "text/csv" } else { "*/*" });
            async move { said(&organizer.get(&path).await) }
        };
        let answers = tokio::spawn(every(asked.map(ask).collect::<Vec<_>>()));
        let mut most = world.until(WAITING, |n| n > 0).await;
        assert_eq!(client.attendee("a@example.org").register(&event, "k").await.status, 202);
        while !answers.is_finished() {
            most = most.max(world.number(WAITING).await);
        }
        assert_eq!(most, 2);
        assert_eq!(answers.await.unwrap(), vec![told(503, "busy"); 40]);
        lock.execute_unprepared("COMMIT").await.unwrap();
        lock.close().await.unwrap();
        assert_eq!(client.organizer().get(&lists).await.status, 200);
    }

    async fn the_waitlist_tells_who_is_where(world: &mut World) {
        let client = world.start(&WORKER_APART);
        let more = json!({"waitlist_enabled": true, "max_party_size": 5});
        let (event, other) = (client.event(5, more.clone()).await, client.event(5, more).await);
        for event in [&event, &other] {
            let whole = json!({"party_size": 5});
            client.attendee("seated@example.org").waiting(20).register_with(event, &new_key(), whole).await;
            for n in 1..=5 {
                wait_in_line(&client, event, &format!("waiting-{n}-{event}"), n).await;
            }
        }
        let (organizer, path) = (client.organizer(), format!("/events/{event}/waitlist?limit=2"));
        let places = async || {
            let found = all_pages(&organizer, &path).await;
            let place = |item: &Value| (item["position"].as_i64().unwrap(), item["party_size"].as_i64().unwrap());
            found.iter().map(place).collect::<Vec<_>>()
        };
        assert_eq!(places().await, [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]);
        let second = organizer.get(&path).await.body["data"][1].clone();
        let name = format!("waiting-2-{event}");
        assert_eq!((&second["email"], &second["name"]), (&json!(format!("{name}@example.org")), &json!(name)));
        let leave = format!("/tickets/{}/cancel", second["ticket_id"].as_str().unwrap());
        assert_eq!(client.attendee(&format!("{name}@example.org")).post_empty(&leave).await.status, 200);
        assert_eq!(places().await, [(1, 1), (2, 3), (3, 4), (4, 5)]);
    }

    async fn analytics_count_what_happened(world: &mut World) {
        let client = world.start(&WORKER_APART);
        let event = client.event(2, json!({"registration_opens_at": "2001-01-01T00:00:00Z"})).await;
        let (organizer, path) = (client.organizer(), format!("/events/{event}/analytics"));
        let empty = json!({"event_id": event, "interval": "minute", "points": [], "has_earlier": false,
            "outcomes": {"reserved": 0, "waitlisted": 0, "pending": 0, "failed": 0, "refused": []}});
        assert_eq!(organizer.get(&path).await.body, empty);

        let act = async |who: &str, verb: &str| {
            let person = client.attendee(&format!("{who}@example.org"));
            let ticket = person.get("/tickets").await.body["data"][0]["id"].as_str().unwrap().to_owned();
            assert_eq!(person.post_empty(&format!("/tickets/{ticket}/{verb}")).await.status, 200);
        };
        let ask = async |who: &str, key: &str| {
            client.attendee(&format!("{who}@example.org")).waiting(20).register(&event, key).await.code()
        };
        assert_eq!(ask("a", "1").await, "");
        act("a", "confirm").await;
        assert_eq!(ask("a", "2").await, "already_registered");
        assert_eq!(ask("b", "1").await, "");
        assert_eq!(ask("d", "1").await, "sold_out");
        assert_eq!(ask("e", "1").await, "sold_out");
        act("b", "cancel").await;
        assert_eq!(ask("c", "1").await, "");
        world.workers.clear();
        for who in ["f", "g"] {
            client.attendee(&format!("{who}@example.org")).register(&event, "1").await;
        }
        set(world, "job", "state = 'failed', last_error = 'x'", "f").await;

        // The minutes in which it happened, past an hour that is long gone: 2001-09-09T01:40:00Z and so on.
        let at = |minute: i64| 1_000_000_000_000 - 400_000 + minute * 60_000;
        world.execute(&format!("UPDATE job SET created_at = {}", at(0))).await;
        for (who, minute) in [("c", 3), ("d", 1), ("e", 1), ("f", 3), ("g", 62)] {
            set(world, "job", &format!("created_at = {}", at(minute) + 59_999), who).await;
        }
        set(world, "ticket", &format!("confirmed_at = {}", at(1)), "a").await;
        set(world, "ticket", &format!("cancelled_at = {}", at(2)), "b").await;
        // Nobody has reaped this one yet.
        set(world, "ticket", &format!("expires_at = {}", at(5)), "c").await;
        let times = format!("created_at = {}, published_at = {}, sold_out_at = {}", at(0), at(1), at(1) + 1500);
        world.execute(&format!("UPDATE event SET {times}")).await;

        let point = |at: &str, counts: [i64; 4]| json!({"at": at, "registrations": counts[0],
            "confirmations": counts[1], "cancellations": counts[2], "expiries": counts[3]});
        let told = organizer.get(&path).await.body;
        let points = json!([
            point("2001-09-09T01:40:00Z", [3, 0, 0, 0]),
            point("2001-09-09T01:41:00Z", [2, 1, 0, 0]),
            point("2001-09-09T01:42:00Z", [0, 0, 1, 0]),
            point("2001-09-09T01:43:00Z", [2, 0, 0, 0]),
            point("2001-09-09T01:45:00Z", [0, 0, 0, 1]),
            point("2001-09-09T02:42:00Z", [1, 0, 0, 0]),
        ]);
        let refused = json!([{"code": "already_registered", "count": 1}, {"code": "sold_out", "count": 2}]);
        let outcomes = json!({"reserved": 3, "waitlisted": 0, "pending": 1, "failed": 1, "refused": refused});
        assert_eq!((&told["interval"], &told["points"]), (&json!("minute"), &points));
        assert_eq!(told["outcomes"], outcomes);
        let ratio = told["confirmation_ratio"].as_f64().unwrap();
        assert!((ratio - 1.0 / 3.0).abs() < 1e-9, "one of three who had seats: {ratio}");
        assert_eq!(told["sold_out_after_seconds"], json!(1.5));

        let hours = json!([point("2001-09-09T01:00:00Z", [7, 1, 1, 1]), point("2001-09-09T02:00:00Z", [1, 0, 0, 0])]);
        assert_eq!(organizer.get(&format!("{path}?interval=hour")).await.body["points"], hours);
        let day = json!([point("2001-09-09T00:00:00Z", [8, 1, 1, 1])]);
        assert_eq!(organizer.get(&format!("{path}?interval=day")).await.body["points"], day);
    }

    async fn analytics_have_so_many_points_and_no_more(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let event = client.event(1, json!({})).await;
        world.enqueue(&event, 1001).await;
        world.execute("UPDATE job SET created_at = seq * 60000").await;
        let (organizer, path) = (client.organizer(), format!("/events/{event}/analytics"));
        let minutes = organizer.get(&format!("{path}?interval=minute")).await.body;
        assert_eq!((minutes["points"].as_array().unwrap().len(), &minutes["has_earlier"]), (1000, &json!(true)));
        assert_eq!(minutes["points"][0]["at"], "1970-01-01T00:02:00Z", "the latest are shown");
        let fitting = organizer.get(&path).await.body;
        assert_eq!((&fitting["interval"], &fitting["has_earlier"]), (&json!("hour"), &json!(false)));
        let registrations = fitting["points"].as_array().unwrap().iter().map(|point| point["registrations"].as_i64());
        assert_eq!(registrations.sum::<Option<i64>>(), Some(1001));
    }
}
