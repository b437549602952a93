//! One person and one event.

use serde_json::json;
use tests::PASSWORD;

use crate::stage::both_ways;

both_ways! {
    /// Signing up, registering, waiting, confirming, the ticket with its code, and giving it back.
    async fn from_signing_up_to_giving_the_ticket_back(stage: &mut Stage) {
        stage.start(0);
        let organizer = stage.organizer("Olive").await;
        let event = organizer.event(10, json!({"name": "A workshop"})).await;
        let page = stage.visitor().await;
        page.open("/").await;
        page.press(&format!("[data-event='{event}'] a")).await;
        page.press("#register").await;
        page.press("#other").await;
        page.send("sign-up", &[("name", "Ada"), ("email", "ada@example.org"), ("password", PASSWORD)]).await;
        page.press("[data-submit=register-form]").await;
        page.read("#ahead", "You are next").await;
        stage.world.start_worker(&[]);
        page.see("#countdown").await;
        page.press("#confirm").await;
        page.see("[data-status=confirmed] svg.qr").await;
        assert_eq!(page.text("#holder").await, "Ada");
        page.press("#cancel").await;
        page.press("#ask-yes").await;
        page.see("section[data-status=cancelled]").await;
        assert_eq!(organizer.available(&event).await, 10);
    }

    /// A hold that nobody confirms ends before the eyes of who has it, and the way back leads to another one.
    async fn a_hold_lapses_in_view(stage: &mut Stage) {
        stage.start(1);
        let organizer = stage.organizer("Olive").await;
        let event = organizer.event(1, json!({"hold_seconds": 5})).await;
        let page = stage.person("Ada").await;
        page.press(&format!("[data-event='{event}'] a")).await;
        page.press("[data-submit=register-form]").await;
        page.read("section[data-status=reserved] #countdown", "0:01").await;
        page.see("section[data-status=expired]").await;
        page.miss("#confirm").await;
        page.press("#again").await;
        page.press("[data-submit=register-form]").await;
        page.see("section[data-status=reserved] #countdown").await;
    }
}
