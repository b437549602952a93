//! Refresh tokens in browsers: a cookie that scripts cannot read, that goes nowhere but where it is used, and that other
//! sites cannot use.

use std::net::IpAddr;

use poem::{
    FromRequest, Request, RequestBody, Result,
    http::{HeaderMap, header},
};

use super::outer::peer;

const NAME: &str = "turnout_refresh";

/// The one path that gets the cookie.
const PATH: &str = "/auth/refresh";

/// What a browser says with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Browser {
    /// The token in the cookie.
    pub(crate) token: Option<String>,
    /// Whether the request comes from a page of this very service.
    pub(crate) is_same_origin: bool,
    /// Whether cookies may only travel encrypted. Not on the machine itself, where people try things.
    is_secure: bool,
}

impl Browser {
    fn of(headers: &HeaderMap, peer: IpAddr) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        Self {
            token: pairs.find(|(name, _)| *name == NAME).map(|(_, token)| token.to_owned()),
            is_same_origin: text(header::ORIGIN).is_some_and(|origin| is_same(origin, host)),
            is_secure: !(peer.is_loopback() && is_loopback(host)),
        }
    }

    /// The value of Set-Cookie that keeps a token.
    pub(crate) fn keep(&self, token: &str, seconds: i64) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{NAME}={token}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }

    /// The value of Set-Cookie that forgets the token.
    pub(crate) fn forget(&self) -> String {
        self.keep("", 0)
    }
}

impl<'a> FromRequest<'a> for Browser {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Self::of(request.headers(), peer(request)))
    }
}

/// Whether an origin such as `https://example.org:8443` is this host.
fn is_same(origin: &str, host: &str) -> bool {
    let place = origin.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme));
    place.is_some_and(|(_, place)| !host.is_empty() && place.eq_ignore_ascii_case(host))
}

/// Whether a host, with or without a port, is the machine itself.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(peer: &str, lines: &[(&'static str, &str)]) -> Browser {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        Browser::of(&headers, peer.parse().unwrap())
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let token = |lines: &[(&'static str, &str)]| browser("1.1.1.1", lines).token;
        assert_eq!(token(&[("cookie", "a=b; turnout_refresh=x.y; c=d")]), Some("x.y".to_owned()));
        assert_eq!(token(&[("cookie", "a=b"), ("cookie", "turnout_refresh=x.y")]), Some("x.y".to_owned()));
        assert_eq!(token(&[("cookie", "not_turnout_refresh=x")]), None);
    }

    #[test]
    fn pages_of_other_sites_are_told_apart() {
        let same = |origin: &str, host: &str| is_same(origin, host);
        assert!(same("https://example.org", "example.org") && same("http://Localhost:8080", "localhost:8080"));
        for (origin, host) in [
            ("null", "null"),
            ("https://evil.org", "example.org"),
            ("https://", ""),
            ("https://example.org:8443", "example.org"),
            ("https://example.org.evil.org", "example.org"),
            ("ftp://example.org", "example.org"),
        ] {
            assert!(!same(origin, host), "{origin} {host}");
        }
        assert!(!browser("1.1.1.1", &[("host", "example.org")]).is_same_origin);
    }

    #[test]
    fn cookies_are_secure_except_on_the_machine_itself() {
        let secure = |peer, host| browser(peer, &[("host", host)]).keep("t", 1).contains("; Secure");
        assert!(!secure("127.0.0.1", "localhost:8080") && !secure("::1", "[::1]:8080"));
        assert!(secure("127.0.0.1", "example.org"), "behind a proxy");
        assert!(secure("1.1.1.1", "localhost"), "a lie");
    }
}
