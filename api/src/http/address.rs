//! Where a request comes from, when proxies stand in between.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv6Addr},
};

use ipnet::IpNet;
use poem::http::HeaderMap;

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// Whether a proxy told it.
    pub(crate) forwarded: bool,
}

/// The client behind `peer`: the peer itself, unless it is a proxy we trust; then the right-most hop of X-Forwarded-For
/// that is not one. Whatever stands left of that could have been made up by the client.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Client {
    let mut client = Client { address: peer.to_canonical(), forwarded: false };
    // Several header lines count as one list, in their order.
    // A proxy writes the client's address behind what the client sent, which may be no text: the rest still counts.
    let lines = headers.get_all("x-forwarded-for").iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
    let lines: Vec<Cow<'_, str>> = lines.collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_trusted(client.address) {
            break;
        }
        let Some(address) = parse_hop(hop.trim()) else { break };
        client = Client { address, forwarded: true };
    }
    client
}

/// An address, which some proxies write with a port or in brackets.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    bare.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

/// Whether an address lies in one of these networks.
pub(crate) fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address.to_canonical()))
}

/// What one household or machine has: an IPv4 address, or a /64 of IPv6.
pub(crate) fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::http::arbitrary::{any_text, header_value};

    const PROXY: &str = "10.0.0.1";

    fn find(peer: &str, lines: &[&str]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let found = client(peer.parse().unwrap(), &headers, |address| address.to_string().starts_with("10."));
        (found.address.to_string(), found.forwarded)
    }

    #[test]
    fn only_trusted_peers_may_forward() {
        assert_eq!(find("5.5.5.5", &["1.1.1.1"]), ("5.5.5.5".to_owned(), false));
        assert_eq!(find(PROXY, &["1.1.1.1"]), ("1.1.1.1".to_owned(), true));
        assert_eq!(find(PROXY, &[]), (PROXY.to_owned(), false));
    }

    #[test]
    fn the_right_most_untrusted_hop_is_the_client() {
        assert_eq!(find(PROXY, &["9.9.9.9, 1.1.1.1, 10.0.0.2"]).0, "1.1.1.1");
        assert_eq!(find(PROXY, &["9.9.9.9", "1.1.1.1,10.0.0.2"]).0, "1.1.1.1");
        assert_eq!(find(PROXY, &["9.9.9.9, garbage, 10.0.0.2"]).0, "10.0.0.2");
    }

    #[test]
    fn what_is_no_text_hides_nobody() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_bytes(b"\xff, 1.1.1.1").unwrap());
        let found = client(PROXY.parse().unwrap(), &headers, |address| address.to_string().starts_with("10."));
        assert_eq!(found.address.to_string(), "1.1.1.1");
    }

    #[test]
    fn hops_may_have_ports_and_brackets() {
        assert_eq!(find(PROXY, &["1.1.1.1:80"]).0, "1.1.1.1");
        assert_eq!(find(PROXY, &["[2001:db8::1]:80"]).0, "2001:db8::1");
        assert_eq!(find(PROXY, &["[2001:db8::1]"]).0, "2001:db8::1");
        assert_eq!(find("::ffff:10.0.0.1", &["::ffff:1.1.1.1"]).0, "1.1.1.1");
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let bucket = |text: &str| bucket(text.parse().unwrap()).to_string();
        assert_eq!(bucket("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(bucket("::ffff:1.2.3.4"), "1.2.3.4");
    }

    /// What forwarded addresses are made of.
    const HOPS: &str = "0123456789abcdefg.:, []%\t";

    proptest! {
        #[test]
        fn strangers_forward_nothing_and_proxies_never_themselves(lines in vec(header_value(HOPS), 0..4)) {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line);
            }
            let ask = |peer: &str| client(peer.parse().unwrap(), &headers, |address| address.to_string().starts_with("10."));
            prop_assert_eq!(ask("5.5.5.5"), Client { address: "5.5.5.5".parse().unwrap(), forwarded: false });
            let found = ask(PROXY);
            prop_assert!(found.forwarded || found.address.to_string() == PROXY);
        }

        #[test]
        fn whatever_a_client_sends_the_proxy_knows_better(forged in any_text(HOPS), told in any::<IpAddr>()) {
            prop_assume!(!told.to_canonical().to_string().starts_with("10."));
            let mut headers = HeaderMap::new();
            let line = format!("{forged}, {told}");
            headers.append("x-forwarded-for", HeaderValue::from_str(&line).unwrap_or_else(|_| told.to_string().parse().unwrap()));
            let found = client(PROXY.parse().unwrap(), &headers, |address| address.to_string().starts_with("10."));
            prop_assert_eq!(found, Client { address: told.to_canonical(), forwarded: true });
        }
    }
}
