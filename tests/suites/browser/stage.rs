//! What a journey takes place on: the programs, browsers, and the people in front of them.

use std::io::Write;

use reqwest::Method;
use serde_json::json;
use tests::{Body, Client, Kind, PASSWORD, Setup, World};

use crate::{driver, driver::Driver, hands::Hands, page::Page};

/// A world with browsers.
pub(crate) struct Stage<'w> {
    pub(crate) world: &'w mut World,
    hands: Hands,
    driver: Driver,
    pages: Vec<Page>,
}

/// Declares journeys: each is made with the mouse and with the keyboard alone.
macro_rules! both_ways {
    ($($(#[$doc:meta])* async fn $name:ident($stage:ident: &mut Stage) $body:block)*) => {
        $($(#[$doc])* async fn $name($stage: &mut crate::stage::Stage<'_>) $body)*

        mod mouse {
            $(#[test] fn $name() {
                crate::stage::run(crate::hands::Hands::Mouse, |stage| Box::pin(super::$name(stage)));
            })*
        }

        mod keyboard {
            $(#[test] fn $name() {
                crate::stage::run(crate::hands::Hands::Keyboard, |stage| Box::pin(super::$name(stage)));
            })*
        }
    };
}
pub(crate) use both_ways;

/// Declares what is done with the mouse alone.
macro_rules! journeys {
    ($($(#[$doc:meta])* async fn $name:ident($stage:ident: &mut Stage) $body:block)*) => {
        $(#[test] $(#[$doc])* fn $name() {
            async fn journey($stage: &mut crate::stage::Stage<'_>) $body
            crate::stage::run(crate::hands::Hands::Mouse, |stage| Box::pin(journey(stage)));
        })*
    };
}
pub(crate) use journeys;

/// Says that a test cannot run, and why: a failure in CI.
pub(crate) fn told_loudly(why: &str) {
    let told = format!("\n*** {why}, so this test DID NOT RUN ***\n");
    assert!(std::env::var_os("CI").is_none(), "{told}");
    // Not eprintln!, which the test runner swallows when a test passes.
    let _ = std::io::stderr().write_all(told.as_bytes());
}

/// Makes a journey and then reads the logs of its browsers. Without a browser it cannot be made: that is a failure in
/// CI and told loudly elsewhere.
pub(crate) fn run(hands: Hands, body: impl for<'a, 'w> FnOnce(&'a mut Stage<'w>) -> Body<'a> + Send + 'static) {
    if !driver::is_there() {
        return told_loudly("chromium and chromedriver are not to be had");
    }
    tests::run(Kind::Sqlite, tests::programs!(), |world| {
        Box::pin(async move {
            let driver = Driver::start(world.log().parent().unwrap());
            let mut stage = Stage { world, hands, driver, pages: vec![] };
            body(&mut stage).await;
            for page in &stage.pages {
                page.check().await;
            }
        })
    });
}

impl Stage<'_> {
    /// Starts the service with its own accounts, and so many workers in it. Returns a client that is nobody.
    pub(crate) fn start(&mut self, workers: u32) -> Client {
        self.world.start(&Setup { embedded: workers, api_flags: &["--auth=bearer"], ..Setup::default() })
    }

    /// Somebody with a browser who was never here.
    pub(crate) async fn visitor(&mut self) -> Page {
        let page = Page::new(self.driver.browser().await, self.world.client(0).base(), self.hands);
        self.pages.push(page.clone());
        page
    }

    /// Somebody with an account, and without a browser.
    pub(crate) async fn account(&self, name: &str) -> Client {
        let (client, email) = (self.world.client(0), email_of(name));
        let body = json!({"email": email, "name": name, "password": PASSWORD});
        let made = client.post("/auth/register", body).await;
        assert_eq!(made.status, 201, "{made:?}");
        client.logged_in(&email, PASSWORD).await
    }

    /// The same, and an organizer.
    pub(crate) async fn organizer(&self, name: &str) -> Client {
        let id = self.account(name).await.get("/me").await.text("id");
        let admin = self.world.admin(&email_of(ADMIN)).await;
        let body = Some(("application/json", r#"{"role": "organizer"}"#));
        let made = admin.raw(Method::PATCH, &format!("/admin/accounts/{id}"), body).await;
        assert_eq!(made.status, 200, "{made:?}");
        self.world.client(0).logged_in(&email_of(name), PASSWORD).await
    }

    /// Somebody's browser, where they have just logged in.
    pub(crate) async fn log_in(&mut self, name: &str) -> Page {
        let page = self.visitor().await;
        page.open("/log-in").await;
        page.send("log-in", &[("email", &email_of(name)), ("password", PASSWORD)]).await;
        page.see("[data-screen=events]").await;
        page
    }

    /// Somebody with a new account and a browser where they logged in.
    pub(crate) async fn person(&mut self, name: &str) -> Page {
        self.account(name).await;
        self.log_in(name).await
    }

    /// An administrator with a browser.
    pub(crate) async fn admin(&mut self) -> Page {
        self.world.admin(&email_of(ADMIN)).await;
        self.log_in(ADMIN).await
    }
}

const ADMIN: &str = "Root";

fn email_of(name: &str) -> String {
    format!("{}@example.org", name.to_lowercase())
}
