//! What an operator can set about the service, checked all at once.

use std::net::SocketAddr;

use clap::Args;
use entity::{Durability, Kind};
use ipnet::IpNet;
use tracing::level_filters::LevelFilter;
use worker::{Mistakes, SettingsArgs};

use crate::{
    http::rate::{self, Limits},
    secret::Secret,
};

/// The settings of the service, as flags and environment variables. Read as text, so that every mistake can be told at
/// once.
#[derive(Args, Clone, Debug)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    worker: SettingsArgs,
    /// The address to serve on
    #[arg(long, env = "TURNOUT_LISTEN", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Workers inside this process; 0 when worker processes do the work
    #[arg(long, env = "TURNOUT_WORKERS", default_value = "1")]
    workers: String,
    /// Who says who is calling: "bearer" tokens, or an authenticating "gateway" with X-User and X-Role
    #[arg(long, env = "TURNOUT_AUTH", default_value = "bearer")]
    auth: String,
    /// What tokens are signed and ticket codes derived with, the same for every api process: 32 characters or more. On
    /// SQLite it is kept in a file beside the database if not given
    #[arg(long, env = "TURNOUT_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// Networks that the gateway's requests come from, separated by commas
    #[arg(long, env = "TURNOUT_GATEWAY_NETWORKS", default_value = "127.0.0.0/8,::1/128")]
    gateway_networks: String,
    /// Networks of proxies whose X-Forwarded-For is believed, separated by commas
    #[arg(long, env = "TURNOUT_TRUSTED_PROXIES", default_value = "")]
    trusted_proxies: String,
    /// Requests that one client may send, or "off"
    #[arg(long, env = "TURNOUT_RATE_LIMIT", default_value = "writes=5/10s,reads=100/10s")]
    rate_limit: String,
    /// How often the owner of a hold may extend it
    #[arg(long, env = "TURNOUT_EXTENSIONS_MAX", default_value = "2")]
    extensions_max: String,
    /// Fill an empty database with an organizer, two attendees and three events, and print their logins
    #[arg(long, env = "TURNOUT_DEMO", default_value = "off", num_args = 0..=1, require_equals = true,
        default_missing_value = "on", hide_default_value = true, value_name = "on|off")]
    demo: String,
    /// What is logged: error, warn, info (a line for each request) or debug
    #[arg(long, env = "TURNOUT_LOG_LEVEL", default_value = "info")]
    log_level: String,
}

/// How the service runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) database_url: String,
    pub(crate) durability: Durability,
    pub(crate) worker: worker::Settings,
    pub(crate) listen: SocketAddr,
    pub(crate) workers: u32,
    pub(crate) extensions_max: u32,
    pub(crate) auth: AuthMode,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) limits: Option<Limits>,
    pub(crate) secret: Option<Secret>,
    /// Whether to fill an empty database with things to play with.
    pub(crate) demo: bool,
    pub(crate) log_level: LevelFilter,
}

/// Who says who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthMode {
    /// Tokens of ours.
    Bearer,
    /// An authenticating gateway in one of these networks.
    Gateway(Vec<IpNet>),
}

/// More embedded workers than this only wait for each other.
const WORKERS_MAX: u32 = 64;

/// A hold that can be extended more often than this never ends.
const EXTENSIONS_MAX: u32 = 100;

impl ServeArgs {
    /// The settings, or `None` and every mistake noted.
    pub(crate) fn check(self, mistakes: &mut Mistakes) -> Option<Settings> {
        let worker = self.worker.check(mistakes);
        let listen = mistakes.take("--listen", parse_listen(&self.listen));
        let workers = mistakes.take("--workers", parse_up_to(&self.workers, WORKERS_MAX));
        let gateway_networks = mistakes.take("--gateway-networks", parse_networks(&self.gateway_networks));
        let trusted_proxies = mistakes.take("--trusted-proxies", parse_networks(&self.trusted_proxies));
        let limits = mistakes.take("--rate-limit", rate::parse(&self.rate_limit));
        let extensions_max = mistakes.take("--extensions-max", parse_up_to(&self.extensions_max, EXTENSIONS_MAX));
        let secret = mistakes.take("--secret", self.secret.as_deref().map(Secret::parse).transpose());
        let log_level = mistakes.take("--log-level", parse_level(&self.log_level));
        let demo = mistakes.take("--demo", parse_switch(&self.demo));
        let auth = match self.auth.as_str() {
            "bearer" => Some(AuthMode::Bearer),
            "gateway" => gateway_networks.map(AuthMode::Gateway),
            other => {
                mistakes.note("--auth", format!("\"{other}\" is neither \"bearer\" nor \"gateway\""));
                None
            }
        };
        let is_shared = Kind::of_url(&self.worker.database_url) == Some(Kind::Postgres);
        if auth == Some(AuthMode::Bearer) && is_shared && self.secret.is_none() {
            mistakes.note("--secret", SECRET_MISSING);
        }
        if demo == Some(true) && auth.as_ref().is_some_and(|auth| *auth != AuthMode::Bearer) {
            mistakes.note("--demo", "makes accounts, and behind a gateway there are none: use --auth bearer");
        }
        if demo == Some(true) && listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            mistakes.note("--demo", "is for this machine alone: let --listen be a loopback address");
        }
        let (worker, durability) = worker?;
        Some(Settings {
            database_url: self.worker.database_url,
            durability,
            worker,
            listen: listen?,
            workers: workers?,
            extensions_max: extensions_max?,
            auth: auth?,
            trusted_proxies: trusted_proxies?,
            limits: limits?,
            secret: secret?,
            demo: demo?,
            log_level: log_level?,
        })
    }
}

/// Why there has to be a secret.
const SECRET_MISSING: &str = "must be set on PostgreSQL: all api processes sign and check tokens with it, and machines that \
    share a server share no folder to keep it in. Choose one with: openssl rand -hex 32";

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not an address and a port, such as 127.0.0.1:8080"))
}

fn parse_up_to(text: &str, max: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number <= max);
    number.ok_or_else(|| format!("\"{text}\" is not a whole number from 0 to {max}"))
}

fn parse_networks(text: &str) -> Result<Vec<IpNet>, String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(parse_network).collect()
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address));
    text.parse().ok().or_else(address).ok_or_else(|| format!("\"{text}\" is not a network such as 10.0.0.0/8"))
}

/// As people switch things on and off in an environment; a variable that is empty is one that is not set.
fn parse_switch(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!("\"{text}\" is neither \"on\" nor \"off\"")),
    }
}

fn parse_level(text: &str) -> Result<LevelFilter, String> {
    match text {
        "error" | "warn" | "info" | "debug" => text.parse().map_err(|_| text.to_owned()),
        _ => Err(format!("\"{text}\" is none of error, warn, info, debug")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn check(flags: &[&str]) -> (Option<Settings>, String) {
        let args = Only::parse_from([&["api"], flags].concat()).serve;
        let mut mistakes = Mistakes::default();
        let settings = args.check(&mut mistakes);
        (settings, mistakes.report().unwrap_or_default())
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let settings = check(&[]).0.unwrap();
        assert_eq!(settings.database_url, "sqlite://turnout.db");
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!((settings.workers, settings.durability), (1, Durability::Full));
        assert_eq!(
            settings.worker,
            worker::Settings { batch_max: 500, attempts_max: 5, retention_days: 30, verify_minutes: 10 }
        );
        assert_eq!((settings.auth, settings.demo), (AuthMode::Bearer, false));
        assert!(settings.limits.is_some());
    }

    #[test]
    fn tokens_on_postgres_need_a_secret() {
        let url = "--database-url=postgres://db/turnout";
        assert!(check(&[url]).1.contains("--secret: must be set on PostgreSQL"));
        assert!(check(&[url, "--auth=gateway"]).0.is_some());
        let secret = format!("--secret={}", "s".repeat(32));
        assert!(check(&[url, &secret]).0.is_some());
    }

    #[test]
    fn demos_are_for_this_machine_and_have_accounts() {
        assert!(check(&["--demo"]).0.unwrap().demo && check(&["--demo=1"]).0.unwrap().demo);
        assert!(["", "0", "False", "no", "off"].iter().all(|off| !check(&[&format!("--demo={off}")]).0.unwrap().demo));
        assert!(check(&["--demo", "--listen=[::1]:80"]).0.is_some());
        assert!(check(&["--demo", "--listen=0.0.0.0:80"]).1.contains("--demo: "));
        assert!(check(&["--demo", "--auth=gateway"]).1.contains("--demo: "));
    }

    #[test]
    fn every_mistake_is_told() {
        let wrong = [
            "listen",
            "workers",
            "auth",
            "gateway-networks",
            "trusted-proxies",
            "rate-limit",
            "extensions-max",
            "secret",
            "demo",
            "log-level",
        ];
        let flags: Vec<String> = wrong.iter().map(|flag| format!("--{flag}=wrong")).collect();
        let (settings, report) = check(&flags.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(settings.is_none());
        for flag in wrong {
            assert!(report.contains(&format!("--{flag}: ")), "{flag} in {report}");
        }
    }

    #[test]
    fn networks_may_be_single_addresses() {
        assert_eq!(parse_networks("10.0.0.1, 10.1.0.0/16").unwrap().len(), 2);
        assert!(parse_networks("").unwrap().is_empty());
    }
}
