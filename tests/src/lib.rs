//! The harness: a [`World`] is a fresh database with the real programs running on it, and checks the promises when a
//! test is over.
//!
//! A test written once with [`both_databases!`] runs on SQLite and on PostgreSQL.

#![expect(clippy::expect_used, reason = "what goes wrong in the harness fails the test it serves")]

mod answer;
mod client;
mod disk;
mod fuse;
mod inside;
mod plan;
mod postgres;
mod process;
mod raw;
mod run;
mod stepwise;
mod time;
mod world;

pub use answer::{Answer, count, said, told};
pub use client::{Client, PASSWORD, every, new_key};
pub use fuse::Fuse;
pub use inside::{Inside, InsideWorker, Note};
pub use plan::plan;
pub use process::{Process, Signal};
pub use raw::Raw;
pub use run::{Body, Programs, missing, run};
pub use stepwise::{Ask, Stepwise};
pub use time::Time;
pub use world::{Kind, SECRET, Setup, World};

/// Declares tests that run on both databases: each body becomes `sqlite::name` and `postgres::name`.
#[macro_export]
macro_rules! both_databases {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: &mut World) $body:block)*) => {
        $($(#[$doc])* async fn $name($world: &mut $crate::World) $body)*

        mod sqlite {
            $(#[test] fn $name() {
                $crate::run($crate::Kind::Sqlite, $crate::programs!(), |world| Box::pin(super::$name(world)));
            })*
        }

        mod postgres {
            $(#[test] fn $name() {
                $crate::run($crate::Kind::Postgres, $crate::programs!(), |world| Box::pin(super::$name(world)));
            })*
        }
    };
}

/// The programs that cargo built for this test run.
#[macro_export]
macro_rules! programs {
    () => {
        $crate::Programs { api: env!("CARGO_BIN_EXE_api-under-test"), worker: env!("CARGO_BIN_EXE_worker-under-test") }
    };
}
