//! The OpenAPI document as it is published: what the framework emits, made fit for client generators.

mod normalise;

use std::collections::BTreeMap;

use poem::{Route, endpoint::make_sync, http::Method};
use poem_openapi::{LicenseObject, OpenApi, OpenApiService};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const DESCRIPTION: &str = "Event registration that cannot oversell. A registration is accepted at once and \
decided in order of arrival: ask for it with POST, then read it, or wait for it with `Prefer: wait=N`.";

/// The service that routes and documents these operations.
pub(crate) fn service<T: OpenApi>(operations: T) -> OpenApiService<T, ()> {
    OpenApiService::new(operations, "Turnout", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .server("/")
        .license(LicenseObject::new("MIT OR Apache-2.0").url("https://spdx.org/licenses/MIT.html"))
}

/// The document, as text that ends with a line break.
pub(crate) fn document<T: OpenApi>(service: &OpenApiService<T, ()>) -> String {
    let mut text = serde_json::to_string_pretty(&normalise::normalise(&service.spec())).unwrap_or_default();
    text.push('\n');
    text
}

/// `/openapi.json` and `/docs`, both from the binary alone.
pub(crate) fn routes<T: OpenApi>(routes: Route, service: &OpenApiService<T, ()>) -> Route {
    let document = document(service);
    let page = page(&service.swagger_ui_html(), &service.spec(), &document);
    routes
        .at(
            "/openapi.json",
            poem::get(make_sync(move |_| {
                poem::Response::builder().content_type("application/json").body(document.clone())
            })),
        )
        .at("/docs", poem::get(make_sync(move |_| poem::web::Html(page.clone()))))
}

/// The framework's page shows the document as the framework emits it; ours has to show ours. `</` cannot end the script
/// that holds it.
fn page(html: &str, raw: &str, document: &str) -> String {
    html.replace(raw, &document.replace("</", "<\\/"))
}

/// Which paths there are, and which methods each has: for the Allow header and for metrics.
#[derive(Clone, Debug)]
pub(crate) struct Methods(Vec<Known>);

/// A path of the interface.
#[derive(Clone, Debug)]
struct Known {
    template: String,
    /// The parts of the template; nothing for one that stands for anything. Taken apart once, because each request looks
    /// for its template.
    parts: Vec<Option<String>>,
    methods: Vec<Method>,
}

impl Methods {
    /// Reads them from a document.
    pub(crate) fn new(document: &str) -> Self {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        let paths = document["paths"].as_object().cloned().unwrap_or_default();
        let own = [("/openapi.json", "get"), ("/docs", "get"), ("/", "get"), ("/page/{version}/{file}", "get")];
        let mut all: BTreeMap<String, Vec<Method>> = BTreeMap::new();
        let documented = paths.iter().flat_map(|(path, operations)| {
            let names = operations.as_object().into_iter().flat_map(|operations| operations.keys());
            names.map(move |name| (path.as_str(), name.as_str()))
        });
        for (path, name) in documented.chain(own) {
            if let Ok(method) = Method::from_bytes(name.to_uppercase().as_bytes()) {
                all.entry(path.to_owned()).or_default().push(method);
            }
        }
        let sorted = all.into_iter().map(|(path, mut methods)| {
            methods.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            let parts = parts(&path).map(|part| fixed(part).map(str::to_owned)).collect();
            Known { parts, template: path, methods }
        });
        Self(sorted.collect())
    }

    /// The value of Allow for a path.
    pub(crate) fn of(&self, path: &str) -> String {
        let names = |known: &Known| known.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        self.find(path).map(names).unwrap_or_default()
    }

    /// The template that a path is an instance of.
    pub(crate) fn template(&self, path: &str) -> Option<&str> {
        self.find(path).map(|known| known.template.as_str())
    }

    /// A path as logs may hold it: with ids, but with nothing else that a client made up. Nothing if it is no path of
    /// ours: it may be a misspelt one with a code or an e-mail in it.
    pub(crate) fn loggable(&self, path: &str) -> Option<String> {
        let loggable = parts(self.template(path)?).zip(parts(path)).map(|(wanted, part)| {
            let is_ours = fixed(wanted).is_some() || Uuid::try_parse(part).is_ok();
            if is_ours { part } else { wanted }
        });
        Some(loggable.flat_map(|part| ["/", part]).collect())
    }

    fn find(&self, path: &str) -> Option<&Known> {
        let parts: Vec<&str> = parts(path).collect();
        self.0.iter().find(|known| known.is_template_of(&parts))
    }
}

impl Known {
    fn is_template_of(&self, parts: &[&str]) -> bool {
        let is_met = |(wanted, part): (&Option<String>, &&str)| wanted.as_ref().is_none_or(|wanted| wanted == part);
        self.parts.len() == parts.len() && self.parts.iter().zip(parts).all(is_met)
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.trim_matches('/').split('/')
}

/// What a part of a template stands for, unless it is anything.
fn fixed(part: &str) -> Option<&str> {
    (!part.starts_with('{')).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_found_by_path() {
        let methods = Methods::new(r#"{"paths": {"/events": {"get": {}, "post": {}}, "/events/{id}": {"get": {}}}}"#);
        assert_eq!(methods.of("/events"), "GET, POST");
        assert_eq!(methods.of("/events/5"), "GET");
        assert_eq!(methods.of("/docs"), "GET");
        assert_eq!(methods.of("/nowhere/at/all"), "");
        assert_eq!(methods.template("/events/5"), Some("/events/{id}"));
        assert_eq!((methods.template("/events/5/6"), methods.template("/")), (None, Some("/")));
    }

    #[test]
    fn logs_hold_ids_and_nothing_that_a_client_made_up() {
        let methods = Methods::new(r#"{"paths": {"/events/{id}": {"get": {}}}}"#);
        let id = "/events/00000000-0000-7000-8000-000000000000";
        assert_eq!(methods.loggable(id).as_deref(), Some(id));
        assert_eq!(methods.loggable("/events/ada@example.org/").as_deref(), Some("/events/{id}"));
        assert_eq!(methods.loggable("/ada@example.org"), None);
    }

    #[test]
    fn every_operation_is_published() {
        let service = service(crate::routes::operations());
        let (raw, published) = (service.spec(), document(&service));
        let count = |document: &str| document.matches("\"operationId\"").count();
        // Of two operations on one path that stand in two places the document would keep one.
        assert_eq!(count(&published), count(&raw));
    }

    #[test]
    fn the_page_shows_the_published_document() {
        let page = page("<script>let spec = {\"raw\"};</script>", "{\"raw\"}", "{\"d\": \"</script>\"}");
        assert_eq!(page, "<script>let spec = {\"d\": \"<\\/script>\"};</script>");
    }
}
