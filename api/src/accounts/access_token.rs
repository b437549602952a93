//! Access tokens: signed, good for ten minutes, and checked without asking the database.

use data_encoding::HEXLOWER;
use entity::{
    Email, Millis,
    account::{self, Role},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::hs256;
use crate::{http::caller::Caller, secret::Secret};

/// How long an access token is good, in seconds.
pub(crate) const LIFE_SECONDS: i64 = 600;

/// Clocks of machines may differ by so many seconds.
const LEEWAY_SECONDS: i64 = 30;

/// Who makes the tokens and whom they are for.
const ISSUER: &str = "turnout";
const AUDIENCE: &str = "turnout";

/// What a token says. All of it must be there.
#[derive(Debug, Deserialize, Serialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    email: String,
    role: String,
    token_version: i64,
}

/// A token is none of ours, or no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidToken;

/// Makes and checks access tokens.
pub(crate) struct AccessTokens {
    /// Names the key, so that tokens of another one are told apart before anything is computed.
    key_id: String,
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
}

impl AccessTokens {
    pub(crate) fn new(secret: &Secret) -> Self {
        hs256::install();
        let key = secret.key("tokens");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        // The library would read the system's clock; time is checked here, with the time that is passed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            key_id: HEXLOWER.encode(&secret.key("token key id")[..8]),
            signing: EncodingKey::from_secret(&key),
            checking: DecodingKey::from_secret(&key),
            validation,
        }
    }

    /// A new token for an account; nothing only if it cannot be written down, which does not happen.
    pub(crate) fn issue(&self, account: &account::Model, now: Millis) -> Option<String> {
        let now = now.div_euclid(1000);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: account.id,
            iat: now,
            nbf: now,
            exp: now + LIFE_SECONDS,
            email: account.email.clone(),
            role: account.role.as_str().to_owned(),
            token_version: account.token_version,
        };
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims, &self.signing).ok()
    }

    /// Who calls with this token at this time.
    pub(crate) fn check(&self, token: &str, now: Millis) -> Result<Caller, InvalidToken> {
        let header = decode_header(token).map_err(|_| InvalidToken)?;
        if header.kid.as_ref() != Some(&self.key_id) {
            return Err(InvalidToken);
        }
        let claims: Claims = decode(token, &self.checking, &self.validation).map_err(|_| InvalidToken)?.claims;
        if !is_timely(&claims, now.div_euclid(1000)) {
            return Err(InvalidToken);
        }
        Ok(Caller {
            email: Email::parse(&claims.email).map_err(|_| InvalidToken)?,
            role: Role::parse(&claims.role).ok_or(InvalidToken)?,
            account_id: Some(claims.sub),
            token_version: claims.token_version,
        })
    }
}

fn is_timely(claims: &Claims, now: i64) -> bool {
    claims.nbf <= now + LEEWAY_SECONDS && claims.iat <= now + LEEWAY_SECONDS && now < claims.exp + LEEWAY_SECONDS
}

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessTokens")
    }
}

#[cfg(test)]
mod tests {
    use proptest::{
        prelude::*,
        sample::{Index, select},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{http::arbitrary::any_text, secret::mac};

    /// What tokens are made of.
    const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

    const NOW: Millis = 1_800_000_000_000;

    fn tokens(secret: &str) -> AccessTokens {
        AccessTokens::new(&Secret::parse(&secret.repeat(32)).unwrap())
    }

    fn account() -> account::Model {
        account::Model {
            id: Uuid::from_u128(7),
            email: "a@x.org".to_owned(),
            name: "A".to_owned(),
            password_hash: None,
            role: Role::Organizer,
            is_active: true,
            token_version: 3,
            created_at: 0,
        }
    }

    /// A token like ours, with changes, signed with our key.
    fn forged(change: impl Fn(&mut Value, &mut Value)) -> String {
        let ours = tokens("s").issue(&account(), NOW).unwrap();
        let read = |part: &str| -> Value {
            serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
        };
        let parts: Vec<&str> = ours.split('.').collect();
        let (mut header, mut claims) = (read(parts[0]), read(parts[1]));
        change(&mut header, &mut claims);
        let write = |value: &Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", write(&header), write(&claims));
        let key = Secret::parse(&"s".repeat(32)).unwrap().key("tokens");
        format!("{message}.{}", data_encoding::BASE64URL_NOPAD.encode(&mac(&key, message.as_bytes())))
    }

    #[test]
    fn a_token_names_its_account() {
        let token = tokens("s").issue(&account(), NOW).unwrap();
        let caller = tokens("s").check(&token, NOW).unwrap();
        assert_eq!((caller.email.as_str(), caller.role), ("a@x.org", Role::Organizer));
        assert_eq!((caller.account_id, caller.token_version), (Some(Uuid::from_u128(7)), 3));
        assert!(tokens("s").check(&forged(|_, _| ()), NOW).is_ok(), "the forger of these tests is able");
    }

    #[test]
    fn a_token_is_good_for_ten_minutes_give_or_take_half_of_one() {
        let (tokens, token) = (tokens("s"), tokens("s").issue(&account(), NOW).unwrap());
        let at = |seconds: i64| tokens.check(&token, NOW + seconds * 1000).is_ok();
        assert!(at(-30) && at(0) && at(629));
        assert!(!at(-31) && !at(630));
    }

    #[test]
    fn tokens_of_others_are_refused() {
        let ours = tokens("s").issue(&account(), NOW).unwrap();
        assert!(tokens("t").check(&ours, NOW).is_err());
        let (message, signature) = ours.rsplit_once('.').unwrap();
        for wrong in ["", "a.b.c", message, &format!("{message}."), &format!("{signature}.{message}")] {
            assert!(tokens("s").check(wrong, NOW).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_are_as_ours() {
        for (name, value) in [("alg", "none"), ("alg", "HS512"), ("alg", "RS256"), ("alg", "ES256"), ("kid", "other")] {
            let token = forged(|header, _| header[name] = json!(value));
            assert!(tokens("s").check(&token, NOW).is_err(), "{name} {value}");
        }
        assert!(tokens("s").check(&forged(|header, _| header["kid"] = Value::Null), NOW).is_err());
    }

    #[test]
    fn every_claim_must_be_there_and_right() {
        for name in ["iss", "aud", "sub", "iat", "nbf", "exp", "email", "role", "token_version"] {
            let without = forged(|_, claims| drop(claims.as_object_mut().unwrap().remove(name)));
            assert!(tokens("s").check(&without, NOW).is_err(), "without {name}");
            let wrong = forged(|_, claims| claims[name] = json!("wrong"));
            assert!(tokens("s").check(&wrong, NOW).is_err(), "wrong {name}");
        }
        let from_the_future = forged(|_, claims| claims["iat"] = json!(NOW / 1000 + 31));
        assert!(tokens("s").check(&from_the_future, NOW).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_a_token(text in any_text("eyJhbGciOiJIUzI1NiJ9.-_=")) {
            prop_assert_eq!(tokens("s").check(&text, NOW).err(), Some(InvalidToken));
        }

        #[test]
        fn a_token_with_one_character_changed_is_none(place in any::<Index>(), other in select(BASE64URL.to_vec())) {
            let token = tokens("s").issue(&account(), NOW).unwrap();
            let mut bytes = token.clone().into_bytes();
            bytes[place.index(token.len())] = other;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(tokens("s").check(&changed, NOW).is_ok(), changed == token);
        }
    }
}
