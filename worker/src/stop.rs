//! How a process is asked to end.

use entity::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that SIGTERM and SIGINT cancel.
///
/// # Errors
/// When the system lets nobody listen for signals.
pub fn stop_on_signal() -> Result<CancellationToken, Error> {
    let listen = |kind| signal(kind).map_err(|error| Error::Unusable(format!("cannot listen for signals: {error}")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let cancel = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        cancel.cancel();
    });
    Ok(stop)
}
