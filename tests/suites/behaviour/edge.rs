//! What is no proper request: refused at once, and the connection is closed.

use std::time::Duration;

use tests::{Client, Setup, both_databases};

/// What is refused is refused long before anybody would be let go for being slow.
const AT_ONCE: Duration = Duration::from_secs(5);

/// What is sent, and the status of the one answer to it, or 0 if it may be none.
struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    status: u16,
}

fn case(name: &'static str, status: u16, bytes: impl Into<Vec<u8>>) -> Case {
    Case { name, bytes: bytes.into(), status }
}

/// A request that a proxy may read in another way than we do, with another one behind it that nobody may answer.
fn smuggling(name: &'static str, status: u16, head: &str, body: &str) -> Case {
    let hidden = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    case(name, status, format!("POST /events HTTP/1.1\r\n{head}\r\n\r\n{body}{hidden}"))
}

fn two_readings() -> Vec<Case> {
    vec![
        smuggling("no host", 400, "Content-Length: 0", ""),
        smuggling("two hosts", 400, "Host: x\r\nHost: y\r\nContent-Length: 0", ""),
        smuggling(
            "length, then chunks",
            401,
            "Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked",
            "0\r\n\r\n",
        ),
        smuggling(
            "chunks, then length",
            401,
            "Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4",
            "0\r\n\r\n",
        ),
        smuggling("two lengths", 400, "Host: x\r\nContent-Length: 0\r\nContent-Length: 5", ""),
        smuggling("a list of lengths", 400, "Host: x\r\nContent-Length: 0, 5", ""),
        smuggling("a length with a sign", 400, "Host: x\r\nContent-Length: +0", ""),
        smuggling("a negative length", 400, "Host: x\r\nContent-Length: -1", ""),
        smuggling("an endless length", 400, "Host: x\r\nContent-Length: 18446744073709551616", ""),
        smuggling("another encoding", 400, "Host: x\r\nTransfer-Encoding: gzip", ""),
        smuggling("chunks inside", 400, "Host: x\r\nTransfer-Encoding: chunked, identity", "0\r\n\r\n"),
        smuggling("a space before the colon", 400, "Host: x\r\nContent-Length : 0", ""),
        smuggling("a folded line", 400, "Host: x\r\nA: b\r\n c: d", ""),
        smuggling("a line of its own kind", 400, "Host: x\r\nA b", ""),
        smuggling("a zero byte", 400, "Host: x\r\nA: b\0c", ""),
    ]
}

fn giants() -> Vec<Case> {
    let get = |target: &str, lines: &str| format!("GET {target} HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
    vec![
        case("a giant header", 431, get("/events", &format!("A: {}\r\n", "x".repeat(64 * 1024)))),
        case("a giant name", 431, get("/events", &format!("{}: x\r\n", "a".repeat(64 * 1024)))),
        case("many headers", 431, get("/events", &"A: x\r\n".repeat(200))),
        case("a giant path", 431, get(&format!("/{}", "x".repeat(64 * 1024)), "")),
        case("a header without end", 431, "x".repeat(1 << 20)),
    ]
}

fn other_protocols() -> Vec<Case> {
    // The settings, and then streams as fast as they can be written.
    let opened = (1..20_000u32).flat_map(|n| {
        let mut frame = vec![0, 0, 1, 1, 5];
        frame.extend((n * 2 - 1).to_be_bytes());
        frame.push(0x82);
        frame
    });
    let mut http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    http2.extend(opened);
    vec![
        case("HTTP/2 with a flood of streams", 0, http2),
        case("TLS", 0, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03random bytes\r\n\r\n".repeat(20)),
        case("nothing but zeros", 0, [0; 4096]),
        case("a greeting", 0, "EHLO example.org\r\n\r\n"),
        case("HTTP/3.0", 0, "GET /livez HTTP/3.0\r\nHost: x\r\n\r\n"),
    ]
}

async fn refuse(client: &Client, cases: Vec<Case>) {
    for Case { name, bytes, status } in cases {
        let raw = client.send_bytes(&bytes).await;
        assert!(raw.took < AT_ONCE, "{name} took {:?}", raw.took);
        assert!(raw.answers() <= 1, "{name}: what is hidden behind it is answered, too: {}", raw.text);
        if status == 0 {
            assert!([0, 400].contains(&raw.status()), "{name}: {}", raw.text);
        } else {
            assert_eq!(raw.status(), status, "{name}: {}", raw.text);
        }
    }
    assert_eq!(client.get("/livez").await.status, 200);
}

both_databases! {
    async fn what_can_be_read_in_two_ways_is_refused(world: &mut World) {
        refuse(&world.start(&Setup::default()), two_readings()).await;
    }

    async fn giants_are_refused(world: &mut World) {
        refuse(&world.start(&Setup::default()), giants()).await;
    }

    async fn other_protocols_are_refused(world: &mut World) {
        refuse(&world.start(&Setup::default()), other_protocols()).await;
    }

    async fn a_missing_host_is_told(world: &mut World) {
        let client = world.start(&Setup::default());
        let raw = client.send_bytes(b"GET /events HTTP/1.1\r\n\r\n").await;
        assert!(raw.text.contains("\"invalid_header\"") && raw.text.contains("connection: close"), "{}", raw.text);
        let old = client.send_bytes(b"GET /livez HTTP/1.0\r\n\r\n").await;
        assert_eq!(old.status(), 200, "{}", old.text);
    }

    async fn odd_targets_and_methods_are_told_no(world: &mut World) {
        let client = world.start(&Setup::default());
        for line in ["OPTIONS *", "CONNECT example.org:80", "TRACE /events", "GET http://x/nowhere", "BREW /events",
            "GET //", "GET /%00", "GET /%ff%fe", "GET /events/%2e%2e/%2e%2e/etc/passwd", "GET /events?cursor=%ff%zz"] {
            let request = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let raw = client.send_bytes(request.as_bytes()).await;
            assert!([400, 404, 405, 422].contains(&raw.status()), "{line}: {}", raw.text);
            assert!(raw.text.contains("\"request_id\""), "{line}: {}", raw.text);
        }
    }

    async fn deep_json_is_refused(world: &mut World) {
        let client = world.start(&Setup::default());
        for (open, close) in [("[", "]"), ("{\"name\":", "}"), ("{\"name\":[", "]}")] {
            let depth = 8000 / open.len();
            let body = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let answer = client.organizer().raw(reqwest::Method::POST, "/events", Some(("application/json", &body))).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_json"), "{open}");
        }
    }
}
