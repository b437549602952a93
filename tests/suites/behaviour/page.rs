//! The web page: what is served, for how long browsers may keep it, and what never stands in it.

use std::{collections::BTreeMap, fs, path::Path};

use reqwest::Method;
use tests::{Answer, Client, Setup, both_databases};

/// All files together, in bytes.
const SIZE_MAX: usize = 120_000;

/// The one address that is none: it names the language of pictures.
const SVG: &str = "http://www.w3.org/2000/svg";

/// What would make elements, or programs, of text; and what the policy forbids.
const FORBIDDEN: &[&str] = &[
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "createContextualFragment",
    "setHTML",
    "srcdoc",
    "text/html\"",
    "eval(",
    "new Function",
    "javascript:",
    "style=",
    "<style",
    "\"style\"",
    "cssText",
    "http://",
    "https://",
    "\"//",
];

/// The files of the page as they lie in the repository, by name.
fn files() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/page");
    let folders = [root.clone(), root.join("parts"), root.join("screens")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let named = entries.filter(|path| path.is_file()).map(|path| {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    named.collect()
}

/// What stands in `text` between each `before` and the quotation mark after it.
fn quoted<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    text.split(before).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// The folder of the files of the page, such as `/page/0123456789abcdef`.
async fn folder(client: &Client) -> String {
    let (_, index) = client.text("/").await;
    let file = quoted(&index, "src=\"")[0].to_owned();
    file.strip_suffix("/page.js").unwrap().to_owned()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "html" => "text/html; charset=utf-8",
        other => panic!("{other}"),
    }
}

fn assert_not_found(answer: &Answer) {
    assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[test]
fn the_page_is_small() {
    let size: usize = files().values().map(String::len).sum();
    assert!(size < SIZE_MAX, "{size} bytes");
}

#[test]
fn text_never_becomes_markup_and_nothing_comes_from_elsewhere() {
    for (name, text) in files() {
        let text = text.replace(SVG, "");
        for forbidden in FORBIDDEN {
            assert!(!text.contains(forbidden), "{forbidden} in {name}");
        }
    }
    let index = &files()["index.html"];
    for (n, _) in index.match_indices("<script") {
        let (tag, inside) = index[n..].split_once('>').unwrap();
        assert!(tag.contains("src=\"{folder}/") && inside.starts_with("</script>"), "{tag}");
    }
    let handlers = index.split_whitespace().filter(|word| word.starts_with("on") && word.contains('='));
    assert_eq!(handlers.count(), 0, "a handler in the document");
}

#[test]
fn every_import_and_every_screen_is_there() {
    let files = files();
    for (name, text) in files.iter().filter(|(name, _)| media_type(name).starts_with("text/javascript")) {
        let own = name.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        let beside = quoted(text, "\"./").into_iter().map(|rest| format!("{own}{rest}"));
        let above = quoted(text, "\"../").into_iter().map(ToOwned::to_owned);
        for wanted in beside.chain(above) {
            assert!(files.contains_key(&wanted), "{name} wants {wanted}");
        }
    }
    let table = files["router.js"].split("const ROUTES = [").nth(1).unwrap().split("];").next().unwrap();
    let screens = table.lines().filter_map(|line| quoted(line, "\", \"").first().copied());
    let screens: Vec<_> = screens.map(|screen| format!("screens/{screen}.js")).collect();
    assert!(screens.len() > 5 && screens.contains(&"screens/events.js".to_owned()));
    for screen in screens {
        assert!(files.contains_key(&screen), "{screen}");
    }
}

both_databases! {
    async fn the_page_comes_with_its_policy(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let (page, index) = client.text("/").await;
        assert_eq!((page.status, page.header("content-type").as_str()), (200, "text/html; charset=utf-8"));
        let policy = page.header("content-security-policy");
        assert_eq!(policy, "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert!(index.contains("data-auth=\"gateway\""));
        let mine = ["href=\"", "src=\""].map(|before| quoted(&index, before)).concat();
        let mut named: Vec<_> = mine.into_iter().filter(|name| name.starts_with("/page/")).collect();
        named.sort_unstable();
        let folder = folder(&client).await;
        assert_eq!(named, ["icon.svg", "page.js", "style.css"].map(|name| format!("{folder}/{name}")));
        for name in named {
            let answer = client.get(name).await;
            assert_eq!((answer.status, answer.header("content-type").as_str()), (200, media_type(name)), "{name}");
        }
        assert_eq!(client.raw(Method::HEAD, "/", None).await.status, 200);
        let posted = client.post_empty("/").await;
        assert_eq!((posted.status, posted.header("allow").as_str()), (405, "GET"));
    }

    async fn browsers_keep_the_files_and_ask_for_the_page(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, api_flags: &["--auth=bearer"], ..Setup::default() });
        let (page, index) = client.text("/").await;
        assert!(index.contains("data-auth=\"bearer\""));
        assert_eq!(page.header("cache-control"), "no-cache");
        let (same, nothing) = client.with("if-none-match", &page.header("etag")).text("/").await;
        assert_eq!((same.status, nothing.as_str(), same.header("etag")), (304, "", page.header("etag")));
        assert_eq!(client.with("if-none-match", "\"another\"").get("/").await.status, 200);
        let (folder, files) = (folder(&client).await, files());
        let (script, style, icon) = ("page.js", "style.css", "icon.svg");
        for name in [script, style, icon] {
            let (file, served) = client.text(&format!("{folder}/{name}")).await;
            assert_eq!((file.status, file.header("content-type").as_str()), (200, media_type(name)), "{name}");
            assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
            assert!(name == script || served == files[name], "{name} is another one");
        }
        let (_, script) = client.text(&format!("{folder}/{script}")).await;
        for (name, text) in files.iter().filter(|(name, _)| media_type(name).starts_with("text/javascript")) {
            assert_eq!(script.matches(&format!("modules[\"{name}\"] = (")).count(), 1, "{name}");
            let own = text.lines().filter(|line| line.starts_with(['\t', '/']) && !line.contains("import("));
            // Between the braces of an import there are only names.
            for line in own.filter(|line| line.contains(['=', '(', '/'])) {
                assert!(script.contains(line), "{line} of {name} is not served");
            }
        }
        let forms = script.lines().filter(|line| line.starts_with("import ") || line.starts_with("export "));
        assert_eq!(forms.count(), 0, "something is not linked");
    }

    async fn what_is_no_file_is_a_problem(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, ..Setup::default() });
        let folder = folder(&client).await;
        for name in ["nothing.js", "main.js", "index.html", "../src/page.rs", "screens", "screens/", ""] {
            assert_not_found(&client.get(&format!("{folder}/{name}")).await);
        }
        for path in ["/page/0123456789abcdef/main.js", "/page/", "/page", "/index.html", "/organize"] {
            assert_not_found(&client.get(path).await);
        }
    }

    async fn the_page_is_not_limited(world: &mut World) {
        let client = world.start(&Setup { embedded: 0, api_flags: &["--rate-limit=reads=1/60s"], ..Setup::default() });
        let file = format!("{}/page.js", folder(&client).await);
        for path in ["/", file.as_str(), "/", file.as_str()] {
            let answer = client.get(path).await;
            assert_eq!((answer.status, answer.header("ratelimit").as_str()), (200, ""), "{path}");
        }
    }
}
