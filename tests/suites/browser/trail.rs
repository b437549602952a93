//! What a browser's logs say that the page did.

use serde_json::{Value, json};

use crate::driver::Session;

/// What a browser did since its logs were read last.
#[derive(Default)]
pub(crate) struct Trail {
    /// The addresses of all requests.
    pub(crate) requests: Vec<String>,
    /// Answers of 400 and above: the status and the address.
    pub(crate) refusals: Vec<(u16, String)>,
    /// Requests that nothing came back for, unless the page itself gave them up: why, and the address.
    pub(crate) failures: Vec<String>,
    /// What the console says is wrong, but for what is among the above.
    pub(crate) errors: Vec<String>,
}

impl Trail {
    /// Reads the logs of a browser, which forgets them.
    pub(crate) async fn read(session: &Session) -> Self {
        let mut trail = Self::default();
        let mut addresses = std::collections::HashMap::new();
        for entry in log(session, "performance").await {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let (method, params) = (message["message"]["method"].as_str().unwrap(), &message["message"]["params"]);
            let id = params["requestId"].as_str().unwrap_or_default().to_owned();
            match method {
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().unwrap().to_owned();
                    addresses.insert(id, url.clone());
                    trail.requests.push(url);
                }
                "Network.responseReceived" => {
                    let status = params["response"]["status"].as_u64().unwrap();
                    let url = params["response"]["url"].as_str().unwrap().to_owned();
                    if status >= 400 {
                        trail.refusals.push((u16::try_from(status).unwrap(), url));
                    }
                }
                "Network.loadingFailed" if params["canceled"] != json!(true) => {
                    trail.failures.push(format!("{} {:?}", params["errorText"], addresses.get(&id)));
                }
                _ => {}
            }
        }
        let console = log(session, "browser").await;
        let told = console.iter().filter(|entry| entry["level"] == "SEVERE" && entry["source"] != "network");
        trail.errors = told.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect();
        trail
    }
}

async fn log(session: &Session, kind: &str) -> Vec<Value> {
    session.command("se/log", json!({"type": kind})).await.as_array().unwrap().clone()
}
