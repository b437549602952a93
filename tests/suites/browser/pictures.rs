//! Pictures of every screen, for people to look at:
//!
//!     cargo test -p tests --test browser -- --ignored pictures

use std::path::PathBuf;

use crate::{
    page::Page,
    tour::{Guest, looks, tour},
};

struct Photographer {
    folder: PathBuf,
}

impl Guest for Photographer {
    async fn look(&self, page: &Page, name: &str) {
        for look in looks() {
            look.show(page).await;
            let picture = page.browser().screenshot().await.unwrap();
            std::fs::write(self.folder.join(format!("{name}-{}.png", look.name())), picture).unwrap();
        }
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
