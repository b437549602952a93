//! What axe-core finds on every screen, light and dark, wide and narrow: nothing.
//!
//! It is fetched from npm while the test runs and is no part of the product.

use std::{path::Path, process::Command};

use serde_json::json;

use crate::{
    page::Page,
    stage::{journeys, told_loudly},
    tour::{Guest, looks, tour},
};

const PACKAGE: &str = "axe-core@4.10.3";

const RUN: &str = "const done = arguments[0];
    axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => done(violations.map((one) =>
        `${one.id}: ${one.help}: ` + one.nodes.map(({ html, failureSummary }) => html + failureSummary).join())),
        (error) => done([String(error)]));";

struct Axe {
    source: String,
}

impl Guest for Axe {
    async fn look(&self, page: &Page, name: &str) {
        page.script(&self.source, vec![]).await;
        for look in looks() {
            look.show(page).await;
            let found = page.browser().execute_async(RUN, vec![]).await.unwrap();
            assert_eq!(found, json!([]), "on {name}, {}: {found:#}", look.name());
        }
    }
}

/// The program, fetched into a folder. Nothing where npm is missing or cannot reach its registry.
fn fetch(folder: &Path) -> Option<String> {
    let packed = Command::new("npm").args(["pack", "--silent", PACKAGE]).current_dir(folder).output().ok()?;
    let file = String::from_utf8(packed.stdout).ok()?;
    let unpacked = Command::new("tar").args(["-xzf", file.trim(), "package/axe.min.js"]).current_dir(folder).status();
    unpacked.ok().filter(std::process::ExitStatus::success)?;
    std::fs::read_to_string(folder.join("package/axe.min.js")).ok()
}

journeys! {
    async fn axe_finds_nothing_on_any_screen(stage: &mut Stage) {
        let folder = tempfile::tempdir().unwrap();
        let Some(source) = fetch(folder.path()) else {
            return told_loudly("npm cannot fetch axe-core");
        };
        tour(stage, &Axe { source }).await;
    }
}
