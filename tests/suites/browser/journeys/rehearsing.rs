//! What administrators come for.

use serde_json::json;

use crate::stage::both_ways;

both_ways! {
    /// A thousand people want ten seats: the line moves in view, and the report says what held.
    async fn a_thousand_people_want_ten_seats(stage: &mut Stage) {
        stage.start(1);
        stage.organizer("Olive").await.event(10, json!({})).await;
        let page = stage.admin().await;
        page.press("[data-nav='/admin']").await;
        page.press("[data-tab=Simulation]").await;
        page.send("simulate", &[("users", "1000")]).await;
        page.see("#report[data-held=true]").await;
        page.read("#tally", "10 got a seat").await;
        page.read("#tally", "990 refused").await;
        assert_eq!((page.count("circle").await, page.count("circle.seat").await), (400, 4));
    }
}
