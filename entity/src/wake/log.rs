//! Hearing from the system that somebody writes to the log of an SQLite file. Only Linux tells.

#[cfg(target_os = "linux")]
pub(super) use linux::Log;
#[cfg(not(target_os = "linux"))]
pub(super) use nowhere::Log;

#[cfg(target_os = "linux")]
mod linux {
    use std::{fmt, io, path::PathBuf};

    use futures_util::StreamExt;
    use inotify::{EventMask, EventStream, Inotify, WatchMask};

    /// Room for some events at a time. None has a name, because a file is watched and not a folder.
    const EVENT_BYTES: usize = 256;

    /// The log of a database.
    pub(crate) struct Log {
        file: PathBuf,
        events: EventStream<[u8; EVENT_BYTES]>,
        is_watched: bool,
    }

    impl Log {
        /// The log of the database in `file`. It is there for as long as a connection is open.
        pub(crate) fn of(file: &str) -> io::Result<Self> {
            let events = Inotify::init()?.into_event_stream([0; EVENT_BYTES])?;
            Ok(Self { file: format!("{file}-wal").into(), events, is_watched: false })
        }

        /// From now on the next write is heard, and no other: a busy log is written to dozens of times in a
        /// millisecond, and whoever writes would pay for each time that somebody might hear.
        pub(crate) fn watch(&mut self) -> io::Result<()> {
            if !self.is_watched {
                self.events.watches().add(&self.file, WatchMask::MODIFY | WatchMask::ONESHOT)?;
                self.is_watched = true;
            }
            Ok(())
        }

        /// Returns when somebody has written since the log was watched, or it is gone. May be dropped at any time.
        pub(crate) async fn written(&mut self) {
            while let Some(Ok(event)) = self.events.next().await {
                // Not at the write: right after it the system ends the watch, and one that is renewed before that ends as well.
                if event.mask.intersects(EventMask::IGNORED | EventMask::Q_OVERFLOW) {
                    self.is_watched = false;
                    return;
                }
            }
            std::future::pending::<()>().await;
        }
    }

    impl fmt::Debug for Log {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Log")
        }
    }

    #[cfg(test)]
    mod tests {
        use std::fs;

        use futures_util::FutureExt;

        use super::*;

        #[tokio::test]
        async fn one_write_is_heard_each_time_the_log_is_watched() {
            let directory = tempfile::tempdir().unwrap();
            let (file, wal) = (directory.path().join("t.db"), directory.path().join("t.db-wal"));
            let write = || fs::write(&wal, "page").unwrap();
            let mut log = Log::of(file.to_str().unwrap()).unwrap();
            assert!(log.watch().is_err(), "there is none");
            write();
            for _ in 0..3 {
                log.watch().unwrap();
                write();
                log.written().await;
                write();
                assert_eq!(log.written().now_or_never(), None, "nobody watches");
            }
            log.watch().unwrap();
            fs::remove_file(&wal).unwrap();
            log.written().await;
            assert!(log.watch().is_err(), "it is gone");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use std::io;

    /// Never there.
    #[derive(Debug)]
    pub(crate) enum Log {}

    impl Log {
        pub(crate) fn of(_: &str) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn watch(&mut self) -> io::Result<()> {
            match *self {}
        }

        pub(crate) async fn written(&mut self) {
            match *self {}
        }
    }
}
