//! Names are text, whatever is in them.

use serde_json::json;

use crate::{page::Page, stage::journeys};

/// As an element it would speak up at once.
const NAME: &str = "<img src=x onerror=alert(1)>";

/// A screen shows the name as it is written, and made no element of it.
async fn shows(page: &Page, path: &str, selector: &str) {
    page.open(path).await;
    page.read(selector, NAME).await;
    assert_eq!(page.count("img").await, 0, "an element was made of it at {path}");
}

/// What the next file that is handed to the visitor holds.
const WATCH_FILES: &str = "const make = URL.createObjectURL.bind(URL);
    window.file = new Promise((resolve) => {
        URL.createObjectURL = (blob) => { resolve(blob.text()); return make(blob); };
    });";

journeys! {
    async fn an_event_and_an_attendee_named_like_an_element(stage: &mut Stage) {
        stage.start(1);
        let organizer = stage.organizer("Olive").await;
        let about = json!({"name": NAME, "description": NAME, "location": NAME, "waitlist_enabled": true});
        let event = organizer.event(1, about).await;
        let person = stage.account("Ada").await;
        let answer = person.waiting(20).register_with(&event, "k", json!({"name": NAME})).await;
        let ticket = answer.text("ticket_id");
        assert_eq!(person.post_empty(&format!("/tickets/{ticket}/confirm")).await.status, 200);
        let page = stage.log_in("Ada").await;
        for (path, selector) in [("/".to_owned(), "#events h2"), (format!("/events/{event}"), "h1"),
            (format!("/events/{event}"), ".pre"), ("/tickets".to_owned(), "#tickets h2"),
            (format!("/tickets/{ticket}"), "#holder")]
        {
            shows(&page, &path, selector).await;
        }
        let page = stage.log_in("Olive").await;
        for (path, selector) in [("/organize".to_owned(), "#own-events h2"), (format!("/organize/{event}"), "h1"),
            (format!("/organize/{event}/waitlist"), "h1"), (format!("/organize/{event}/figures"), "h1"),
            (format!("/organize/{event}/door"), "h1"), (format!("/organize/{event}/attendees"), "tbody th")]
        {
            shows(&page, &path, selector).await;
        }
        page.script(WATCH_FILES, vec![]).await;
        page.press("#csv").await;
        let file = page.script("return window.file", vec![]).await;
        let file = file.as_str().unwrap().trim_start_matches('\u{feff}');
        let mut reader = csv::Reader::from_reader(file.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!((rows.len(), rows[0].iter().filter(|cell| *cell == NAME).count()), (1, 1), "{file}");
    }
}
