//! The plans of the connections that find rows by their keys: made once, and kept while tables grow.

use entity::{Clock, Database, Durability, Options};
use sea_orm::{ConnectionTrait, Statement};
use tests::{Kind, World, plan};

/// Ids, as many as make reading all of a small table look cheap.
const IDS: usize = 64;

pub(super) async fn judge(world: &World) {
    let options =
        Options { url: world.url().to_owned(), durability: Durability::Full, create: false, clock: Clock::new(|| 0) };
    let database = Database::open(options).await.unwrap();
    let connection = database.by_key();
    let statement = |text: String| Statement::from_string(connection.get_database_backend(), text);
    let id = match world.kind {
        Kind::Sqlite => "x'00'",
        Kind::Postgres => "'00000000-0000-0000-0000-000000000000'::uuid",
    };
    let text = format!("SELECT seq FROM job WHERE id IN ({})", [id; IDS].join(", "));
    let steps: Vec<String> = plan(connection, &statement(text)).await.into_iter().collect();
    assert_eq!(steps, ["job_id_key"]);
    if world.kind == Kind::Postgres {
        let row = connection.query_one_raw(statement("SHOW plan_cache_mode".to_owned())).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "force_generic_plan");
    }
    database.close().await.unwrap();
}
