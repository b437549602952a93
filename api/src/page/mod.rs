//! The web page: an ordinary client of the interface, kept in the binary as the files of `api/page/`.
//!
//! It takes a browser two round trips: one for the document, one for the style and the script, which holds all modules.
//! They lie under a path that names what is in them, so that browsers may keep them for ever: with another build they
//! are elsewhere. Only the document at `/` is asked for each time.

mod link;

use std::sync::Arc;

use poem::{
    Endpoint, EndpointExt, IntoEndpoint, IntoResponse, Request, Response, Result, Route,
    endpoint::make_sync,
    http::{StatusCode, header},
};

use crate::http::{
    caller::Auth,
    etag,
    parameters::IfNoneMatch,
    problem::{Code, Problem},
};

/// Where the files are.
pub(crate) const FOLDER: &str = "/page/";

/// What the page may do: nothing comes from elsewhere, nothing goes elsewhere, and no text becomes a program.
const POLICY: &str = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// How long browsers keep a file: for ever, as far as they are concerned.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

const INDEX: &str = include_str!("../../page/index.html");

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../page/", $name))),)*]
    };
}

/// What is served as it is.
const FILES: &[(&str, &str)] = files!["icon.svg" "style.css"];

/// The modules, which are served as one script.
const MODULES: &[(&str, &str)] = files![
    "api.js" "clock.js" "dom.js" "format.js" "kept.js" "live.js" "main.js" "problems.js" "router.js" "session.js"
    "shell.js" "storage.js" "ui.js"
    "parts/camera.js" "parts/chart.js" "parts/counts.js" "parts/dialog.js" "parts/facts.js" "parts/file.js"
    "parts/form.js" "parts/names.js" "parts/notice.js" "parts/pager.js" "parts/qr.js" "parts/seats.js"
    "parts/situation.js" "parts/tabs.js" "parts/ticketcard.js"
    "screens/account.js" "screens/accounts.js" "screens/attendees.js" "screens/audit.js" "screens/door.js"
    "screens/edit.js" "screens/engine.js" "screens/event.js" "screens/events.js" "screens/figures.js"
    "screens/jobs.js" "screens/login.js" "screens/manage.js" "screens/missing.js" "screens/organize.js"
    "screens/register.js" "screens/registration.js" "screens/simulate.js" "screens/simulation.js" "screens/ticket.js"
    "screens/tickets.js" "screens/waitlist.js"
];

/// The name that the script is served by.
const SCRIPT: &str = "page.js";

/// The page as it is served by this process.
#[derive(Debug)]
struct Page {
    /// Names the content of all files.
    version: String,
    index: String,
    tag: String,
    script: String,
}

impl Page {
    fn new(auth: &Auth) -> Self {
        let script = link::link(&MODULES.iter().copied().collect(), "main.js");
        let version = version(&script);
        let auth = match auth {
            Auth::Bearer(_) => "bearer",
            Auth::Gateway(_) => "gateway",
        };
        let index = INDEX.replace("{folder}", &format!("{FOLDER}{version}")).replace("{auth}", auth);
        let tag = format!("\"{}\"", &etag::digest(index.as_bytes())[..22]);
        Self { version, index, tag, script }
    }

    fn index(&self, request: &Request) -> Response {
        let response = Response::builder()
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::ETAG, &self.tag)
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::REFERRER_POLICY, "no-referrer");
        if IfNoneMatch::read(request.headers()).has(&self.tag) {
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
        response.content_type("text/html; charset=utf-8").body(self.index.clone())
    }

    fn file(&self, request: &Request) -> Result<Response> {
        let (version, name) = (request.raw_path_param("version"), request.raw_path_param("name"));
        let name = name.filter(|_| version == Some(&self.version));
        let file = name.and_then(|name| Some((name, self.text(name)?)));
        let (name, text) = file.ok_or_else(|| Problem::from(Code::NotFound))?;
        let response = Response::builder().header(header::CACHE_CONTROL, FOR_EVER).content_type(media_type(name));
        Ok(response.body(text.to_owned()))
    }

    fn text(&self, name: &str) -> Option<&str> {
        if name == SCRIPT {
            return Some(&self.script);
        }
        FILES.iter().find(|file| file.0 == name).map(|file| file.1)
    }
}

/// The document at `/`, the files that it leads to, and this service for everything else.
pub(crate) fn routes<E>(routes: Route, auth: &Auth, service: E) -> Route
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    let page = Arc::new(Page::new(auth));
    let files = Arc::clone(&page);
    let index = Arc::new(poem::get(make_sync(move |request: Request| page.index(&request))));
    // A service that is nested at `/` has it all for itself, so the document stands inside.
    let service = service.into_endpoint().around(move |service, request: Request| {
        let index = Arc::clone(&index);
        async move {
            let is_index = request.uri().path() == "/";
            if is_index { index.call(request).await } else { Ok(service.call(request).await?.into_response()) }
        }
    });
    routes
        .at(format!("{FOLDER}:version/:name"), poem::get(make_sync(move |request| files.file(&request))))
        .nest("/", service)
}

/// Another one whenever a file is another one.
fn version(script: &str) -> String {
    let texts = FILES.iter().map(|file| file.1).chain([script]);
    let digests = texts.map(|text| format!("{}\n", etag::digest(text.as_bytes())));
    etag::digest(digests.collect::<String>().as_bytes())[..16].to_owned()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
