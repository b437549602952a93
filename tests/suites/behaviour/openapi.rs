//! The published document.

use serde_json::Value;
use tests::{Setup, both_databases};

const COMMITTED: &str = include_str!("../../../openapi.json");

#[test]
fn the_committed_document_is_the_current_one() {
    assert!(api::openapi_document() == COMMITTED, "run: cargo run -- openapi > openapi.json");
}

#[test]
fn every_operation_is_fit_for_generators() {
    let document: Value = serde_json::from_str(COMMITTED).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().expect(&place)), "{place}: the id is taken");
            assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{place}");
            let responses = &operation["responses"];
            assert!(responses["4XX"].is_object() && responses["5XX"].is_object(), "{place}");
            assert!(responses["default"].is_null(), "{place}");
            assert!(operation["security"].is_array(), "{place}");
        }
    }
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    assert!(!COMMITTED.contains(": null"), "absent rather than null");
    assert!(!COMMITTED.contains("allOf"), "generators ignore what stands beside a reference");
}

both_databases! {
    async fn the_document_and_its_page_come_from_the_binary(world: &mut World) {
        let client = world.start(&Setup::default());
        let served = client.get("/openapi.json").await;
        assert!(served.body == serde_json::from_str::<Value>(COMMITTED).unwrap());
        let page = reqwest::get(format!("{}/docs", client.base())).await.unwrap().text().await.unwrap();
        assert!(page.contains("\"additionalProperties\": false") && page.contains("<script"));
        for outside in ["src=\"http", "href=\"http", "src='http", "@import"] {
            assert!(!page.contains(outside), "{outside} loads something from outside");
        }
    }
}
