//! Numbers about the service, in the text format of OpenMetrics. What each one means is told in the README.
//!
//! What this process does, its embedded workers included, is counted here as it happens. What is true of all processes
//! together is read from the database when somebody asks, at most once a second.

use std::time::Duration;

use entity::{Database, job::Outcome};
use poem::http::Method;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use worker::{Observer, Settled};

use crate::{
    http::problem::Code,
    queue::{Reading, Readings},
    views::RefusalCode,
};

/// What this process counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    intake_batches: Histogram,
    settled: Family<OutcomeLabels, Counter>,
    settle: Histogram,
    lock_wait: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
    /// Empty, which is the same as absent, unless it was refused.
    refusal: &'static str,
}

/// 1 ms to 33 s, for requests: those that wait for an answer are among them.
fn request_seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

/// 0.25 ms to 4 s, for what happens inside.
fn inner_seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.0, 15))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("turnout"),
            requests: Family::default(),
            durations: Family::new_with_constructor(request_seconds),
            intake_batches: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            settled: Family::default(),
            settle: inner_seconds(),
            lock_wait: inner_seconds(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests answered", self.requests.clone());
        let help = "How long answers took, waiting for a decision included";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, self.durations.clone());
        let help = "Intents written together in one transaction";
        registry.register("intake_batch_intents", help, self.intake_batches.clone());
        registry.register("jobs_settled", "Jobs decided by workers of this process", self.settled.clone());
        let help = "How long transactions that settle a batch took, the wait for the lock apart";
        registry.register_with_unit("settle_duration", help, Unit::Seconds, self.settle.clone());
        let help = "How long transactions that settle a batch waited for the write lock";
        registry.register_with_unit("settle_lock_wait", help, Unit::Seconds, self.lock_wait.clone());
    }

    /// Counts an answer. `route` is the template of the path, so that there are only so many.
    pub(crate) fn answered(&self, method: &Method, route: Option<&str>, status: u16, took: Duration) {
        let (method, route) = (method_label(method), route.unwrap_or("other").to_owned());
        self.durations.get_or_create(&RouteLabels { method, route: route.clone() }).observe(took.as_secs_f64());
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    }

    /// Counts a batch of intents.
    pub(crate) fn took_in(&self, intents: usize) {
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        self.intake_batches.observe(intents as f64);
    }

    /// Everything, as it stands. When the database does not answer, what it would tell is left out.
    pub(crate) async fn text(&self, database: &Database, readings: &Readings) -> String {
        let mut text = String::new();
        let shared = match readings.latest(database).await {
            Ok(reading) => Shared::new(&reading),
            Err(error) => {
                tracing::warn!(%error, "cannot read the queue for metrics");
                Shared::default()
            }
        };
        let shared = Shared { log_bytes: log_bytes(database), ..shared };
        // Writing to a String cannot fail.
        let _ = text::encode_registry(&mut text, &self.registry)
            .and_then(|()| text::encode_registry(&mut text, &shared.registry()))
            .and_then(|()| text::encode_eof(&mut text));
        text
    }
}

impl Observer for Metrics {
    fn settled(&self, batch: &Settled) {
        if batch.outcomes.is_empty() {
            return;
        }
        self.settle.observe(batch.took.as_secs_f64());
        self.lock_wait.observe(batch.waited.as_secs_f64());
        for (outcome, refusal, jobs) in &batch.outcomes {
            let refusal = refusal.map_or("", |refusal| Code::from(RefusalCode::from(refusal)).as_str());
            self.settled.get_or_create(&OutcomeLabels { outcome: outcome_label(*outcome), refusal }).inc_by(*jobs);
        }
    }
}

/// What is true of all processes together.
#[derive(Clone, Copy, Debug, Default)]
struct Shared {
    queue: Option<(i64, i64, i64)>,
    oldest_age_seconds: Option<f64>,
    verify_failures: Option<u64>,
    log_bytes: Option<u64>,
}

impl Shared {
    fn new(reading: &Reading) -> Self {
        Self {
            queue: Some((reading.totals.depth, reading.totals.failed, reading.workers_seen)),
            // Nothing waits: nothing is old.
            oldest_age_seconds: Some(reading.oldest_claimable_age_seconds().unwrap_or(0.0)),
            verify_failures: u64::try_from(reading.verify_failures).ok(),
            log_bytes: None,
        }
    }

    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("turnout");
        if let Some((depth, failed, workers)) = self.queue {
            registry.register("queue_depth", "Jobs that wait to be decided", ConstGauge::new(depth));
            registry.register("jobs_failed", "Jobs that wait for an operator", ConstGauge::new(failed));
            registry.register("workers_seen", "Workers seen in the last 30 s", ConstGauge::new(workers));
        }
        if let Some(age) = self.oldest_age_seconds {
            let help = "How long the job that waits longest could have been claimed; 0 when none waits";
            registry.register_with_unit("queue_oldest_claimable_age", help, Unit::Seconds, ConstGauge::new(age));
        }
        if let Some(failures) = self.verify_failures {
            let help = "Rows that broke a promise, found by verifying, each as often as it was found";
            registry.register("verify_failures", help, ConstCounter::new(failures));
        }
        if let Some(bytes) = self.log_bytes {
            let help = "Size of SQLite's write-ahead log";
            registry.register_with_unit("sqlite_wal_size", help, Unit::Bytes, ConstGauge::new(bytes));
        }
        registry
    }
}

fn log_bytes(database: &Database) -> Option<u64> {
    if database.is_postgres() {
        return None;
    }
    // Without a log there is nothing in it.
    Some(std::fs::metadata(format!("{}-wal", database.location())).map_or(0, |file| file.len()))
}

/// Clients can make methods up; there are only so many labels.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn outcome_label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Reserved => "reserved",
        Outcome::Waitlisted => "waitlisted",
        Outcome::Refused => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_methods_and_paths_share_a_label() {
        let metrics = Metrics::default();
        for (method, route) in [("BREW", None), ("GRIND", None), ("GET", Some("/events/{id}"))] {
            metrics.answered(&Method::from_bytes(method.as_bytes()).unwrap(), route, 404, Duration::from_millis(3));
        }
        let mut text = String::new();
        text::encode(&mut text, &metrics.registry).unwrap();
        let other = "turnout_http_requests_total{method=\"other\",route=\"other\",status=\"404\"} 2";
        let event = "turnout_http_requests_total{method=\"GET\",route=\"/events/{id}\",status=\"404\"} 1";
        assert!(text.contains(other) && text.contains(event), "{text}");
    }
}
