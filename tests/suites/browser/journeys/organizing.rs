//! What organizers come for.

use serde_json::json;
use tests::Client;

use crate::{page::Page, stage::both_ways};

/// Makes an event in the page, publishes it, and returns its id.
async fn make_event(page: &Page) -> String {
    page.press("[data-nav='/organize']").await;
    page.press("#new-event").await;
    let entries =
        [("name", "Rust by the lake"), ("starts_at", "2090-06-01T16:00"), ("capacity", "2"), ("location", "The pier")];
    page.send("event-form", &entries).await;
    page.read("#status", "draft").await;
    let address = page.script("return location.hash.split('/').at(-1)", vec![]).await;
    page.press("#publish").await;
    page.read("#status", "published").await;
    address.as_str().unwrap().to_owned()
}

/// Registers and confirms; returns the code for the door.
async fn code(person: &Client, event: &str) -> String {
    let ticket = person.ticket(event).await;
    person.post_empty(&format!("/tickets/{ticket}/confirm")).await.text("code")
}

both_ways! {
    /// An event from draft to the door: a code opens it once, and a mistake can be taken back.
    async fn from_a_draft_to_the_door(stage: &mut Stage) {
        stage.start(1);
        stage.organizer("Olive").await;
        let page = stage.log_in("Olive").await;
        let event = make_event(&page).await;
        let code = code(&stage.account("Ada").await, &event).await;
        page.read("[data-count=taken]", "1 confirmed").await;
        page.press("[data-tab=Check-in]").await;
        page.read("#inside", "0 of 1 in").await;
        page.send("check-in", &[("code", &code.to_lowercase())]).await;
        // Who names nobody is called by the first part of the address.
        page.read("#verdict.yes", "ada").await;
        page.read("#inside", "1 of 1 in").await;
        page.expect(409, "/check-ins");
        page.send("check-in", &[("code", &code)]).await;
        page.read("#verdict.no", "Used already").await;
        page.expect(404, "/check-ins");
        page.send("check-in", &[("code", "NO-TICKET")]).await;
        page.read("#verdict.no", "This is no ticket").await;
        assert_eq!(page.count("#last li").await, 3);
    }

    /// Taking a check-in back, at once.
    async fn a_check_in_is_taken_back(stage: &mut Stage) {
        stage.start(1);
        let organizer = stage.organizer("Olive").await;
        let event = organizer.event(2, json!({})).await;
        let code = code(&stage.account("Ada").await, &event).await;
        let page = stage.log_in("Olive").await;
        page.open(&format!("/organize/{event}/door")).await;
        page.send("check-in", &[("code", &code)]).await;
        page.see("#verdict.yes").await;
        page.press("#verdict summary").await;
        page.send("undo", &[("reason", "The wrong person")]).await;
        page.read("#verdict", "It was taken back").await;
        page.read("#inside", "0 of 1 in").await;
    }

    /// More seats: first what that would do, then the change, and the offers it makes.
    async fn more_seats_after_a_dry_run(stage: &mut Stage) {
        stage.start(1);
        let organizer = stage.organizer("Olive").await;
        let event = organizer.event(1, json!({"waitlist_enabled": true})).await;
        stage.account("Grace").await.ticket(&event).await;
        let waiting = stage.account("Ada").await;
        let ticket = waiting.ticket(&event).await;
        let page = stage.log_in("Olive").await;
        page.open(&format!("/organize/{event}")).await;
        page.send("capacity-form", &[("capacity", "2")]).await;
        page.read("#ask", "1 offer will go out").await;
        assert_eq!(organizer.get(&format!("/events/{event}")).await.body["capacity"], 1, "it only asked");
        page.press("#ask-yes").await;
        page.read("[data-count=held]", "2 held").await;
        assert_eq!(waiting.get(&format!("/tickets/{ticket}")).await.text("status"), "reserved");
    }
}
