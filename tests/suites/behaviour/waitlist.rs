//! Waiting for seats: who is served, in which order, and until when.

use std::time::{Duration, Instant};

use chrono::DateTime;
use serde_json::{Value, json};
use tests::{Answer, Client, Setup, both_databases, every};

const LINE: &str = "line@example.org";

/// Asks for seats and waits for what becomes of it.
async fn ask(client: &Client, event: &str, who: &str, seats: u32) -> Answer {
    let person = client.attendee(&format!("{who}@example.org"));
    person.waiting(20).register_with(event, &tests::new_key(), json!({"party_size": seats})).await
}

/// Asks for one seat and gets this. Returns the ticket's id.
async fn gets(client: &Client, event: &str, who: &str, status: &str) -> String {
    let answer = ask(client, event, who, 1).await;
    assert_eq!((answer.status, answer.text("status").as_str()), (201, status), "{answer:?}");
    answer.text("ticket_id")
}

async fn read(client: &Client, who: &str, ticket: &str) -> Answer {
    client.attendee(&format!("{who}@example.org")).get(&format!("/tickets/{ticket}")).await
}

/// Waits until the ticket reads so.
async fn until(client: &Client, who: &str, ticket: &str, status: &str) -> Answer {
    client
        .attendee(&format!("{who}@example.org"))
        .until(&format!("/tickets/{ticket}"), |t| t.text("status") == status)
        .await
}

async fn give_up(client: &Client, who: &str, ticket: &str) {
    let answer = client.attendee(&format!("{who}@example.org")).post_empty(&format!("/tickets/{ticket}/cancel")).await;
    assert_eq!((answer.status, answer.text("status").as_str()), (200, "cancelled"), "{answer:?}");
}

fn waiting_list() -> Value {
    json!({"waitlist_enabled": true, "max_party_size": 4})
}

fn millis(answer: &Answer, field: &str) -> i64 {
    DateTime::parse_from_rfc3339(&answer.text(field)).expect(field).timestamp_millis()
}

both_databases! {
    async fn a_freed_seat_goes_to_the_first_in_line(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"waitlist_enabled": true, "offer_seconds": 600})).await;
        let a = gets(&client, &event, "a", "reserved").await;
        let answer = ask(&client, &event, "b", 1).await;
        assert_eq!((answer.status, answer.text("status").as_str()), (201, "waitlisted"));
        assert_eq!((&answer.body["ticket"]["status"], &answer.body["ticket"]["position"]), (&json!("waitlisted"), &json!(1)));
        let (b, registration) = (answer.text("ticket_id"), answer.text("id"));
        let c = gets(&client, &event, "c", "waitlisted").await;
        let refused = client.attendee("b@example.org").post_empty(&format!("/tickets/{b}/confirm")).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "ticket_waitlisted"));
        assert_eq!(ask(&client, &event, "b", 1).await.code(), "already_registered");

        // Whoever waits for a change of the ticket hears of it.
        let told = tokio::spawn({
            let (client, b) = (client.clone(), b.clone());
            async move { until(&client, "b", &b, "reserved").await }
        });
        give_up(&client, "a", &a).await;
        let offered = told.await.unwrap();
        let offer = millis(&offered, "expires_at") - millis(&offered, "offered_at");
        assert_eq!((offer, &offered.body["position"]), (600_000, &json!(null)));
        assert_eq!(client.available(&event).await, 0, "it was never free for anybody else");
        let next = client.attendee("c@example.org");
        next.until(&format!("/tickets/{c}"), |ticket| ticket.body["position"] == json!(1)).await;
        let registration = client.attendee("b@example.org").get(&format!("/registrations/{registration}")).await;
        assert_eq!(registration.text("status"), "waitlisted", "the decision never changes");
        assert_eq!(registration.body["ticket"]["status"], "reserved", "the ticket does");
        let confirmed = client.attendee("b@example.org").post_empty(&format!("/tickets/{b}/confirm")).await;
        assert_eq!(confirmed.status, 200);

        let why = format!("SELECT count(*) AS n FROM audit WHERE action = 'promote' AND entity_id = {}
            AND detail LIKE '%\"free_seats\":1,\"next\":{{\"seq\":%\"party_size\":1}}}}'", world.id(&b));
        assert_eq!(world.number(&why).await, 1, "the record shows why");
    }

    async fn a_lapsed_holds_seat_reaches_the_waitlist_without_any_request(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 2, ..Setup::default() });
        let event = client.event(1, json!({"waitlist_enabled": true, "hold_seconds": 1})).await;
        gets(&client, &event, "a", "reserved").await;
        let b = gets(&client, &event, "b", "waitlisted").await;
        let offered = format!("SELECT count(*) AS n FROM ticket WHERE id = {} AND status = 'reserved'", world.id(&b));
        world.until(&offered, |n| n == 1).await;
    }

    async fn seats_that_came_free_in_small_batches_reach_the_line(world: &mut World) {
        // Each transaction expires one hold and has no room for anything else.
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(3, json!({"waitlist_enabled": true, "hold_seconds": 2})).await;
        world.enqueue(&event, 5).await;
        world.settled().await;
        world.workers.clear();
        world.start_worker(&["--batch-max=1"]);
        world.until("SELECT count(*) AS n FROM ticket WHERE offered_at IS NOT NULL", |n| n == 2).await;
        world.until("SELECT count(*) AS n FROM ticket WHERE status = 'expired'", |n| n == 3).await;
        assert_eq!(client.available(&event).await, 1);
    }

    async fn offers_end_when_the_event_begins_earlier_and_extending_takes_nothing_away(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"waitlist_enabled": true, "hold_seconds": 3600})).await;
        let a = gets(&client, &event, "a", "reserved").await;
        let held = read(&client, "a", &a).await;
        let edit = async |body: Value| {
            let organizer = client.organizer().with("if-match", "*");
            let body = body.to_string();
            let answer = organizer.raw(reqwest::Method::PATCH, &format!("/events/{event}"), Some(("application/json", &body))).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        };
        edit(json!({"hold_seconds": 60})).await;
        let extended = client.attendee("a@example.org").post_empty(&format!("/tickets/{a}/extend")).await;
        assert_eq!(extended.status, 200, "{extended:?}");
        assert!(millis(&extended, "expires_at") >= millis(&held, "expires_at"));

        let b = gets(&client, &event, "b", "waitlisted").await;
        give_up(&client, "a", &a).await;
        until(&client, "b", &b, "reserved").await;
        let starts_at = chrono::Local::now() + chrono::Duration::minutes(10);
        edit(json!({"starts_at": starts_at.to_rfc3339()})).await;
        assert_eq!(millis(&read(&client, "b", &b).await, "expires_at"), starts_at.timestamp_millis());
    }

    async fn people_who_join_in_the_same_second_have_positions_of_their_own(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"waitlist_enabled": true})).await;
        gets(&client, &event, "a", "reserved").await;
        let mut positions = vec![];
        for n in 0..20 {
            positions.push(ask(&client, &event, &format!("p{n}"), 1).await.body["ticket"]["position"].as_i64());
        }
        assert_eq!(positions, (1..=20).map(Some).collect::<Vec<_>>());
    }

    async fn a_lapsed_offer_passes_to_the_next(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"waitlist_enabled": true, "offer_seconds": 1})).await;
        let a = gets(&client, &event, "a", "reserved").await;
        let b = gets(&client, &event, "b", "waitlisted").await;
        let c = gets(&client, &event, "c", "waitlisted").await;
        give_up(&client, "a", &a).await;
        until(&client, "b", &b, "expired").await;
        until(&client, "c", &c, "reserved").await;
        let late = client.attendee("b@example.org").post_empty(&format!("/tickets/{b}/confirm")).await;
        assert_eq!((late.status, late.code().as_str()), (410, "hold_expired"));
        let again = ask(&client, &event, "b", 1).await;
        assert_eq!(again.status, 201, "whoever let an offer lapse can ask again");
    }

    async fn the_first_party_that_fits_is_served(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(4, waiting_list()).await;
        let x = ask(&client, &event, "x", 2).await.text("ticket_id");
        let y = ask(&client, &event, "y", 2).await.text("ticket_id");
        let mut line = vec![];
        for (who, seats) in [("three", 3), ("two", 2), ("one", 1)] {
            let answer = ask(&client, &event, who, seats).await;
            assert_eq!(answer.text("status"), "waitlisted");
            line.push(answer.text("ticket_id"));
        }
        let status = async |who: &str, n: usize| read(&client, who, &line[n]).await.text("status");
        give_up(&client, "y", &y).await;
        assert_eq!((status("three", 0).await, status("two", 1).await, status("one", 2).await),
            ("waitlisted".into(), "reserved".into(), "waitlisted".into()), "three do not fit into two seats");
        give_up(&client, "x", &x).await;
        assert_eq!((status("three", 0).await, status("one", 2).await), ("waitlisted".into(), "reserved".into()));
        // One seat is left, into which nobody in line fits: a newcomer may have it, and then nobody else.
        assert_eq!(ask(&client, &event, "pair", 2).await.text("status"), "waitlisted");
        assert_eq!(ask(&client, &event, "single", 1).await.text("status"), "reserved");
        assert_eq!(ask(&client, &event, "last", 1).await.text("status"), "waitlisted");
        give_up(&client, "two", &line[1]).await;
        assert_eq!(status("three", 0).await, "waitlisted");
        give_up(&client, "one", &line[2]).await;
        // Two seats came free; the pair and not the one behind it, and three still do not fit.
        let seated = "SELECT cast(sum(party_size) AS BIGINT) AS n FROM ticket WHERE status = 'reserved'";
        assert_eq!(world.number(seated).await, 4);
    }

    async fn a_large_party_that_came_first_goes_before_small_ones(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(2, waiting_list()).await;
        let x = ask(&client, &event, "x", 2).await.text("ticket_id");
        let mut line = vec![];
        for (who, seats) in [("pair", 2), ("first", 1), ("second", 1)] {
            line.push((who, ask(&client, &event, who, seats).await.text("ticket_id")));
        }
        give_up(&client, "x", &x).await;
        let mut served = vec![];
        for (who, ticket) in &line {
            served.push(read(&client, who, ticket).await.text("status"));
        }
        assert_eq!(served, ["reserved", "waitlisted", "waitlisted"]);
        give_up(&client, "pair", &line[0].1).await;
        for (who, ticket) in &line[1..] {
            assert_eq!(read(&client, who, ticket).await.text("status"), "reserved");
        }
    }

    async fn whoever_could_never_fit_is_refused(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(2, waiting_list()).await;
        let answer = ask(&client, &event, "a", 3).await;
        assert_eq!((answer.status, answer.code().as_str()), (409, "not_enough_seats"));
    }

    async fn whoever_left_can_come_back_and_offers_do_not_revive(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"waitlist_enabled": true})).await;
        let a = gets(&client, &event, "a", "reserved").await;
        let b = gets(&client, &event, "b", "waitlisted").await;
        give_up(&client, "a", &a).await;
        until(&client, "b", &b, "reserved").await;
        // The one who cancelled waits, is served, and later cancellations still work.
        let a = gets(&client, &event, "a", "waitlisted").await;
        give_up(&client, "b", &b).await;
        until(&client, "a", &a, "reserved").await;
        assert_eq!(read(&client, "b", &b).await.text("status"), "cancelled", "the cancelled offer stays cancelled");
        let b = gets(&client, &event, "b", "waitlisted").await;
        let c = gets(&client, &event, "c", "waitlisted").await;
        give_up(&client, "b", &b).await;
        assert_eq!(client.available(&event).await, 0, "leaving the line frees no seat");
        give_up(&client, "a", &a).await;
        until(&client, "c", &c, "reserved").await;
        assert_eq!(read(&client, "b", &b).await.text("status"), "cancelled");
        give_up(&client, "c", &c).await;
        assert_eq!(client.available(&event).await, 1);
    }

    async fn newcomers_never_overtake_and_positions_never_collide(world: &mut World) {
        const PEOPLE: usize = 60;
        let client = world.start(&Setup { apis: 2, embedded: 0, workers: 3, ..Setup::default() });
        let clients = [world.client(0), world.client(1)];
        let event = client.event(5, json!({"waitlist_enabled": true})).await;
        // Everybody asks at once; every fourth who gets something gives it back at once.
        let tickets = every((0..PEOPLE).map(|n| {
            let (client, event) = (clients[n % 2].clone(), event.clone());
            async move {
                let who = format!("p{n}");
                let answer = ask(&client, &event, &who, 1).await;
                let ticket = answer.text("ticket_id");
                if n % 4 == 0 {
                    give_up(&client, &who, &ticket).await;
                    return None;
                }
                Some((who, ticket))
            }
        }))
        .await;
        let overtaken = "SELECT count(*) AS n FROM ticket AS early JOIN ticket AS late ON late.seq > early.seq
            WHERE early.status = 'waitlisted' AND late.status = 'reserved'";
        assert_eq!(world.number(overtaken).await, 0);
        let waiting = world.number("SELECT count(*) AS n FROM ticket WHERE status = 'waitlisted'").await;
        assert_eq!(waiting, 40, "5 of 45 have seats");
        let expected: Vec<i64> = (1..=waiting).collect();
        let since = Instant::now();
        loop {
            assert!(since.elapsed() < Duration::from_mins(1), "positions collide");
            let mut positions = vec![];
            for (who, ticket) in tickets.iter().flatten() {
                positions.extend(read(&client, who, ticket).await.body["position"].as_i64());
            }
            positions.sort_unstable();
            // Positions may be a second old; two people never share one of the same reading.
            if positions == expected {
                break;
            }
        }
    }

    async fn nobody_waits_for_an_event_that_began(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"waitlist_enabled": true})).await;
        let a = gets(&client, &event, "a", "reserved").await;
        let b = gets(&client, &event, "b", "waitlisted").await;
        let body = json!({"starts_at": chrono::Local::now().to_rfc3339()});
        let organizer = client.organizer().with("if-match", "*");
        let edited = organizer.raw(reqwest::Method::PATCH, &format!("/events/{event}"),
            Some(("application/json", &body.to_string()))).await;
        assert_eq!(edited.status, 200, "{edited:?}");
        until(&client, "b", &b, "expired").await;
        let late = client.attendee("a@example.org").post_empty(&format!("/tickets/{a}/cancel")).await;
        assert_eq!((late.status, late.code().as_str()), (409, "event_began"));
        let newcomer = client.attendee(LINE).register(&event, "k").await;
        assert_eq!(newcomer.code(), "registration_closed");
    }

    async fn an_offer_never_outlasts_the_start(world: &mut World) {
        let client = world.start(&Setup::default());
        let starts_at = chrono::Local::now() + chrono::Duration::hours(1);
        let event = client.event(1, json!({"waitlist_enabled": true, "starts_at": starts_at.to_rfc3339()})).await;
        let a = gets(&client, &event, "a", "reserved").await;
        let b = gets(&client, &event, "b", "waitlisted").await;
        give_up(&client, "a", &a).await;
        let offered = until(&client, "b", &b, "reserved").await;
        assert_eq!(millis(&offered, "expires_at"), starts_at.timestamp_millis());
    }

    async fn a_hold_is_extended_a_few_times_and_only_while_nobody_waits(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({"waitlist_enabled": true, "hold_seconds": 100})).await;
        let a = gets(&client, &event, "a", "reserved").await;
        let owner = client.attendee("a@example.org");
        let extend = async || owner.post_empty(&format!("/tickets/{a}/extend")).await;
        let first = read(&client, "a", &a).await;
        for _ in 0..2 {
            let extended = extend().await;
            assert_eq!(extended.status, 200, "{extended:?}");
            assert!(millis(&extended, "expires_at") > millis(&first, "expires_at"));
        }
        assert_eq!((extend().await.status, extend().await.code().as_str()), (409, "extended_too_often"));

        let other = client.event(1, json!({"waitlist_enabled": true})).await;
        let held = gets(&client, &other, "a", "reserved").await;
        let waiting = gets(&client, &other, "b", "waitlisted").await;
        let extend = async || owner.post_empty(&format!("/tickets/{held}/extend")).await;
        assert_eq!((extend().await.status, extend().await.code().as_str()), (409, "people_waiting"));
        give_up(&client, "b", &waiting).await;
        assert_eq!(extend().await.status, 200);
        assert_eq!(owner.post_empty(&format!("/tickets/{held}/confirm")).await.status, 200);
        assert_eq!((extend().await.status, extend().await.code().as_str()), (409, "ticket_confirmed"));
        assert_eq!(client.organizer().post_empty(&format!("/tickets/{held}/extend")).await.status, 403);
    }

    async fn a_ticket_is_renamed_also_when_sold_out(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({})).await;
        let a = gets(&client, &event, "a", "reserved").await;
        let rename = async |who: &Client, body: &str| {
            who.raw(reqwest::Method::PATCH, &format!("/tickets/{a}"), Some(("application/json", body))).await
        };
        let owner = client.attendee("a@example.org");
        let renamed = rename(&owner, r#"{"name": " Grace "}"#).await;
        assert_eq!((renamed.status, renamed.text("name").as_str()), (200, "Grace"));
        assert_eq!(read(&client, "a", &a).await.text("name"), "Grace");
        for body in ["{}", r#"{"name": ""}"#, r#"{"name": "x", "email": "b@example.org"}"#] {
            assert_eq!(rename(&owner, body).await.status, 422, "{body}");
        }
        assert_eq!(rename(&client.attendee(LINE), r#"{"name": "x"}"#).await.status, 404);
        assert_eq!(rename(&client.organizer(), r#"{"name": "x"}"#).await.status, 403);
        give_up(&client, "a", &a).await;
        assert_eq!(rename(&owner, r#"{"name": "x"}"#).await.code(), "ticket_cancelled");
    }
}
