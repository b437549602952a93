//! Every screen, one after the other, in front of somebody who looks at them all.

use serde_json::{Value, json};

use crate::{page::Page, stage::Stage};

/// Somebody who looks at screens.
pub(crate) trait Guest: Sync {
    /// Looks at what the page shows, which has this name.
    fn look(&self, page: &Page, name: &str) -> impl Future<Output = ()> + Send;
}

/// Events and tickets of all kinds, so that no screen is empty.
struct Sights {
    open: String,
    full: String,
    simulation: String,
}

/// Somebody gets a ticket of this event, and perhaps confirms it.
async fn ticket(stage: &Stage<'_>, name: &str, event: &str, is_confirmed: bool) {
    let person = stage.account(name).await;
    let ticket = person.ticket(event).await;
    if is_confirmed {
        assert_eq!(person.post_empty(&format!("/tickets/{ticket}/confirm")).await.status, 200);
    }
}

async fn prepare(stage: &Stage<'_>) -> Sights {
    let organizer = stage.organizer("Olive").await;
    let about = json!({"name": "Rust by the lake", "location": "The old boathouse, Lakeside 4", "max_party_size": 4,
        "description": "A day of talks and rowing.\nBring a jacket.", "waitlist_enabled": true, "hold_seconds": 3600,
        "starts_at": "2090-06-01T16:00:00Z", "ends_at": "2090-06-01T21:00:00Z", "time_zone": "Europe/Zurich"});
    let open = organizer.event(40, about).await;
    let full = organizer.event(2, json!({"name": "A dinner for two", "waitlist_enabled": true})).await;
    organizer.event(10, json!({"name": "A draft", "status": "draft"})).await;
    for name in ["Grace", "Linus", "Edsger", "Barbara"] {
        ticket(stage, name, &open, name != "Edsger").await;
    }
    ticket(stage, "Alan", &full, true).await;
    ticket(stage, "Kurt", &full, false).await;
    ticket(stage, "Emmy", &full, false).await;
    let admin = stage.world.admin("root@example.org").await;
    let rehearsal = admin.waiting(25).post_empty(&format!("/admin/events/{full}/simulate?users=1000")).await;
    assert_eq!(rehearsal.text("status"), "finished", "{rehearsal:?}");
    Sights { open, full, simulation: rehearsal.text("id") }
}

/// The screens of an attendee, in the order in which they come.
async fn as_attendee(stage: &mut Stage<'_>, sights: &Sights, guest: &impl Guest) {
    let page = stage.visitor().await;
    for (name, path, selector) in [
        ("log-in", "/log-in", "#log-in"),
        ("sign-up", "/sign-up", "#sign-up"),
        ("missing", "/nowhere", "[data-screen=missing]"),
    ] {
        visit(&page, name, path, selector, guest).await;
    }
    visit(&page, "event-stranger", &format!("/events/{}", sights.open), "#register", guest).await;
    let page = stage.person("Ada").await;
    visit(&page, "tickets-none", "/tickets", "#find", guest).await;
    visit(&page, "events", "/", "[data-event]", guest).await;
    visit(&page, "event", &format!("/events/{}", sights.open), "#register-form", guest).await;
    page.press("[data-submit=register-form]").await;
    page.see("#confirm").await;
    guest.look(&page, "ticket-held").await;
    page.press("#confirm").await;
    page.see("svg.qr").await;
    guest.look(&page, "ticket-confirmed").await;
    page.press("#cancel").await;
    page.see("#ask").await;
    guest.look(&page, "question").await;
    page.press("#ask-no").await;
    visit(&page, "event-full", &format!("/events/{}", sights.full), "[data-situation=waitlist]", guest).await;
    page.press("[data-submit=register-form]").await;
    page.see("#position").await;
    guest.look(&page, "ticket-waiting").await;
    visit(&page, "tickets", "/tickets", "[data-ticket]", guest).await;
    visit(&page, "account", "/account", "#log-out", guest).await;
    let page = stage.log_in("Alan").await;
    visit(&page, "not-yours", "/organize", "h1", guest).await;
}

async fn as_organizer(stage: &mut Stage<'_>, sights: &Sights, guest: &impl Guest) {
    let page = stage.log_in("Olive").await;
    visit(&page, "organize", "/organize", "[data-event]", guest).await;
    visit(&page, "new-event", "/organize/new", "#event-form", guest).await;
    page.expect(422, "/events");
    page.press("[data-submit=event-form]").await;
    page.see("[aria-invalid]").await;
    guest.look(&page, "new-event-wrong").await;
    for (name, part, selector) in [
        ("manage", "", "#capacity-form"),
        ("attendees", "/attendees", "[data-ticket]"),
        ("waitlist", "/waitlist", "[data-ticket]"),
        ("figures", "/figures", "#funnel"),
        ("edit", "/edit", "#event-form"),
    ] {
        visit(&page, name, &format!("/organize/{}{part}", sights.full), selector, guest).await;
    }
    visit(&page, "door", &format!("/organize/{}/door", sights.full), "#check-in", guest).await;
    page.expect(404, "/check-ins");
    page.send("check-in", &[("code", "NO-TICKET")]).await;
    page.see("#verdict.no").await;
    guest.look(&page, "door-no").await;
}

async fn as_admin(stage: &mut Stage<'_>, sights: &Sights, guest: &impl Guest) {
    let page = stage.admin().await;
    let simulation = format!("/admin/simulations/{}", sights.simulation);
    for (name, path, selector) in [
        ("engine", "/admin", "[data-figure=depth]"),
        ("jobs", "/admin/jobs?state=", "table"),
        ("simulate", "/admin/simulations", "#simulate"),
        ("simulation", &simulation, "#report"),
        ("accounts", "/admin/accounts", "[data-account]"),
        ("audit", "/admin/audit", "[data-seq]"),
    ] {
        visit(&page, name, path, selector, guest).await;
    }
}

async fn visit(page: &Page, name: &str, path: &str, selector: &str, guest: &impl Guest) {
    page.open(path).await;
    page.see(selector).await;
    guest.look(page, name).await;
}

/// Shows all screens to a guest, each with a name.
pub(crate) async fn tour(stage: &mut Stage<'_>, guest: &impl Guest) {
    stage.start(1);
    let sights = prepare(stage).await;
    as_attendee(stage, &sights, guest).await;
    as_organizer(stage, &sights, guest).await;
    as_admin(stage, &sights, guest).await;
}

/// A telephone and a desk: the width and the height of what is seen at once.
const SIZES: [(&str, u32, u32); 2] = [("phone", 390, 780), ("desktop", 1200, 800)];

/// All ways in which a screen is shown: how wide, and light or dark as the visitor's system asks for.
pub(crate) fn looks() -> impl Iterator<Item = Look> {
    SIZES.into_iter().flat_map(|size| ["light", "dark"].map(|scheme| Look { size, scheme }))
}

/// A way in which a screen is shown.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    size: (&'static str, u32, u32),
    scheme: &'static str,
}

impl Look {
    /// Such as `phone-dark`.
    pub(crate) fn name(self) -> String {
        format!("{}-{}", self.size.0, self.scheme)
    }

    /// From now on the page is shown so.
    pub(crate) async fn show(self, page: &Page) {
        let (size, width, height) = self.size;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"});
        page.session.debug("Emulation.setDeviceMetricsOverride", metrics).await;
        let features: Value = json!([{"name": "prefers-color-scheme", "value": self.scheme}]);
        page.session.debug("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }
}
