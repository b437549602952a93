//! Requests, ready to be sent.

/// A request to register one new person.
pub(crate) fn register(event: &str, person: &str, key: &str, more: &str) -> Vec<u8> {
    let body = "{\"party_size\":1}";
    format!(
        "POST /events/{event}/register HTTP/1.1\r\nHost: bench\r\nX-User: {person}\r\nX-Role: attendee\r\n\
         Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{more}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A request to confirm a ticket.
pub(crate) fn confirm(ticket: &str, person: &str) -> Vec<u8> {
    format!(
        "POST /tickets/{ticket}/confirm HTTP/1.1\r\nHost: bench\r\nX-User: {person}\r\nX-Role: attendee\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// A request to read something.
pub(crate) fn get(path: &str, person: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\nX-User: {person}\r\nX-Role: attendee\r\n\r\n").into_bytes()
}
