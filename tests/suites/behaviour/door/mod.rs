//! The door: codes, scans, and what people bring along.

mod papers;

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tests::{Answer, Client, Kind, Process, Setup, World, both_databases, count, every, new_key, said, told};

/// A person with a confirmed ticket: its id and its code.
async fn confirmed(person: &Client, event: &str) -> (String, String) {
    let ticket = person.ticket(event).await;
    let answer = person.post_empty(&format!("/tickets/{ticket}/confirm")).await;
    assert_eq!((answer.status, answer.text("status").as_str()), (200, "confirmed"), "{answer:?}");
    (ticket, answer.text("code"))
}

async fn scan(door: &Client, code: &str) -> Answer {
    door.post("/check-ins", json!({"code": code})).await
}

async fn scan_again(door: &Client, code: &str, nonce: &str) -> Answer {
    door.post("/check-ins", json!({"code": code, "nonce": nonce})).await
}

async fn undo(door: &Client, ticket: &str) -> Answer {
    door.post(&format!("/check-ins/{ticket}/undo"), json!({"reason": "The \"wrong\" door."})).await
}

async fn audited(world: &World, action: &str, from: &str, to: &str) -> i64 {
    world
        .number(&format!(
            "SELECT count(*) AS n FROM audit WHERE entity = 'ticket' AND action = '{action}' AND from_state = '{from}'
             AND to_state = '{to}' AND actor = 'organizer@example.org' AND request_id IS NOT NULL"
        ))
        .await
}

both_databases! {
    async fn of_many_scans_one_admits(world: &mut World) {
        let client = world.start(&Setup { apis: 2, ..Setup::default() });
        let event = client.event(3, json!({"max_party_size": 2})).await;
        let person = client.attendee("a@example.org");
        let granted = person.waiting(20).register_with(&event, "k", json!({"name": "Ada", "party_size": 2})).await;
        let ticket = granted.text("ticket_id");
        let code = person.post_empty(&format!("/tickets/{ticket}/confirm")).await.text("code");
        let devices = [world.client(0).organizer(), world.client(1).organizer()];
        let scans = every((0..20).map(|n| {
            let (device, code) = (devices[n % 2].clone(), code.clone());
            async move { scan(&device, &code).await }
        }))
        .await;
        assert_eq!(count(scans.iter().map(said)), [(told(201, ""), 1), (told(409, "already_checked_in"), 19)].into());
        let first = &scans.iter().find(|scan| scan.status == 201).unwrap().body;
        let at = first["checked_in_at"].clone();
        let whole = json!({"ticket_id": ticket, "event_id": event, "name": "Ada", "party_size": 2,
            "checked_in_at": at, "checked_in_by": "organizer@example.org"});
        assert_eq!(first, &whole);
        for refused in scans.iter().filter(|scan| scan.status == 409) {
            for member in ["ticket_id", "checked_in_at", "checked_in_by"] {
                assert_eq!(refused.body[member], whole[member], "{member}");
            }
            assert!(refused.text("detail").contains(at.as_str().unwrap()), "{refused:?}");
        }
        let read = person.get(&format!("/tickets/{ticket}")).await;
        assert_eq!((&read.body["checked_in_at"], read.text("status").as_str()), (&at, "checked_in"));
        assert_eq!(audited(world, "check_in", "confirmed", "checked_in").await, 1);
        assert_eq!(client.available(&event).await, 1, "seats do not move at the door");
    }

    async fn a_scan_with_the_same_nonce_is_the_same_scan(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(2, json!({})).await;
        let (_, code) = confirmed(&client.attendee("a@example.org"), &event).await;
        let door = client.organizer();
        let scans = every((0..10).map(|_| {
            let (door, code) = (door.clone(), code.clone());
            async move { scan_again(&door, &code, "scan-1").await }
        }))
        .await;
        for answer in &scans {
            assert_eq!((answer.status, &answer.body), (201, &scans[0].body));
        }
        assert_eq!(audited(world, "check_in", "confirmed", "checked_in").await, 1);
        assert_eq!(said(&scan_again(&door, &code, "scan-2").await), told(409, "already_checked_in"));
        assert_eq!(said(&scan(&door, &code).await), told(409, "already_checked_in"));
        let admin = client.as_role("root@example.org", "admin");
        let anothers = scan_again(&admin, &code, "scan-1").await;
        assert_eq!(said(&anothers), told(409, "already_checked_in"), "nonces are each caller's own");
        for nonce in [json!(""), json!("a b"), json!("\u{e9}"), json!("n".repeat(65)), json!(1)] {
            let answer = door.post("/check-ins", json!({"code": code, "nonce": nonce})).await;
            assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (422, &json!("/nonce")), "{nonce}");
        }
        let (_, other) = confirmed(&client.attendee("b@example.org"), &event).await;
        assert_eq!(scan_again(&door, &other, "scan-1").await.status, 201, "each ticket has nonces of its own");
    }

    async fn a_check_in_can_be_taken_back(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({})).await;
        let person = client.attendee("a@example.org");
        let (ticket, code) = confirmed(&person, &event).await;
        let door = client.organizer();
        assert_eq!(said(&undo(&door, &ticket).await), told(409, "not_checked_in"));
        assert_eq!(scan_again(&door, &code, "n").await.status, 201);
        let cancel = async || person.post_empty(&format!("/tickets/{ticket}/cancel")).await;
        assert_eq!(said(&cancel().await), told(409, "already_checked_in"));
        for body in [json!({}), json!({"reason": " "}), json!({"reason": "r".repeat(501)})] {
            let answer = door.post(&format!("/check-ins/{ticket}/undo"), body).await;
            assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (422, &json!("/reason")));
        }
        assert_eq!(said(&undo(&person, &ticket).await), told(403, "forbidden"));
        let stranger = client.as_role("else@example.org", "organizer");
        assert_eq!(said(&undo(&stranger, &ticket).await), told(404, "not_found"));
        assert_eq!(said(&undo(&door, "not-an-id").await), told(404, "not_found"));

        let undone = undo(&door, &ticket).await;
        assert_eq!((undone.status, undone.text("status").as_str()), (200, "confirmed"));
        assert_eq!((&undone.body["checked_in_at"], &undone.body["code"]), (&Value::Null, &Value::Null));
        assert_eq!(audited(world, "undo_check_in", "checked_in", "confirmed").await, 1);
        let reason = r#"SELECT count(*) AS n FROM audit WHERE detail = '{"reason":"The \"wrong\" door."}'"#;
        assert_eq!(world.number(reason).await, 1);
        assert_eq!(said(&undo(&door, &ticket).await), told(409, "not_checked_in"));
        assert_eq!(scan_again(&door, &code, "n").await.status, 201, "the code opens the door again");
        assert_eq!(audited(world, "check_in", "confirmed", "checked_in").await, 2);
        assert_eq!(undo(&client.as_role("root@example.org", "admin"), &ticket).await.status, 200);
        assert_eq!(cancel().await.status, 200);
    }

    async fn only_confirmed_tickets_open_the_door(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, workers: 1, ..Setup::default() });
        let event = client.event(3, json!({})).await;
        let person = client.attendee("a@example.org");
        let door = client.organizer();
        let reads = async |ticket: &str, refusal: &str| {
            assert_eq!(said(&person.get(&format!("/tickets/{ticket}/qr")).await), told(409, refusal));
            assert_eq!(person.get(&format!("/tickets/{ticket}")).await.body["code"], Value::Null);
        };
        let cancelled = person.ticket(&event).await;
        reads(&cancelled, "ticket_not_confirmed").await;
        let code = person.post_empty(&format!("/tickets/{cancelled}/confirm")).await.text("code");
        assert_eq!(door.post_empty(&format!("/tickets/{cancelled}/cancel")).await.status, 200);
        assert_eq!(said(&scan(&door, &code).await), told(409, "ticket_cancelled"));
        reads(&cancelled, "ticket_cancelled").await;

        // States that a ticket whose code is known does not reach by itself. Nobody is there to move it on.
        let (ticket, code) = confirmed(&person, &event).await;
        world.workers.clear();
        let states = [
            ("status = 'waitlisted'", "ticket_waitlisted"),
            ("status = 'reserved', expires_at = 4102444800000", "ticket_not_confirmed"),
            ("status = 'reserved', expires_at = 1", "ticket_expired"),
        ];
        for (state, refusal) in states {
            world.execute(&format!("UPDATE ticket SET {state} WHERE id = {}", world.id(&ticket))).await;
            assert_eq!(said(&scan(&door, &code).await), told(409, refusal));
            reads(&ticket, refusal).await;
        }
        world.execute(&format!("UPDATE ticket SET status = 'confirmed' WHERE id = {}", world.id(&ticket))).await;
        world.execute("UPDATE event SET status = 'cancelled'").await;
        assert_eq!(said(&scan(&door, &code).await), told(409, "event_cancelled"));
        assert_eq!(person.get(&format!("/tickets/{ticket}")).await.text("status"), "confirmed");
        assert_eq!(world.number("SELECT count(*) AS n FROM audit WHERE action = 'check_in'").await, 0);
        // As its record has it.
        world.execute("UPDATE event SET status = 'published'").await;
    }

    async fn nobody_but_the_owner_sees_a_code(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(2, json!({})).await;
        let (organizer, owner) = (client.organizer(), client.attendee("a@example.org"));
        let admin = client.as_role("root@example.org", "admin");
        let key = new_key();
        let body = json!({"email": "a@example.org", "name": "Guest"});
        // The organizer asked for it, and so may read the registration.
        let granted = organizer.waiting(20).register_with(&event, &key, body.clone()).await;
        let (ticket, registration) = (granted.text("ticket_id"), granted.text("id"));
        let (read, registered) = (format!("/tickets/{ticket}"), format!("/registrations/{registration}"));
        let code = owner.post_empty(&format!("{read}/confirm")).await.text("code");
        assert_eq!(code.len(), 34);
        assert_eq!(owner.post_empty(&format!("{read}/confirm")).await.text("code"), code, "confirmed twice");
        let rename = Some(("application/json", r#"{"name": "Another"}"#));
        assert_eq!(owner.raw(reqwest::Method::PATCH, &read, rename).await.text("code"), code);

        let mut to_others = vec![organizer.waiting(20).register_with(&event, &key, body).await];
        let door = async || scan(&organizer, &code).await;
        for is_in in [false, true] {
            if is_in {
                to_others.extend([door().await, door().await]);
            }
            let seen = owner.get(&read).await;
            assert_eq!(seen.text("code"), code);
            assert_eq!(owner.with("if-none-match", &seen.header("etag")).get(&read).await.status, 304);
            assert_eq!(owner.get(&registered).await.body["ticket"]["code"], code.as_str());
            assert_eq!(owner.get("/tickets").await.body["data"][0]["code"], code.as_str());
            for manager in [&organizer, &admin] {
                to_others.extend([manager.get(&read).await, manager.get(&registered).await]);
            }
        }
        // What the organizer submitted, and who comes.
        let attendees = format!("/events/{event}/attendees");
        to_others.extend([organizer.get("/registrations").await, organizer.get(&attendees).await]);
        to_others.push(undo(&organizer, &ticket).await);
        let statuses: Vec<u16> = to_others.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [201, 200, 200, 200, 200, 201, 409, 200, 200, 200, 200, 200, 200, 200]);
        to_others.push(organizer.post_empty(&format!("{read}/cancel")).await);
        for answer in &to_others {
            assert!(!format!("{answer:?}").contains(&code), "{answer:?}");
        }
        assert_eq!(owner.get(&read).await.body["code"], Value::Null, "dead and gone");
        let log = world.logged();
        assert!(!log.contains(&code), "codes are not logged");

        // Whoever asks for themselves sees it in the registration too, also when they ask again.
        let own = client.attendee("b@example.org");
        let granted = own.waiting(20).register(&event, "k").await;
        assert_eq!(granted.body["ticket"]["code"], Value::Null);
        let code = own.post_empty(&format!("/tickets/{}/confirm", granted.text("ticket_id"))).await.text("code");
        assert_eq!(own.register(&event, "k").await.body["ticket"]["code"], code.as_str());
        assert_eq!(own.get("/registrations").await.body["data"][0]["ticket"]["code"], code.as_str());
    }

    async fn forged_and_foreign_codes_are_not_found(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(2, json!({})).await;
        let (_, code) = confirmed(&client.attendee("a@example.org"), &event).await;
        let (_, other) = confirmed(&client.attendee("b@example.org"), &event).await;
        let door = client.organizer();
        let mut forged = vec!["0".repeat(34), "nonsense".to_owned(), "!".to_owned(), code[1..].to_owned()];
        forged.push(format!("{}{}", &code[..8], &other[8..]));
        for place in [0, 7, 8, 20, 33] {
            let digit = if &code[place..=place] == "4" { "8" } else { "4" };
            forged.push(format!("{}{digit}{}", &code[..place], &code[place + 1..]));
        }
        for forged in forged {
            assert_eq!(said(&scan(&door, &forged).await), told(404, "not_found"), "{forged} for {code}");
        }
        assert_eq!(said(&scan(&client.as_role("else@example.org", "organizer"), &code).await), told(404, "not_found"));
        assert_eq!(said(&scan(&client.attendee("organizer@example.org"), &code).await), told(403, "forbidden"));
        for body in [json!({}), json!({"code": ""}), json!({"code": "0".repeat(101)}), json!({"code": 1})] {
            let answer = door.post("/check-ins", body).await;
            assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (422, &json!("/code")));
        }
        let groups: Vec<&str> = (0..34).step_by(4).map(|at| &code[at..34.min(at + 4)]).collect();
        let sloppy = format!(" {} ", groups.join(" - ").to_lowercase().replace('0', "o").replace('1', "l"));
        assert_eq!(scan(&door, &sloppy).await.status, 201, "{sloppy}");
        assert_eq!(scan(&client.as_role("root@example.org", "admin"), &other).await.status, 201);
    }

    async fn codes_follow_from_the_secret(world: &mut World) {
        let flags = |world: &World| ["--workers=1", "--listen=127.0.0.1:0", "--auth=gateway", "--rate-limit=off"]
            .map(str::to_owned).into_iter().chain([format!("--database-url={}", world.url())]).collect::<Vec<_>>();
        let start = |world: &mut World| {
            world.apis.clear();
            world.apis.push(Process::start(world.programs().api, &flags(world), &world.log()));
            world.client(0)
        };
        let client = start(world);
        let event = client.event(1, json!({})).await;
        let person = client.attendee("a@example.org");
        let (ticket, code) = confirmed(&person, &event).await;
        if world.kind == Kind::Postgres {
            assert_eq!(code, "", "nobody chose a secret, and machines share no folder");
            let qr = person.get(&format!("/tickets/{ticket}/qr")).await;
            for answer in [qr, scan(&client.organizer(), "0").await] {
                assert_eq!(said(&answer), told(503, "not_configured"));
                assert!(answer.text("detail").contains("TURNOUT_SECRET"), "{answer:?}");
            }
            world.apis.clear();
            let other = world.start(&Setup::default()).attendee("a@example.org");
            assert_eq!(other.get(&format!("/tickets/{ticket}")).await.text("code").len(), 34, "it has one from now on");
            return;
        }
        let path = format!("{}.secret", world.url().trim_start_matches("sqlite://"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = start(world).attendee("a@example.org");
        assert_eq!(again.get(&format!("/tickets/{ticket}")).await.text("code"), code, "it outlives the process");
        std::fs::remove_file(&path).unwrap();
        let forgotten = scan(&start(world).organizer(), &code).await;
        assert_eq!(said(&forgotten), told(404, "not_found"), "and dies with the file");
    }
}
