//! Runs one test in a world of its own.

use std::{io::Write, pin::Pin};

use crate::world::{Kind, World};

/// Where the programs under test are.
#[derive(Clone, Copy, Debug)]
pub struct Programs {
    /// The api.
    pub api: &'static str,
    /// The worker.
    pub worker: &'static str,
}

/// What a test does with its world.
pub type Body<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Tells that a test cannot run without something: a failure in CI and told loudly elsewhere.
///
/// # Panics
/// In CI.
pub fn missing(what: &str) {
    let told = format!("\n*** {what} is not to be had, so this test DID NOT RUN ***\n");
    assert!(std::env::var_os("CI").is_none(), "{told}");
    // Not eprintln!, which the test runner swallows when a test passes.
    let _ = std::io::stderr().write_all(told.as_bytes());
}

/// Runs a test and then checks the promises. Without a database it cannot run: that is a failure in CI and told loudly
/// elsewhere.
///
/// # Panics
/// When the test or a promise fails.
pub fn run(kind: Kind, programs: Programs, body: impl for<'a> FnOnce(&'a mut World) -> Body<'a>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let Some(mut world) = World::open(kind, programs).await else { return missing(&format!("{kind:?}")) };
        body(&mut world).await;
        world.finish().await;
    });
}
