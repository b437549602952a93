//! What came back, and how to compare it with what should have.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null if it is empty or no JSON.
    pub body: Value,
}

impl Answer {
    /// A text field of the body; empty if there is none.
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }

    /// A header; empty if there is none.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// The code of a problem.
    pub fn code(&self) -> String {
        self.text("code")
    }
}

/// What an answer says: its status, and in a word what something is now, if it is 200; otherwise the code, which only problems
/// and tickets for their owners have.
pub fn said(answer: &Answer) -> (u16, String) {
    (answer.status, if answer.status == 200 { answer.text("status") } else { answer.code() })
}

/// What an answer should say.
pub fn told(status: u16, word: &str) -> (u16, String) {
    (status, word.to_owned())
}

/// How often each of these occurs.
pub fn count<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    items.into_iter().fold(BTreeMap::new(), |mut counts, item| {
        *counts.entry(item).or_default() += 1;
        counts
    })
}
