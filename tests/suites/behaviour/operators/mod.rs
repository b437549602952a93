//! What administrators see of the machinery, and what they can do about it.

mod jobs;
mod machinery;
mod record;

use serde_json::Value;
use tests::Client;

fn admin(client: &Client) -> Client {
    client.as_role("root@example.org", "admin")
}

/// The items of a list, page by page, as `Link` leads through it. Every page is as long as `limit` says, or the last.
async fn walk(client: &Client, path: &str) -> Vec<Value> {
    let (mut items, mut next) = (vec![], Some(path.to_owned()));
    while let Some(path) = next {
        let page = client.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        items.extend(page.body["data"].as_array().unwrap().clone());
        let link = page.header("link");
        next = link.strip_prefix('<').and_then(|link| link.split_once('>')).map(|(path, _)| path.to_owned());
        let cursor = page.text("next_cursor");
        assert_eq!(next.is_some(), !cursor.is_empty(), "{page:?}");
        assert!(next.as_ref().is_none_or(|next| next.ends_with(&format!("cursor={cursor}"))), "{page:?}");
    }
    items
}

/// Sessions on PostgreSQL that wait for a lock. (The server's own upkeep may wait for one, too, and is nobody's business here.)
pub(crate) const WAITING: &str = "SELECT count(*) AS n FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'";
