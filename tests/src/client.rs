//! An HTTP client that is somebody.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Answer;

/// A client of one api process, calling as one person.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

/// The password of everybody in the tests.
pub const PASSWORD: &str = "correct horse battery";

impl Client {
    pub(crate) fn new(http: reqwest::Client, base: String) -> Self {
        Self { http, base, headers: HeaderMap::new() }
    }

    /// The same, calling as somebody in gateway mode.
    pub fn as_role(&self, email: &str, role: &str) -> Self {
        self.with("x-user", email).with("x-role", role)
    }

    /// The same, calling as an attendee.
    pub fn attendee(&self, email: &str) -> Self {
        self.as_role(email, "attendee")
    }

    /// The same, calling as the organizer of the tests' events.
    pub fn organizer(&self) -> Self {
        self.as_role("organizer@example.org", "organizer")
    }

    /// The same, calling with an access token.
    pub fn bearer(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Logs in.
    ///
    /// # Panics
    /// When nothing comes back.
    pub async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/auth/login", json!({"email": email, "password": password})).await
    }

    /// The same, calling as somebody who has just logged in.
    ///
    /// # Panics
    /// When the login fails.
    pub async fn logged_in(&self, email: &str, password: &str) -> Self {
        let answer = self.log_in(email, password).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.bearer(&answer.text("access_token"))
    }

    /// The same, calling as somebody who has just signed up and logged in.
    ///
    /// # Panics
    /// When either fails.
    pub async fn sign_up(&self, email: &str) -> Self {
        let answer = self.post("/auth/register", json!({"email": email, "name": "P", "password": PASSWORD})).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        self.logged_in(email, PASSWORD).await
    }

    /// The same, sending a header with every request.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        client.headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        client
    }

    /// The same, sending with every request that it is willing to wait for so many seconds.
    pub fn waiting(&self, seconds: u32) -> Self {
        self.with("prefer", &format!("wait={seconds}"))
    }

    /// The same, from another address of this machine, on new connections.
    ///
    /// # Panics
    /// When the client cannot be made.
    pub fn from_address(&self, address: &str) -> Self {
        let address: std::net::IpAddr = address.parse().expect("an address");
        let http = reqwest::Client::builder().local_address(address).pool_max_idle_per_host(0).build();
        Self { http: http.expect("a client"), ..self.clone() }
    }

    /// Where the api is, such as `http://127.0.0.1:8080`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request. An error is the connection's: nothing came back.
    ///
    /// # Errors
    /// What the HTTP client says.
    pub async fn try_send(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?;
        Ok(Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.try_send(method, path, body).await.expect("an answer")
    }

    /// GET.
    ///
    /// # Panics
    /// When nothing comes back.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// GET, up to the end of the answer's head.
    ///
    /// # Panics
    /// When nothing comes back.
    pub async fn open(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.base)).headers(self.headers.clone());
        request.send().await.expect("an answer")
    }

    /// GET of something that is no JSON: the answer without its body, and the body.
    ///
    /// # Panics
    /// When it does not come back whole, as text.
    pub async fn text(&self, path: &str) -> (Answer, String) {
        let response = self.open(path).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        (Answer { status, headers, body: Value::Null }, text)
    }

    /// POST with a JSON body.
    ///
    /// # Panics
    /// When nothing comes back.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// POST without a body.
    ///
    /// # Panics
    /// When nothing comes back.
    pub async fn post_empty(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    /// Any method, with or without a text as its body and its content type.
    ///
    /// # Panics
    /// When nothing comes back.
    pub async fn raw(&self, method: Method, path: &str, body: Option<(&str, &str)>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).headers(self.headers.clone());
        if let Some((content_type, text)) = body {
            request = request.header("content-type", content_type).body(text.to_owned());
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body");
        Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    /// Makes an event with so many seats, with these fields besides. Returns its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn event(&self, capacity: u32, more: Value) -> String {
        let mut body = json!({"name": "A sale", "starts_at": "2100-01-01T00:00:00Z", "capacity": capacity,
            "status": "published"});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let answer = self.organizer().post("/events", body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("id")
    }

    /// Asks for seats with this key.
    ///
    /// # Panics
    /// When nothing comes back.
    pub async fn register(&self, event: &str, key: &str) -> Answer {
        self.register_with(event, key, json!({})).await
    }

    /// Asks for seats with this key and body.
    ///
    /// # Panics
    /// When nothing comes back.
    pub async fn register_with(&self, event: &str, key: &str, body: Value) -> Answer {
        self.with("idempotency-key", key).post(&format!("/events/{event}/register"), body).await
    }

    /// Asks for seats with a key of its own and waits for a ticket. Returns its id.
    ///
    /// # Panics
    /// When there is none.
    pub async fn ticket(&self, event: &str) -> String {
        let answer = self.waiting(20).register(event, &new_key()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text("ticket_id")
    }

    /// Reads something, waiting for changes of it, until it is as wanted.
    ///
    /// # Panics
    /// When that does not happen within a minute.
    pub async fn until(&self, path: &str, is_there: impl Fn(&Answer) -> bool) -> Answer {
        let since = Instant::now();
        loop {
            let answer = self.waiting(1).get(path).await;
            if is_there(&answer) {
                return answer;
            }
            assert!(since.elapsed() < Duration::from_mins(1), "{path} is still {answer:?}");
        }
    }

    /// Polls a registration until it is decided.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn decision(&self, registration: &str) -> Answer {
        loop {
            let answer = self.waiting(10).get(&format!("/registrations/{registration}")).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            if answer.text("status") != "pending" {
                return answer;
            }
        }
    }

    /// The free seats of an event.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn available(&self, event: &str) -> i64 {
        let answer = self.get(&format!("/events/{event}")).await;
        answer.body["available_spots"].as_i64().expect("available_spots")
    }
}

/// A key that nobody used.
pub fn new_key() -> String {
    Uuid::now_v7().to_string()
}

/// Runs all of these at once and returns what they returned, in order.
///
/// # Panics
/// When one of them panics.
pub async fn every<T: Send + 'static>(
    work: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = work.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.expect("the task does not panic"));
    }
    results
}
