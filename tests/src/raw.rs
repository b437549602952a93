//! A client that sends bytes as they are, whatever a proper one would send.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::Client;

/// What came back until the server closed the connection.
#[derive(Debug)]
pub struct Raw {
    /// What it sent, as text.
    pub text: String,
    /// How long it took to close, from the moment the connection was there.
    pub took: Duration,
}

/// A connection that is open for longer than this is not going to be closed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Bytes of an answer that are read at most.
const ANSWER_MAX: usize = 1 << 20;

impl Raw {
    /// The status code of the first answer; 0 if there was none.
    pub fn status(&self) -> u16 {
        self.text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// How many answers there were.
    pub fn answers(&self) -> usize {
        self.text.matches("HTTP/1.").count()
    }
}

impl Client {
    /// Connects to the api past HTTP.
    ///
    /// # Errors
    /// What the system says.
    pub async fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(self.base().trim_start_matches("http://")).await
    }

    /// Sends these bytes, then `drop` again and again with a pause before each, and reads until the server closes.
    ///
    /// # Panics
    /// When there is no connection, or it is still open after a minute.
    pub async fn converse(&self, bytes: &[u8], drop: &[u8], pause: Duration) -> Raw {
        let socket = self.connect().await.expect("a connection");
        let since = Instant::now();
        let (mut from, mut to) = socket.into_split();
        let write = async {
            // The server may close before it has heard everything: then there is nobody to tell the rest.
            let mut is_heard = to.write_all(bytes).await.is_ok();
            while is_heard && !drop.is_empty() {
                sleep(pause).await;
                is_heard = to.write_all(drop).await.is_ok();
            }
            std::future::pending::<()>().await;
        };
        let mut answer = vec![];
        let read = async {
            // A connection that is reset is closed, too.
            let _ = (&mut from).take(ANSWER_MAX as u64).read_to_end(&mut answer).await;
        };
        let closed = timeout(PATIENCE, async {
            tokio::select! { () = write => {}, () = read => {} }
        })
        .await;
        assert!(closed.is_ok(), "the connection stays open");
        Raw { text: String::from_utf8_lossy(&answer).into_owned(), took: since.elapsed() }
    }

    /// Sends these bytes and reads until the server closes.
    ///
    /// # Panics
    /// When there is no connection, or it is still open after a minute.
    pub async fn send_bytes(&self, bytes: &[u8]) -> Raw {
        self.converse(bytes, b"", Duration::ZERO).await
    }
}
