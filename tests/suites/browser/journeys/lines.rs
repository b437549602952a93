//! More people than seats.

use serde_json::json;

use crate::stage::both_ways;

both_ways! {
    /// All seats are taken, somebody waits, somebody cancels: the offer is there without anybody asking for it.
    async fn a_seat_that_comes_free_is_offered_in_view(stage: &mut Stage) {
        stage.start(1);
        let organizer = stage.organizer("Olive").await;
        let event = organizer.event(1, json!({"waitlist_enabled": true})).await;
        let first = stage.account("Grace").await;
        let ticket = first.ticket(&event).await;
        assert_eq!(first.post_empty(&format!("/tickets/{ticket}/confirm")).await.status, 200);
        let page = stage.person("Ada").await;
        page.press(&format!("[data-event='{event}'] a")).await;
        page.read("[data-situation=waitlist]", "Join the waitlist: a seat").await;
        let others = [stage.account("Linus").await, stage.account("Emmy").await];
        let waiting = [others[0].ticket(&event).await, others[1].ticket(&event).await];
        page.read("[data-situation=waitlist]", "Join the waitlist, 2 waiting: a seat").await;
        for (other, waiting) in others.iter().zip(waiting) {
            assert_eq!(other.post_empty(&format!("/tickets/{waiting}/cancel")).await.status, 200);
        }
        page.read("[data-situation=waitlist]", "Join the waitlist: a seat").await;
        page.press("[data-submit=register-form]").await;
        page.read("#position", "1").await;
        page.script("window.isSame = true", vec![]).await;
        assert_eq!(first.post_empty(&format!("/tickets/{ticket}/cancel")).await.status, 200);
        page.read("#state", "A seat is offered to you").await;
        assert_eq!(page.script("return window.isSame", vec![]).await, json!(true), "the page was loaded anew");
        page.open(&format!("/events/{event}")).await;
        page.read("#call", "Your offer ends in 11:59:").await;
        page.press("#to-ticket").await;
        page.press("#confirm").await;
        page.see("[data-status=confirmed] svg.qr").await;
    }

    /// Two people press at once: one has the last seat, the other reads why not, and what to do.
    async fn two_browsers_want_the_last_seat(stage: &mut Stage) {
        stage.start(1);
        let organizer = stage.organizer("Olive").await;
        let event = organizer.event(1, json!({})).await;
        let pages = [stage.person("Ada").await, stage.person("Grace").await];
        for page in &pages {
            page.open(&format!("/events/{event}")).await;
            page.see("[data-submit=register-form]").await;
        }
        tokio::join!(pages[0].press("[data-submit=register-form]"), pages[1].press("[data-submit=register-form]"));
        let answered = "[data-status=reserved] #confirm, [data-problem=sold_out]";
        tokio::join!(pages[0].see(answered), pages[1].see(answered));
        let mut held = 0;
        for page in &pages {
            held += page.count("[data-status=reserved] #confirm").await;
        }
        assert_eq!((held, organizer.available(&event).await), (1, 0));
        let winner = usize::from(pages[0].count("#confirm").await == 0);
        pages[winner].press("#confirm").await;
        pages[winner].see("[data-status=confirmed]").await;
        assert!(pages[1 - winner].text("[data-problem=sold_out]").await.contains("try again soon"));
    }
}
