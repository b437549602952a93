//! Pictures of every screen, for people to look at:
//!
//!     cargo test -p tests --test browser -- --ignored pictures

use std::path::PathBuf;

use serde_json::json;

use crate::{
    page::Page,
    tour::{Guest, paint, tour},
};

/// A telephone and a desk: the width and the height of what is seen at once.
const SIZES: [(&str, u32, u32); 2] = [("phone", 390, 780), ("desktop", 1200, 800)];

struct Photographer {
    folder: PathBuf,
}

impl Guest for Photographer {
    async fn look(&self, page: &Page, name: &str) {
        for (size, width, height) in SIZES {
            let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"});
            page.session.debug("Emulation.setDeviceMetricsOverride", metrics).await;
            for scheme in ["light", "dark"] {
                paint(page, scheme).await;
                let picture = page.browser().screenshot().await.unwrap();
                std::fs::write(self.folder.join(format!("{name}-{size}-{scheme}.png")), picture).unwrap();
            }
        }
        page.session.debug("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }
}

#[test]
#[ignore = "it makes files, for people to look at"]
fn pictures() {
    crate::stage::run(crate::hands::Hands::Mouse, |stage| {
        Box::pin(async move {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("pictures");
            std::fs::create_dir_all(&folder).unwrap();
            tour(stage, &Photographer { folder }).await;
        })
    });
}
