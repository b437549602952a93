//! The page goes on: reloads, a service that starts again, a slow network.

use std::time::Duration;

use serde_json::json;

use crate::{
    page::Page,
    stage::{Stage, journeys},
};

/// Presses without waiting for what comes of it.
const PRESS_TWICE: &str = "const button = document.querySelector('[data-submit=register-form]');
    button.click();
    button.click();";

/// Somebody whose request for a seat is in line, because nobody decides.
async fn in_line(stage: &mut Stage<'_>) -> Page {
    stage.start(0);
    let event = stage.organizer("Olive").await.event(1, json!({})).await;
    let page = stage.person("Ada").await;
    page.press(&format!("[data-event='{event}'] a")).await;
    page.press("[data-submit=register-form]").await;
    page.read("#ahead", "You are next").await;
    page
}

async fn one_request_and_one_ticket(stage: &mut Stage<'_>, page: &Page) {
    stage.world.start_worker(&[]);
    page.see("[data-status=reserved] #confirm").await;
    page.press("#confirm").await;
    page.see("[data-status=confirmed]").await;
    assert_eq!(stage.world.number("SELECT count(*) AS n FROM job").await, 1);
}

journeys! {
    /// Reloading while a request is in line leads back to it, from the event as well.
    async fn a_reload_while_in_line(stage: &mut Stage) {
        let page = in_line(stage).await;
        page.reload().await;
        page.read("#ahead", "You are next").await;
        page.press("[data-nav='/']").await;
        page.press("[data-event] a").await;
        page.press("#continue").await;
        page.read("#ahead", "You are next").await;
        one_request_and_one_ticket(stage, &page).await;
    }

    /// The answer comes when the page that asked is gone: the next one sends the same request, which counts once.
    async fn the_page_is_left_before_the_answer(stage: &mut Stage) {
        stage.start(0);
        let event = stage.organizer("Olive").await.event(1, json!({})).await;
        let page = stage.person("Ada").await;
        page.open(&format!("/events/{event}")).await;
        page.see("[data-submit=register-form]").await;
        page.slow_down(Duration::from_secs(10), 10_000_000).await;
        page.press("[data-submit=register-form]").await;
        stage.world.until("SELECT count(*) AS n FROM job", |n| n == 1).await;
        assert_eq!(page.count("#sending").await, 1, "the answer is not there yet");
        page.browser().goto("about:blank").await.unwrap();
        page.slow_down(Duration::ZERO, 10_000_000).await;
        page.open(&format!("/events/{event}")).await;
        page.press("#continue").await;
        page.read("#ahead", "You are next").await;
        one_request_and_one_ticket(stage, &page).await;
    }

    /// The service is killed and starts again while a request is in line: the page says so, and comes back by itself.
    async fn the_service_starts_again_while_in_line(stage: &mut Stage) {
        let page = in_line(stage).await;
        page.script("window.isSame = true", vec![]).await;
        page.expect_no_connection();
        let listen = format!("--listen={}", stage.world.client(0).base().trim_start_matches("http://"));
        stage.world.apis.clear();
        page.read("#trouble", "Nothing is lost").await;
        stage.world.start_api(0, &["--auth=bearer", &listen]);
        page.miss("#trouble").await;
        page.read("#ahead", "You are next").await;
        assert_eq!(page.script("return window.isSame", vec![]).await, json!(true), "the page was loaded anew");
        one_request_and_one_ticket(stage, &page).await;
    }

    /// The service is away while somebody asks: the request is sent again, by itself, and counts once.
    async fn the_service_is_away_when_somebody_asks(stage: &mut Stage) {
        stage.start(0);
        let event = stage.organizer("Olive").await.event(1, json!({})).await;
        let page = stage.person("Ada").await;
        page.open(&format!("/events/{event}")).await;
        page.see("[data-submit=register-form]").await;
        page.expect_no_connection();
        let listen = format!("--listen={}", stage.world.client(0).base().trim_start_matches("http://"));
        stage.world.apis.clear();
        page.press("[data-submit=register-form]").await;
        page.read("#trouble", "Nothing is lost").await;
        stage.world.start_api(0, &["--auth=bearer", &listen]);
        page.read("#ahead", "You are next").await;
        one_request_and_one_ticket(stage, &page).await;
    }

    /// A network with half a second of delay and as fast as a telephone of twenty years ago.
    async fn a_slow_network(stage: &mut Stage) {
        stage.start(1);
        let event = stage.organizer("Olive").await.event(1, json!({})).await;
        let page = stage.person("Ada").await;
        page.slow_down(Duration::from_millis(500), 50_000).await;
        page.reload().await;
        page.press(&format!("[data-event='{event}'] a")).await;
        // Pressed again and again, it counts once.
        page.see("[data-submit=register-form]").await;
        page.script(PRESS_TWICE, vec![]).await;
        page.see("[data-status=reserved] #confirm").await;
        page.press("#confirm").await;
        page.see("[data-status=confirmed] svg.qr").await;
        assert_eq!(stage.world.number("SELECT count(*) AS n FROM job").await, 1);
    }

    /// The search can be used in the time that a request for the document, and then those for what it names, take.
    async fn the_first_screen_takes_two_round_trips(stage: &mut Stage) {
        const ROUND_TRIP: Duration = Duration::from_secs(1);
        stage.start(1);
        stage.organizer("Olive").await.event(1, json!({})).await;
        let page = stage.visitor().await;
        page.slow_down(ROUND_TRIP, 10_000_000).await;
        let script = "new MutationObserver((_, watch) => {
            if (!document.querySelector('#search')) return;
            watch.disconnect();
            window.usableAfter = performance.now();
        }).observe(document, { subtree: true, childList: true });";
        page.session.debug("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
        page.open("/").await;
        page.see("#search").await;
        let after = page.script("return window.usableAfter", vec![]).await.as_f64().unwrap();
        assert!(after < 3.0 * 1000.0 * ROUND_TRIP.as_secs_f64(), "usable after {after} ms");
        page.see("[data-event]").await;
    }
}
