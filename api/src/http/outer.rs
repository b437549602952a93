//! The outermost layer: every request gets an id, a time limit and a log line, and every failure becomes a problem.

use std::{
    any::Any,
    net::{IpAddr, Ipv4Addr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use entity::{Clock, Database};
use futures_util::FutureExt;
use ipnet::IpNet;
use poem::{
    Addr, Endpoint, Error, Request, Response,
    error::{MethodNotAllowedError, NotFoundError, ParsePathError, ReadBodyError},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    web::RemoteAddr,
};
use poem_openapi::error::ParseParamError;
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    address::{self, Client},
    caller::{Auth, Identity},
    framing, later,
    parameters::{Prefer, traceparent},
    problem::{Code, Problem},
    rate::{Rate, Standing},
};
use crate::{metrics::Metrics, openapi::Methods, page};

/// A request may take so long, its body included.
const REQUEST_TIME: Duration = Duration::from_secs(15);

/// One that asked to wait may take longer.
const WAITING_REQUEST_TIME: Duration = Duration::from_secs(30);

/// Paths that probes ask often, and the page: they are never limited, and promise nobody anything.
const ABOUT_THE_PROCESS: &[&str] = &["/livez", "/readyz", "/metrics", "/"];

/// What the layer needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Outer {
    pub(crate) auth: Auth,
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    pub(crate) rate: Option<Rate>,
    pub(crate) methods: Arc<Methods>,
    pub(crate) metrics: Arc<Metrics>,
    /// What answers tell of has to be durable there.
    pub(crate) database: Database,
    /// For what tokens say about time. (Decisions about tickets take the database's.)
    pub(crate) clock: Clock,
}

/// Links log lines, and the worker's work, to a request.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) request_id: String,
    /// W3C `traceparent`: the client's, or one made here.
    pub(crate) parent: String,
}

impl Outer {
    /// Answers a request with the help of everything inside.
    pub(crate) async fn answer<E>(self, app: Arc<E>, mut request: Request) -> poem::Result<Response>
    where
        E: Endpoint<Output = Response>,
    {
        let since = Instant::now();
        let trace = Trace::of(request.headers());
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let peer = peer(&request);
        let identity = self.auth.identify(peer, request.headers(), self.clock.now());
        let client = self.client(peer, request.headers());
        let standing = self.stand(&request, peer, client, &identity);
        request.set_data(self.auth.clone());
        request.set_data(client);
        request.set_data(identity);
        request.set_data(trace.clone());

        let result = match standing.as_ref().and_then(|standing| standing.retry_after) {
            Some(seconds) => Err(Problem::from(Code::RateLimited).header("Retry-After", seconds.to_string()).into()),
            None if !framing::is_host_clear(request.version(), request.headers()) => Err(host_missing().into()),
            None => call(app, &self.database, request).await,
        };
        let response = self.finish(result, &path, &trace, standing.as_ref());
        let took = since.elapsed();
        self.metrics.answered(&method, self.methods.template(&path), response.status().as_u16(), took);
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            request_id = trace.request_id, trace_id = trace.id(), method = %method,
            path = self.methods.loggable(&path).as_deref().unwrap_or("other"),
            status = response.status().as_u16(), millis, "request"
        );
        Ok(response)
    }

    /// Counts the request, unless there are no limits for it.
    fn stand(&self, request: &Request, peer: IpAddr, client: Client, identity: &Identity) -> Option<Standing> {
        let rate = self.rate.as_ref().filter(|_| !is_about_the_process(request.uri().path()))?;
        let is_shared = self.is_gateway(peer) && !client.forwarded;
        Some(rate.check(request.method(), client, identity, is_shared))
    }

    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        address::client(peer, headers, |hop| address::contains(&self.trusted_proxies, hop) || self.is_gateway(hop))
    }

    fn is_gateway(&self, address: IpAddr) -> bool {
        matches!(&self.auth, Auth::Gateway(networks) if address::contains(networks, address))
    }

    fn finish(
        &self,
        result: poem::Result<Response>,
        path: &str,
        trace: &Trace,
        standing: Option<&Standing>,
    ) -> Response {
        let mut response = result.unwrap_or_else(|error| self.translate(&error, path).render(&trace.request_id));
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&trace.request_id) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for (name, value) in standing.into_iter().flat_map(Standing::headers) {
            headers.insert(name, value);
        }
        response
    }

    /// The one place where errors of the framework become problems.
    fn translate(&self, error: &Error, path: &str) -> Problem {
        if let Some(problem) = error.downcast_ref::<Problem>() {
            return problem.clone();
        }
        if error.is::<NotFoundError>() || error.is::<ParsePathError>() {
            return Code::NotFound.into();
        }
        if error.is::<MethodNotAllowedError>() {
            return Problem::from(Code::MethodNotAllowed).header("Allow", self.methods.of(path));
        }
        if let Some(error) = error.downcast_ref::<ParseParamError>() {
            return Problem::from(Code::InvalidHeader).detail(format!("{}: {}", error.name, error.reason));
        }
        if error.is::<ReadBodyError>() {
            return Problem::from(Code::MalformedJson).detail("The body did not arrive whole.");
        }
        unexpected(error.status())
    }
}

fn is_about_the_process(path: &str) -> bool {
    ABOUT_THE_PROCESS.contains(&path) || path.starts_with(page::FOLDER)
}

fn host_missing() -> Problem {
    Problem::from(Code::InvalidHeader).detail("Host: must be there, once.")
}

fn unexpected(status: StatusCode) -> Problem {
    tracing::error!(%status, "an answer that no rule covers");
    Code::Internal.into()
}

/// Calls the application, at most for the time a request may take. A panic is an error of its request alone.
async fn call<E>(app: Arc<E>, database: &Database, request: Request) -> poem::Result<Response>
where
    E: Endpoint<Output = Response>,
{
    let waits = Prefer::read(request.headers()).wait.is_some();
    let limit = if waits { WAITING_REQUEST_TIME } else { REQUEST_TIME };
    let is_about_data = !is_about_the_process(request.uri().path());
    let only_reads = request.method().is_safe();
    let answer = async move {
        // In a box, which is gone when the answer is waited for: see `later`.
        let mut answer = Box::pin(app.call(request)).await;
        if let Some(promised) = answer.as_mut().ok().and_then(later::promised) {
            return promised.await;
        }
        if is_about_data && !is_our_fault(&answer) {
            // What else was done lasts: only its answer depends on what others did.
            let of_others = |error: entity::Error| if only_reads { error } else { error.into_uncertain() };
            database.seen_is_durable().await.map_err(of_others).map_err(Problem::from)?;
        }
        answer
    };
    match timeout(limit, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => {
            tracing::error!(panic = panic_text(&*panic), "a handler panicked");
            Err(Problem::from(Code::Internal).into())
        }
        Err(_) => Err(Problem::from(Code::RequestTimeout).into()),
    }
}

/// Then it tells nothing else.
fn is_our_fault(answer: &poem::Result<Response>) -> bool {
    answer.as_ref().map_or_else(Error::status, Response::status).is_server_error()
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or_default()
}

impl Trace {
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get("x-request-id").and_then(|id| id.to_str().ok()).filter(|id| is_request_id(id));
        let request_id = given.map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned);
        let parent = traceparent(headers).map_or_else(new_parent, str::to_owned);
        Self { request_id, parent }
    }

    /// The trace id inside the parent.
    fn id(&self) -> &str {
        self.parent.split('-').nth(1).unwrap_or_default()
    }
}

fn is_request_id(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn new_parent() -> String {
    let (trace, span) = (Uuid::now_v7().simple().to_string(), Uuid::now_v7().simple().to_string());
    format!("00-{trace}-{}-01", &span[16..])
}

/// The other end of the connection.
pub(super) fn peer(request: &Request) -> IpAddr {
    match request.remote_addr() {
        RemoteAddr(Addr::SocketAddr(address)) => address.ip().to_canonical(),
        RemoteAddr(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use poem::{IntoResponse, endpoint::make_sync};
    use poem_openapi::payload::PlainText;

    use super::*;
    use crate::{http::later::Later, unsynced};

    type Text = PlainText<&'static str>;

    fn outer(database: Database) -> Outer {
        let methods = Arc::new(Methods::new("{}"));
        let (auth, clock) = (Auth::for_tests(), Clock::new(|| 0));
        Outer { auth, trusted_proxies: Arc::new([]), rate: None, methods, metrics: Arc::default(), database, clock }
    }

    fn request(path: &str) -> Request {
        Request::builder().uri(path.parse().unwrap()).header("host", "x").finish()
    }

    async fn body_of(inner: impl Endpoint<Output = Response>) -> (StatusCode, String) {
        let directory = tempfile::tempdir().unwrap();
        let outer = outer(unsynced::opened(directory.path()).await);
        let mut response = outer.answer(Arc::new(inner), request("/x")).await.unwrap();
        (response.status(), response.take_body().into_string().await.unwrap())
    }

    #[tokio::test]
    async fn nothing_is_told_that_may_be_gone_after_a_power_loss() {
        let directory = tempfile::tempdir().unwrap();
        let outer = outer(unsynced::database(directory.path()).await);
        let status = async |path: &str, status: StatusCode| {
            let inner = Arc::new(make_sync(move |_| status.into_response()));
            outer.clone().answer(inner, request(path)).await.unwrap().status()
        };
        for told in [StatusCode::OK, StatusCode::NOT_MODIFIED, StatusCode::NOT_FOUND] {
            assert_eq!(status("/x", told).await, StatusCode::SERVICE_UNAVAILABLE);
        }
        let refused =
            Arc::new(poem::endpoint::make(|_| async { Err::<Response, Error>(Problem::from(Code::SoldOut).into()) }));
        let refused = outer.clone().answer(refused, request("/x")).await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        let created = Request::builder().method(poem::http::Method::POST).uri_str("/x").header("host", "x").finish();
        let done = Arc::new(make_sync(|_| StatusCode::CREATED.into_response()));
        let body = outer.clone().answer(done, created).await.unwrap().take_body().into_string().await.unwrap();
        assert!(body.contains("not known whether this was done"), "{body}");
        let promised = Arc::new(make_sync(|_| Later::<Text>::new(async { Ok(PlainText("seen to")) }).into_response()));
        let promised = outer.clone().answer(promised, request("/x")).await.unwrap();
        assert_eq!(promised.status(), StatusCode::OK, "whoever promises sees to it");
        assert_eq!(status("/livez", StatusCode::OK).await, StatusCode::OK, "about the process alone");
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_of_one_request() {
        let panics = make_sync(|_| -> Response { panic!("secret") });
        let (status, body) = body_of(panics).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains("\"internal_error\"") && !body.contains("secret"), "{body}");
    }

    #[tokio::test]
    async fn a_promised_answer_is_waited_for() {
        let kept = make_sync(|_| Later::<Text>::new(async { Ok(PlainText("at last")) }).into_response());
        assert_eq!(body_of(kept).await, (StatusCode::OK, "at last".to_owned()));
        let broken = make_sync(|_| Later::<Text>::new(async { Err(Code::NotFound.into()) }).into_response());
        assert_eq!(body_of(broken).await.0, StatusCode::NOT_FOUND);
        let panics = make_sync(|_| Later::<Text>::new(async { panic!("secret") }).into_response());
        let (status, body) = body_of(panics).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!body.contains("secret"), "{body}");
    }

    #[tokio::test]
    async fn an_error_that_nobody_foresaw_tells_nothing() {
        let fails = poem::endpoint::make(|_| async {
            Err::<Response, _>(Error::from_string("secret", StatusCode::IM_A_TEAPOT))
        });
        let (status, body) = body_of(fails).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!body.contains("secret"), "{body}");
    }
}
