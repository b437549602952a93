//! Requests that a tool makes up from the published document: nothing but declared answers, and no server errors.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use tests::{Client, Setup, both_databases, missing};

/// The tool, on the PATH: `pip install schemathesis`.
const TOOL: &str = "schemathesis";

/// How long it makes up requests for one caller, in seconds: longer in CI.
fn seconds() -> u32 {
    if std::env::var_os("CI").is_some() { 30 } else { 10 }
}

/// What must be true of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

fn is_there() -> bool {
    Command::new(TOOL).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../openapi.json")
}

/// Makes up requests with these headers. Where it keeps what it learns is thrown away.
async fn make_up(client: &Client, headers: &[(&str, String)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut tool = Command::new(TOOL);
    tool.arg("run").arg(document()).args([
        "--url",
        client.base(),
        "--checks",
        CHECKS,
        "--seed",
        "1",
        "--continue-on-failure",
    ]);
    tool.args(["--max-time", &seconds().to_string(), "--request-timeout", "40", "--generation-database", "none"]);
    for (name, value) in headers {
        tool.arg("--header").arg(format!("{name}: {value}"));
    }
    tool.current_dir(folder.path()).env("NO_COLOR", "1");
    tokio::task::spawn_blocking(move || tool.output().unwrap()).await.unwrap()
}

fn judge(output: &Output) {
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("generated"), "it did something: {told}");
}

both_databases! {
    async fn made_up_requests_get_declared_answers_from_a_gateway(world: &mut World) {
        if !is_there() {
            return missing(TOOL);
        }
        let client = world.start(&Setup::default());
        client.event(50, serde_json::json!({})).await;
        let caller = [("X-User", "admin@example.org".to_owned()), ("X-Role", "admin".to_owned())];
        judge(&make_up(&client, &caller).await);
    }

    async fn made_up_requests_get_declared_answers_with_tokens(world: &mut World) {
        if !is_there() {
            return missing(TOOL);
        }
        let client = world.start(&Setup { api_flags: &["--auth=bearer"], ..Setup::default() });
        world.admin("root@example.org").await;
        let token = client.log_in("root@example.org", tests::PASSWORD).await.text("access_token");
        judge(&make_up(&client, &[("Authorization", format!("Bearer {token}"))]).await);
    }
}
