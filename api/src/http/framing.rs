//! Requests that a proxy in front of us might read in another way than we do: what one takes for a body, another may take
//! for the next request (RFC 9112, 3.2 and 6.3).

use poem::http::{HeaderMap, Version, header};

/// Whether it is clear which host is meant. HTTP/1.1 wants one `Host`, HTTP/1.0 knew none.
pub(crate) fn is_host_clear(version: Version, headers: &HeaderMap) -> bool {
    let hosts = headers.get_all(header::HOST).iter().count();
    hosts == 1 || (hosts == 0 && version == Version::HTTP_10)
}

/// Whether a request must be its connection's last. With `Transfer-Encoding` its end follows from its chunks, whatever
/// `Content-Length` says; hyper drops that header when it stands second, so nobody here can tell whether it was there.
/// And whoever sends no host, or two, is not trusted with the rest.
pub(crate) fn ends_connection(version: Version, headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING) || !is_host_clear(version, headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn one_host_is_clear() {
        let is_clear = |version, lines: &[_]| is_host_clear(version, &headers(lines));
        assert!(is_clear(Version::HTTP_11, &[("host", "x")]));
        assert!(!is_clear(Version::HTTP_11, &[]));
        assert!(is_clear(Version::HTTP_10, &[]));
        assert!(!is_clear(Version::HTTP_10, &[("host", "x"), ("host", "x")]));
    }

    #[test]
    fn chunked_requests_are_the_last() {
        let ends = |lines: &[_]| ends_connection(Version::HTTP_11, &headers(lines));
        assert!(!ends(&[("host", "x"), ("content-length", "2")]));
        assert!(ends(&[("host", "x"), ("transfer-encoding", "chunked")]));
        assert!(ends(&[("content-length", "2")]));
    }
}
