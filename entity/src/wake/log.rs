//! Hearing from the system that somebody writes to the log of an SQLite file. Only Linux tells.

#[cfg(target_os = "linux")]
pub(super) use linux::Log;
#[cfg(not(target_os = "linux"))]
pub(super) use nowhere::Log;

#[cfg(target_os = "linux")]
mod linux {
    use std::{fmt, io};

    use futures_util::StreamExt;
    use inotify::{EventStream, Inotify, WatchMask};

    /// Room for some events at a time. None has a name, because a file is watched and not a folder.
    const EVENT_BYTES: usize = 256;

    /// The log of a database, watched.
    pub(crate) struct Log(EventStream<[u8; EVENT_BYTES]>);

    impl Log {
        /// Watches the log of the database in `file`. It is there for as long as a connection is open.
        pub(crate) fn watch(file: &str) -> io::Result<Self> {
            let inotify = Inotify::init()?;
            inotify.watches().add(format!("{file}-wal"), WatchMask::MODIFY)?;
            Ok(Self(inotify.into_event_stream([0; EVENT_BYTES])?))
        }

        /// Returns when somebody has written since the last call. While nobody calls this, events that are alike become
        /// one.
        pub(crate) async fn written(&mut self) {
            if self.0.next().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
    }

    impl fmt::Debug for Log {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Log")
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use std::io;

    /// Never there.
    #[derive(Debug)]
    pub(crate) struct Log;

    impl Log {
        pub(crate) fn watch(_: &str) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) async fn written(&mut self) {
            std::future::pending().await
        }
    }
}
