//! What people bring along: the image of their code, and the event for their calendar.

use serde_json::json;
use tests::{Client, Setup, both_databases, said, told};

use super::confirmed;

/// A file: its status, content type and text.
async fn file(caller: (&Client, &str, &str), path: &str) -> (u16, String, String) {
    let (client, email, role) = caller;
    let request = reqwest::Client::new().get(format!("{}{path}", client.base()));
    let response = request.header("x-user", email).header("x-role", role).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    (response.status().as_u16(), content_type, response.text().await.unwrap())
}

/// Reads the QR code in an image: a white square with rectangles `M{x} {y}h{width}v{height}…` on it.
fn read_qr(svg: &str) -> String {
    let side: usize = svg.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let mut dark = vec![false; side * side];
    let path = svg.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
    for rectangle in path.split('M').skip(1) {
        let numbers: Vec<usize> = rectangle.split([' ', 'h', 'v', 'H', 'V']).map(|n| n.parse().unwrap()).collect();
        let [x, y, width, height, ..] = numbers[..] else { panic!("{rectangle}") };
        for row in y..y + height {
            dark[row * side + x..row * side + x + width].fill(true);
        }
    }
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| if dark[y * side + x] { 0 } else { 255 });
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

/// The calendar file as one line for each property, after checking how its lines are broken.
fn unfold(text: &str) -> Vec<String> {
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    text.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
}

both_databases! {
    async fn the_image_holds_the_code(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(1, json!({})).await;
        let (ticket, code) = confirmed(&client.attendee("a@example.org"), &event).await;
        let path = format!("/tickets/{ticket}/qr");
        let (status, content_type, svg) = file((&client, "a@example.org", "attendee"), &path).await;
        assert_eq!((status, content_type.as_str()), (200, "image/svg+xml"));
        assert_eq!(read_qr(&svg), code);
        assert_eq!(said(&client.organizer().get(&path).await), told(403, "forbidden"));
        assert_eq!(said(&client.as_role("root@example.org", "admin").get(&path).await), told(403, "forbidden"));
        assert_eq!(said(&client.attendee("b@example.org").get(&path).await), told(404, "not_found"));
        assert_eq!(said(&client.attendee("a@example.org").get("/tickets/5/qr").await), told(404, "not_found"));
    }

    async fn the_calendar_tells_the_event(world: &mut World) {
        let client = world.start(&Setup::default());
        let event = client.event(3, json!({
            "name": "Bits, Bytes; \\ more", "location": "Café Ü, Berlin", "starts_at": "2100-01-01T10:00:00+01:00",
            "ends_at": "2100-01-01T12:30:00.5+01:00",
            "description": format!("One\r\nTwo\rBEGIN:VALARM\n{}", "äöü€".repeat(40)),
        })).await;
        let person = client.attendee("a@example.org");
        let ticket = person.ticket(&event).await;
        let path = format!("/tickets/{ticket}/calendar");
        let read = async |email: &str, role: &str| {
            let (status, content_type, text) = file((&client, email, role), &path).await;
            assert_eq!((status, content_type.as_str()), (200, "text/calendar; charset=utf-8"));
            unfold(&text)
        };
        let has = |lines: &[String], line: &str| assert!(lines.iter().any(|l| l == line), "{line} in {lines:#?}");
        has(&read("a@example.org", "attendee").await, "STATUS:TENTATIVE");
        let code = person.post_empty(&format!("/tickets/{ticket}/confirm")).await.text("code");
        let lines = read("a@example.org", "attendee").await;
        assert_eq!(lines.first().map(String::as_str), Some("BEGIN:VCALENDAR"));
        for line in ["VERSION:2.0", "BEGIN:VEVENT", "STATUS:CONFIRMED", "SEQUENCE:1", "DTSTART:21000101T090000Z"] {
            has(&lines, line);
        }
        has(&lines, &format!("UID:{ticket}"));
        has(&lines, "DTEND:21000101T113000Z");
        has(&lines, "SUMMARY:Bits\\, Bytes\\; \\\\ more");
        has(&lines, "LOCATION:Café Ü\\, Berlin");
        has(&lines, &format!("DESCRIPTION:One\\nTwo\\nBEGIN:VALARM\\n{}", "äöü€".repeat(40)));
        let stamp = lines.iter().find_map(|line| line.strip_prefix("DTSTAMP:")).expect("a stamp");
        assert!(stamp.len() == 16 && stamp.ends_with('Z'), "{stamp}");
        for (email, role) in [("a", "attendee"), ("organizer", "organizer"), ("root", "admin")] {
            assert!(!read(&format!("{email}@example.org"), role).await.concat().contains(&code), "the code is not in it");
        }
        assert_eq!(said(&client.attendee("b@example.org").get(&path).await), told(404, "not_found"));
        assert_eq!(person.post_empty(&format!("/tickets/{ticket}/cancel")).await.status, 200);
        has(&read("a@example.org", "attendee").await, "STATUS:CANCELLED");

        let bare = client.event(1, json!({})).await;
        let path = format!("/tickets/{}/calendar", confirmed(&person, &bare).await.0);
        let lines = unfold(&file((&client, "a@example.org", "attendee"), &path).await.2);
        for absent in ["DTEND", "LOCATION", "DESCRIPTION"] {
            assert!(!lines.iter().any(|line| line.starts_with(absent)), "{absent} in {lines:#?}");
        }
        world.execute("UPDATE event SET status = 'cancelled'").await;
        has(&unfold(&file((&client, "a@example.org", "attendee"), &path).await.2), "STATUS:CANCELLED");
        // As its record has it.
        world.execute("UPDATE event SET status = 'published'").await;
    }
}
