//! More people than seats, at the same instant.

use tests::{Client, Setup, both_databases, count, every, said};

const PEOPLE: usize = 100;
const SEATS: u32 = 5;

fn three_workers() -> Setup<'static> {
    Setup { embedded: 0, workers: 3, ..Setup::default() }
}

fn people(client: &Client) -> Vec<Client> {
    (0..PEOPLE).map(|n| client.attendee(&format!("person{n}@example.org"))).collect()
}

both_databases! {
    async fn everybody_who_waits_is_told_at_once(world: &mut World) {
        let client = world.start(&three_workers());
        let event = client.event(SEATS, serde_json::json!({})).await;
        let answers = every(people(&client).into_iter().map(|person| {
            let event = event.clone();
            async move { person.waiting(25).register(&event, "key").await }
        }))
        .await;
        let told = count(answers.iter().map(said));
        let expected = [((201, String::new()), 5), ((409, "sold_out".to_owned()), 95)];
        assert_eq!(told.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(client.available(&event).await, 0);
        assert_eq!(world.number("SELECT count(*) AS n FROM ticket").await, 5);
    }

    async fn everybody_who_polls_learns_the_same(world: &mut World) {
        let client = world.start(&three_workers());
        let event = client.event(SEATS, serde_json::json!({})).await;
        let decisions = every(people(&client).into_iter().map(|person| {
            let event = event.clone();
            async move {
                let accepted = person.register(&event, "key").await;
                assert_eq!((accepted.status, accepted.text("status").as_str()), (202, "pending"));
                assert_eq!(accepted.header("location"), format!("/registrations/{}", accepted.text("id")));
                let decided = person.decision(&accepted.text("id")).await;
                (decided.text("status"), decided.body["refusal"]["code"].as_str().unwrap_or_default().to_owned())
            }
        }))
        .await;
        let expected = [
            (("refused".to_owned(), "sold_out".to_owned()), 95),
            (("reserved".to_owned(), String::new()), 5),
        ];
        assert_eq!(count(decisions).into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(client.available(&event).await, 0);
        assert_eq!(world.number("SELECT count(*) AS n FROM ticket").await, 5);
    }
}
