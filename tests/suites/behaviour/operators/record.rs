//! The audit trail, read.

use serde_json::{Value, json};
use tests::{Kind, Setup, both_databases, said, told};

use super::{admin, walk};

both_databases! {
    async fn the_record_is_read_by_what_is_looked_for(world: &mut World) {
        let client = world.start(&Setup::default());
        let (admin, event) = (admin(&client), client.event(5, json!({})).await);
        let (ada, bob) = (client.attendee("ada@example.org"), client.attendee("bob@example.org"));
        let (ticket, other) = (ada.ticket(&event).await, bob.ticket(&event).await);
        let confirmed = ada.post_empty(&format!("/tickets/{ticket}/confirm")).await;
        assert_eq!(client.organizer().post_empty(&format!("/tickets/{ticket}/cancel")).await.status, 200);
        let steps = walk(&admin, &format!("/admin/audit?entity_id={ticket}&limit=2")).await;
        let names = ["action", "actor_kind", "from", "to"];
        let step = |entry: &Value| names.map(|name| entry[name].as_str().unwrap_or_default().to_owned());
        let expected = [
            ["cancel", "gateway", "confirmed", "cancelled"],
            ["confirm", "gateway", "reserved", "confirmed"],
            ["issue", "worker", "", "reserved"],
        ];
        assert_eq!(steps.iter().map(step).collect::<Vec<_>>(), expected.map(|step| step.map(str::to_owned)));
        assert!(steps.iter().all(|entry| entry["entity"] == "ticket" && entry["event_id"] == *event));
        assert_eq!(steps[1]["actor"], "ada@example.org");
        assert_eq!(steps[1]["request_id"], confirmed.header("x-request-id"));

        let count = async |query: String| walk(&admin, &format!("/admin/audit?{query}")).await.len();
        assert_eq!(count("actor=ada%40example.org".to_owned()).await, 1);
        assert_eq!(count(format!("action=issue&event_id={event}&entity=ticket&limit=1")).await, 2);
        assert_eq!(count(format!("entity_id={other}&action=cancel")).await, 0);
        let at = steps[1]["at"].as_str().unwrap();
        assert_eq!(count(format!("entity_id={ticket}&until={at}")).await, 1, "until is not included");
        assert_eq!(count(format!("entity_id={ticket}&since={at}")).await, 2, "since is");
        let long = format!("actor={}", "a".repeat(201));
        for wrong in ["entity=seat", "entity_id=5", "event_id=", "since=yesterday", "actor=", "actor=%00",
            "action=%00", &long, "cursor=x", "cursor=0", "cursor=-9223372036854775808", "limit=101"] {
            assert_eq!(said(&admin.get(&format!("/admin/audit?{wrong}")).await), told(422, "invalid_request"), "{wrong}");
        }
    }

    async fn a_rare_entry_is_found_behind_many_others(world: &mut World) {
        let client = world.start(&Setup::default());
        let (admin, event) = (admin(&client), client.event(5, json!({})).await);
        client.attendee("ada@example.org").ticket(&event).await;
        // As if hundreds of thousands had been written since, the last one about an event that is gone.
        let gone = world.id("00000000-0000-7000-8000-000000000000");
        let columns = "at, actor_kind, actor, action, entity, entity_id, detail";
        let entry = format!("1, 'operator', 'x', 'x', 'event', {gone}, '{{\"why\": {{\"seats\": 2}}}}'");
        world.execute(&match world.kind {
            Kind::Sqlite => format!("INSERT INTO audit (seq, {columns}) VALUES (250000, {entry})"),
            Kind::Postgres => format!("INSERT INTO audit (seq, {columns}) OVERRIDING SYSTEM VALUE VALUES (250000, {entry})"),
        })
        .await;
        let newest = admin.get("/admin/audit?limit=1").await.body["data"][0].clone();
        assert_eq!((&newest["actor_kind"], &newest["detail"]), (&json!("operator"), &json!({"why": {"seats": 2}})));
        let first = admin.get("/admin/audit?action=issue").await;
        assert_eq!((first.status, &first.body["data"]), (200, &json!([])), "a look has an end");
        let found = walk(&admin, "/admin/audit?action=issue").await;
        assert_eq!((found.len(), &found[0]["entity"]), (1, &json!("ticket")));
        assert_eq!(walk(&admin, "/admin/audit?action=nothing").await.len(), 0);
    }
}
