//! What HTTP needs before a request means anything: connections, limits, who is calling, bodies, problems.

pub(crate) mod accept;
pub(crate) mod address;
#[cfg(test)]
pub(crate) mod arbitrary;
pub(crate) mod browser;
pub(crate) mod caller;
pub(crate) mod connections;
pub(crate) mod etag;
pub(crate) mod fields;
pub(crate) mod files;
pub(crate) mod framing;
pub(crate) mod json;
pub(crate) mod later;
pub(crate) mod outer;
pub(crate) mod pages;
pub(crate) mod parameters;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod rate;
pub(crate) mod server;
pub(crate) mod time;
