//! A chromedriver, and the browsers that it runs.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::Mutex,
};

use fantoccini::{Client as Browser, ClientBuilder, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tests::Process;

/// What a browser is asked for: nothing on the screen, everything in the logs. The language decides in which order a
/// date is typed.
fn wanted() -> Capabilities {
    let args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en-GB"];
    let wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": {"args": args},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        "unhandledPromptBehavior": "ignore",
        "timeouts": {"script": 20_000},
    });
    wanted.as_object().unwrap().clone()
}

/// Whether both programs are there.
pub(crate) fn is_there() -> bool {
    let runs = |program: &str| std::process::Command::new(program).arg("--version").output().is_ok();
    runs("chromedriver") && runs("chromium")
}

/// A running chromedriver. It and its browsers end when this is dropped.
pub(crate) struct Driver {
    process: Process,
    address: String,
    sessions: Mutex<Vec<String>>,
}

/// A browser, and where its driver takes the commands that are Chromium's own.
pub(crate) struct Session {
    pub(crate) browser: Browser,
    own: String,
    http: reqwest::Client,
}

impl Driver {
    pub(crate) fn start(folder: &Path) -> Self {
        const BEFORE: &str = "was started successfully on port ";
        let process = Process::start("chromedriver", &["--port=0".to_owned()], &folder.join("chromedriver"));
        let printed = process.printed(BEFORE);
        let port = printed.split_once(BEFORE).unwrap().1.split('.').next().unwrap();
        Self { address: format!("127.0.0.1:{port}"), process, sessions: Mutex::default() }
    }

    /// Another browser, with nothing remembered.
    pub(crate) async fn browser(&self) -> Session {
        let url = format!("http://{}", self.address);
        let connected = ClientBuilder::new(HttpConnector::new()).capabilities(wanted()).connect(&url).await;
        let browser = connected.expect("a browser starts");
        let session = browser.session_id().await.unwrap().expect("a session");
        let own = format!("{url}/session/{session}");
        self.sessions.lock().unwrap().push(session);
        Session { browser, own, http: reqwest::Client::new() }
    }
}

impl Session {
    /// A command of Chromium's own; returns its value.
    pub(crate) async fn command(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}/{path}", self.own)).json(&body).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        assert!(answer["value"].get("error").is_none(), "{path}: {answer}");
        answer["value"].take()
    }

    /// A command of its debugging protocol.
    pub(crate) async fn debug(&self, command: &str, params: Value) -> Value {
        self.command("goog/cdp/execute", json!({"cmd": command, "params": params})).await
    }
}

impl Drop for Driver {
    /// A driver that is killed leaves its browsers behind, so they are closed first: also when a test panicked, where
    /// nothing can be awaited.
    fn drop(&mut self) {
        for session in self.sessions.lock().unwrap().drain(..) {
            let Ok(mut stream) = TcpStream::connect(&self.address) else { continue };
            let asked =
                write!(stream, "DELETE /session/{session} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            // The answer comes when the browser is gone; the connection stays.
            let _ = asked.and_then(|()| stream.read(&mut [0; 1024]));
        }
        self.process.kill();
    }
}
