//! Reading, many at once: what is read together belongs to different people, and is never older than what they know.

use serde_json::json;
use tests::{Answer, Client, Setup, both_databases, every};

const PEOPLE: usize = 60;

fn person(client: &Client, n: usize) -> Client {
    client.attendee(&format!("p{n}@example.org"))
}

/// Registers everybody at once, each of whom reads what came of it right away. Returns the last reading of each.
async fn register_and_read(client: &Client, event: &str) -> Vec<Answer> {
    let everybody = (0..PEOPLE).map(|n| {
        let (person, event) = (person(client, n), event.to_owned());
        async move {
            let path = format!("/registrations/{}", person.register(&event, "k").await.text("id"));
            assert_eq!(person.get(&path).await.status, 200, "it is there as soon as it is acknowledged");
            person.until(&path, |read| read.text("status") == "reserved").await
        }
    });
    every(everybody).await
}

both_databases! {
    async fn everybody_reads_their_own_and_nothing_else(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(100, json!({})).await;
        let read = register_and_read(&client, &event).await;
        let paths: Vec<[String; 2]> = read
            .iter()
            .map(|read| [format!("/registrations/{}", read.text("id")), format!("/tickets/{}", read.text("ticket_id"))])
            .collect();
        // Everybody asks for everything of their own, of somebody else's and of nobody's; so do those who manage.
        let mut asked = vec![];
        for n in 0..PEOPLE {
            let other = &paths[(n + 1) % PEOPLE];
            for (own, other) in paths[n].iter().zip(other) {
                let email = format!("p{n}@example.org");
                asked.push((client.attendee(&email), own.clone(), Some(email.clone())));
                asked.push((client.attendee(&email), other.clone(), None));
                asked.push((client.organizer(), own.clone(), Some(email.clone())));
                asked.push((client.as_role("root@example.org", "admin"), own.clone(), Some(email.clone())));
                asked.push((client.as_role(&format!("p{n}@example.com"), "organizer"), own.clone(), None));
            }
        }
        every(asked.into_iter().map(|(caller, path, whose)| async move {
            let read = caller.get(&path).await;
            let ticket = if path.starts_with("/tickets") { &read.body } else { &read.body["ticket"] };
            let expected = if whose.is_some() { 200 } else { 404 };
            assert_eq!((read.status, ticket["email"].as_str()), (expected, whose.as_deref()), "{path}: {read:?}");
            assert!(whose.is_none() || path.ends_with(&read.text("id")), "{path}: {read:?}");
        }))
        .await;
    }

    async fn nobody_reads_the_past(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(100, json!({})).await;
        let read = register_and_read(&client, &event).await;
        every(read.into_iter().enumerate().map(|(n, read)| {
            let person = person(&client, n);
            async move {
                let ticket = format!("/tickets/{}", read.text("ticket_id"));
                let registration = format!("/registrations/{}", read.text("id"));
                for (verb, status) in [("confirm", "confirmed"), ("cancel", "cancelled")] {
                    // Read just before, so that what anybody remembered of it would be the past.
                    assert_ne!(person.get(&ticket).await.text("status"), status);
                    assert_ne!(person.get(&registration).await.body["ticket"]["status"], status);
                    assert_eq!(person.post_empty(&format!("{ticket}/{verb}")).await.status, 200);
                    assert_eq!(person.get(&registration).await.body["ticket"]["status"], status);
                    assert_eq!(person.get(&ticket).await.text("status"), status);
                }
            }
        }))
        .await;
    }
}
