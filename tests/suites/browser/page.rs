//! The page as somebody sees it in a browser of their own.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use fantoccini::{Client as Browser, elements::Element};
use serde_json::{Value, json};

use crate::{driver::Session, expected::Expected, hands::Hands, trail::Trail};

/// How long a page may take to show what it has to.
const PATIENCE: Duration = Duration::from_secs(30);

/// Calls back as soon as an element is to be seen that fits the selector, and holds the text, if one is given.
const SEE: &str = "
    const [selector, text, isWanted, done] = arguments;
    const fits = (one) => one.checkVisibility() && (text === null || one.textContent.includes(text));
    const isSo = () => [...document.querySelectorAll(selector)].some(fits) === isWanted;
    if (isSo()) return done(true);
    const watch = new MutationObserver(() => { if (isSo()) { watch.disconnect(); done(true); } });
    watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });";

/// What has the focus, if it fits the selector.
const IS_FOCUSED: &str = "return document.activeElement?.matches(arguments[0]) ?? false;";

/// A browser with the page.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) session: Arc<Session>,
    base: String,
    hands: Hands,
    expected: Arc<Mutex<Expected>>,
}

impl Page {
    pub(crate) fn new(session: Session, base: &str, hands: Hands) -> Self {
        Self { session: Arc::new(session), base: base.to_owned(), hands, expected: Arc::default() }
    }

    pub(crate) fn browser(&self) -> &Browser {
        &self.session.browser
    }

    /// Goes to an address of the page, such as `/tickets`.
    pub(crate) async fn open(&self, path: &str) {
        self.browser().goto(&format!("{}/#{path}", self.base)).await.unwrap();
    }

    /// Loads the page anew.
    pub(crate) async fn reload(&self) {
        self.browser().refresh().await.unwrap();
    }

    /// From now on every request takes so much longer, and that many bytes arrive a second.
    pub(crate) async fn slow_down(&self, latency: Duration, bytes: u32) {
        let latency = u64::try_from(latency.as_millis()).unwrap();
        let conditions =
            json!({"offline": false, "latency": latency, "download_throughput": bytes, "upload_throughput": bytes});
        self.session.command("chromium/network_conditions", json!({"network_conditions": conditions})).await;
    }

    /// What a script returns.
    pub(crate) async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.browser().execute(script, arguments).await.unwrap()
    }

    /// Waits until something that fits the selector is to be seen.
    pub(crate) async fn see(&self, selector: &str) {
        self.until(selector, None, true).await;
    }

    /// Waits until something that fits the selector is to be seen and holds this text.
    pub(crate) async fn read(&self, selector: &str, text: &str) {
        self.until(selector, Some(text), true).await;
    }

    /// Waits until nothing that fits the selector is to be seen.
    pub(crate) async fn miss(&self, selector: &str) {
        self.until(selector, None, false).await;
    }

    async fn until(&self, selector: &str, text: Option<&str>, is_wanted: bool) {
        let since = Instant::now();
        loop {
            // A document that is left takes its scripts with it; then the next one is asked.
            let seen = self.browser().execute_async(SEE, vec![json!(selector), json!(text), json!(is_wanted)]).await;
            let Err(error) = seen else { return };
            if since.elapsed() > PATIENCE {
                let shown = self.script("return location.hash + '\\n' + document.body.innerText", vec![]).await;
                panic!("{selector} {text:?} {is_wanted}: {error}\n{}", shown.as_str().unwrap());
            }
        }
    }

    /// The text of the first element that fits the selector.
    pub(crate) async fn text(&self, selector: &str) -> String {
        self.see(selector).await;
        let text = self.script("return document.querySelector(arguments[0]).textContent", vec![json!(selector)]).await;
        text.as_str().unwrap().to_owned()
    }

    /// The number of elements that fit the selector.
    pub(crate) async fn count(&self, selector: &str) -> u64 {
        let number = self.script("return document.querySelectorAll(arguments[0]).length", vec![json!(selector)]).await;
        number.as_u64().unwrap()
    }

    /// The element that fits the selector, once it is to be seen.
    pub(crate) async fn find(&self, selector: &str) -> Element {
        self.see(selector).await;
        self.browser().find(fantoccini::Locator::Css(selector)).await.unwrap()
    }

    /// Whether what has the focus fits the selector.
    pub(crate) async fn is_focused(&self, selector: &str) -> bool {
        self.script(IS_FOCUSED, vec![json!(selector)]).await == json!(true)
    }

    /// Presses a button, follows a link, ticks a box.
    pub(crate) async fn press(&self, selector: &str) {
        self.hands.press(self, selector).await;
    }

    /// Writes into a field, in place of what is there.
    pub(crate) async fn write(&self, name: &str, text: &str) {
        self.hands.write(self, &format!("[name={name}]"), text).await;
    }

    /// Writes into fields and sends their form.
    pub(crate) async fn send(&self, form: &str, entries: &[(&str, &str)]) {
        self.see(&format!("#{form}")).await;
        for (name, text) in entries {
            self.write(name, text).await;
        }
        self.press(&format!("[data-submit={form}]")).await;
    }

    /// Says that an answer with this status will come to a request whose address begins so.
    pub(crate) fn expect(&self, status: u16, path: &str) {
        self.expected.lock().unwrap().refusals.push((status, format!("{}{path}", self.base)));
    }

    /// Says that the service will be away for a while.
    pub(crate) fn expect_no_connection(&self) {
        self.expected.lock().unwrap().is_cut_off = true;
    }

    /// Reads the logs: nothing went wrong but what was to be expected.
    pub(crate) async fn check(&self) {
        let trail = Trail::read(&self.session).await;
        self.expected.lock().unwrap().check(&trail, &self.base);
    }
}
