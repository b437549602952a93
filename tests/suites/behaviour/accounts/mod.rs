//! Accounts of our own: signing up, logging in, tokens, and what an account counts for.

mod login;
mod rights;
mod tokens;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use tests::{Answer, Client, Setup, World, said};

const SOMEWHERE: &str = "00000000-0000-7000-8000-000000000000";

const BEARER: Setup<'static> =
    Setup { apis: 1, embedded: 1, workers: 0, api_flags: &["--auth=bearer"], worker_flags: &[] };

/// Whether this client may write.
async fn writes(client: &Client) -> (u16, String) {
    said(&client.post_empty(&format!("/tickets/{SOMEWHERE}/cancel")).await)
}

async fn refresh(client: &Client, token: &str) -> Answer {
    client.post("/auth/refresh", json!({"refresh_token": token})).await
}

async fn recorded(world: &World, action: &str) -> i64 {
    let sql = format!("SELECT count(*) AS n FROM audit WHERE entity = 'account' AND action = '{action}'");
    world.number(&sql).await
}

async fn account_id(client: &Client) -> String {
    client.get("/me").await.text("id")
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// A token like this one with changes, signed with a key made from this secret.
pub(crate) fn forged(token: &str, secret: &str, change: impl Fn(&mut Value, &mut Value)) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let read = |part: &str| serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap();
    let (mut header, mut claims): (Value, Value) = (read(parts[0]), read(parts[1]));
    change(&mut header, &mut claims);
    let write = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", write(&header), write(&claims));
    let key = mac(secret.as_bytes(), b"tokens");
    let signature = match header["alg"].as_str().unwrap() {
        "none" => vec![],
        "HS512" => {
            let mut mac = Hmac::<Sha512>::new_from_slice(&key).unwrap();
            mac.update(message.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        _ => mac(&key, message.as_bytes()),
    };
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
}
