//! Who is calling.

use std::{marker::PhantomData, net::IpAddr, sync::Arc};

use entity::{
    Email, Millis, Viewer,
    account::Role,
    audit::{Actor, Who},
};
use ipnet::IpNet;
use poem::{
    Request, RequestBody, Result,
    http::{HeaderMap, Method, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};
use uuid::Uuid;

use super::{
    address,
    outer::Trace,
    problem::{Code, Problem},
};
use crate::{accounts::AccessTokens, app::App};

/// Somebody whom we know by e-mail, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) email: Email,
    pub(crate) role: Role,
    /// The account that a token was made for; nobody's behind a gateway.
    pub(crate) account_id: Option<Uuid>,
    /// The account's version that the token was made for; 0 behind a gateway.
    pub(crate) token_version: i64,
}

impl Caller {
    /// The caller as the record names whoever changes something.
    pub(crate) fn actor(&self, trace: &Trace) -> Actor {
        let who = self.account_id.map_or_else(|| Who::Gateway(self.email.clone()), Who::Account);
        Actor { who, request_id: Some(trace.request_id.clone()) }
    }

    /// The caller as the statements see one.
    pub(crate) fn viewer(&self) -> Viewer {
        Viewer {
            email: self.email.clone(),
            is_organizer: self.role >= Role::Organizer,
            is_admin: self.role >= Role::Admin,
        }
    }
}

/// How callers prove who they are.
#[derive(Clone, Debug)]
pub(crate) enum Auth {
    /// With a token of ours.
    Bearer(Arc<AccessTokens>),
    /// An authenticating gateway in one of these networks says so.
    Gateway(Vec<IpNet>),
}

/// What a request says about its caller: the caller, or why it cannot be told.
#[derive(Clone, Debug)]
pub(crate) struct Identity(pub(crate) Result<Caller, Stranger>);

/// Why a caller cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// The request does not say who is calling; the sentence says how it should.
    Silent(String),
    /// It brings a token that is not good, or no longer.
    InvalidToken,
}

impl Auth {
    /// Who is calling from `peer` with these headers. Asks nobody: what a token says is believed for as long as it is
    /// good, until a route asks for more.
    pub(crate) fn identify(&self, peer: IpAddr, headers: &HeaderMap, now: Millis) -> Identity {
        Identity(match self {
            Self::Bearer(tokens) => {
                bearer_token(headers).and_then(|token| tokens.check(token, now).map_err(|_| Stranger::InvalidToken))
            }
            Self::Gateway(networks) if !address::contains(networks, peer) => {
                Err(Stranger::Silent("Requests must come through the gateway.".to_owned()))
            }
            Self::Gateway(_) => from_gateway(headers).map_err(Stranger::Silent),
        })
    }
}

#[cfg(test)]
impl Auth {
    /// Tokens of some secret.
    pub(crate) fn for_tests() -> Self {
        let secret = crate::secret::Secret::parse(&"s".repeat(32)).unwrap();
        Self::Bearer(Arc::new(AccessTokens::new(&secret)))
    }
}

impl Stranger {
    /// The answer to a stranger who asks for something that is not for everybody.
    pub(crate) fn problem(&self, auth: &Auth) -> Problem {
        let Self::Silent(how) = self else { return invalid_token() };
        let scheme = match auth {
            Auth::Bearer(_) => "Bearer",
            Auth::Gateway(_) => "Gateway",
        };
        Problem::from(Code::Unauthenticated).detail(how).challenge(scheme)
    }
}

/// The answer to a token that is not good, or no longer.
pub(crate) fn invalid_token() -> Problem {
    Problem::from(Code::InvalidToken).challenge("Bearer")
}

/// What follows `Bearer` in the one Authorization header.
fn bearer_token(headers: &HeaderMap) -> Result<&str, Stranger> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Err(Stranger::Silent("Log in, and send Authorization: Bearer and the access token.".to_owned()));
    };
    let token = line
        .to_str()
        .ok()
        .and_then(|line| line.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.map(|(_, token)| token.trim()).ok_or(Stranger::InvalidToken)
}

fn from_gateway(headers: &HeaderMap) -> Result<Caller, String> {
    let email = Email::parse(single(headers, "X-User")?).map_err(|_| "X-User must be an e-mail address.".to_owned())?;
    let role = match single(headers, "X-Role")? {
        "attendee" | "user" => Role::Attendee,
        "organizer" => Role::Organizer,
        "admin" => Role::Admin,
        _ => return Err("X-Role must be attendee, organizer or admin.".to_owned()),
    };
    Ok(Caller { email, role, account_id: None, token_version: 0 })
}

/// A header that stands there exactly once: of two, one may have been slipped past the gateway.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, String> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next().map(|line| std::str::from_utf8(line.as_bytes())), lines.next()) {
        (Some(Ok(line)), None) => Ok(line.trim()),
        _ => Err(format!("The gateway must send {name} once.")),
    }
}

/// What a route asks for.
pub(crate) trait Rank: Send + Sync {
    /// The lowest role that will do.
    const ROLE: Role;

    /// Whether whoever does the work looks at the account itself.
    const IS_CHECKED_LATER: bool = false;
}

/// Anybody we know.
#[derive(Debug)]
pub(crate) struct Attendee;

/// Anybody we know, who wants seats. Intake looks at the accounts of a whole batch at once: a look for each request
/// would cost more than all the rest of it.
#[derive(Debug)]
pub(crate) struct Registrant;

/// Organizers and administrators.
#[derive(Debug)]
pub(crate) struct Organizer;

/// Administrators.
#[derive(Debug)]
pub(crate) struct Admin;

impl Rank for Attendee {
    const ROLE: Role = Role::Attendee;
}

impl Rank for Registrant {
    const ROLE: Role = Role::Attendee;
    const IS_CHECKED_LATER: bool = true;
}

impl Rank for Organizer {
    const ROLE: Role = Role::Organizer;
}

impl Rank for Admin {
    const ROLE: Role = Role::Admin;
}

/// The caller, who has at least the rank. Whoever wants to change something, or to see more than their own things, is
/// looked up: then a token counts for no more than its account does now. Must be a route's first argument: arguments are read in order, and who may
/// not ask learns nothing about the rest of the request.
#[derive(Debug)]
pub(crate) struct As<R>(pub(crate) Caller, PhantomData<R>);

const SCHEME: &str = "bearer";

impl<'a, R: Rank> ApiExtractor<'a> for As<R> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some(
                "An access token. Behind an authenticating gateway (`--auth gateway`) the gateway sends `X-User`, an \
                 e-mail, and `X-Role`, one of attendee, organizer and admin, instead.",
            ),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme(SCHEME, scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(request: &'a Request, _: &mut RequestBody, _: ExtractParamOptions<()>) -> Result<Self> {
        let (auth, identity) = (request.data::<Auth>(), request.data::<Identity>());
        let (Some(auth), Some(Identity(identity)), Some(app)) = (auth, identity, request.data::<Arc<App>>()) else {
            return Err(Problem::from(Code::Internal).into());
        };
        let claimed = identity.as_ref().map_err(|stranger| stranger.problem(auth))?;
        let trusts = R::IS_CHECKED_LATER || is_enough(claimed, R::ROLE, request.method());
        let caller = if trusts { claimed.clone() } else { look_up(app, claimed).await?.ok_or_else(invalid_token)? };
        if caller.role < R::ROLE {
            return Err(Problem::from(Code::Forbidden).into());
        }
        Ok(Self(caller, PhantomData))
    }
}

/// Whether what a token says is enough: for reading what is an attendee's own.
fn is_enough(claimed: &Caller, wanted: Role, method: &Method) -> bool {
    method.is_safe() && wanted == Role::Attendee && claimed.role == Role::Attendee
}

/// The caller with the role that the account has now; behind a gateway, as the gateway says. Nobody if the token is no
/// longer good.
pub(crate) async fn look_up(app: &App, claimed: &Caller) -> Result<Option<Caller>, Problem> {
    let Some(id) = claimed.account_id else { return Ok(Some(claimed.clone())) };
    let standing = app.reads.standing(id).await?.filter(|standing| standing.admits(claimed.token_version));
    Ok(standing.map(|standing| Caller { role: standing.role, ..claimed.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "127.0.0.1";

    fn identify(lines: &[(&'static str, &str)]) -> Result<Caller, Stranger> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let gateway = Auth::Gateway(vec!["127.0.0.0/8".parse().unwrap()]);
        gateway.identify(PEER.parse().unwrap(), &headers, 0).0
    }

    #[test]
    fn the_gateway_names_the_caller() {
        let caller = identify(&[("x-user", " A@x.org"), ("x-role", "user")]).unwrap();
        assert_eq!((caller.email.as_str(), caller.role), ("a@x.org", Role::Attendee));
        assert_eq!(identify(&[("x-user", "a@x.org"), ("x-role", "admin")]).unwrap().role, Role::Admin);
    }

    #[test]
    fn doubtful_headers_name_nobody() {
        assert!(identify(&[("x-user", "a@x.org")]).is_err());
        assert!(identify(&[("x-role", "admin")]).is_err());
        assert!(identify(&[("x-user", "a"), ("x-role", "user")]).is_err());
        assert!(identify(&[("x-user", "a@x.org"), ("x-role", "root")]).is_err());
        assert!(identify(&[("x-user", "a@x.org"), ("x-role", "user"), ("x-role", "admin")]).is_err());
    }

    #[test]
    fn strangers_are_no_gateway_and_bearer_mode_ignores_its_headers() {
        let mut headers = HeaderMap::new();
        headers.append("x-user", "a@x.org".parse().unwrap());
        headers.append("x-role", "admin".parse().unwrap());
        let gateway = Auth::Gateway(vec!["127.0.0.0/8".parse().unwrap()]);
        assert!(gateway.identify("192.0.2.1".parse().unwrap(), &headers, 0).0.is_err());
        assert!(gateway.identify("::ffff:127.0.0.1".parse().unwrap(), &headers, 0).0.is_ok());
        assert!(Auth::for_tests().identify(PEER.parse().unwrap(), &headers, 0).0.is_err());
    }

    #[test]
    fn a_token_stands_in_one_header() {
        let read = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("authorization", line.parse().unwrap());
            }
            bearer_token(&headers).map(str::to_owned)
        };
        assert_eq!(read(&["Bearer abc"]), Ok("abc".to_owned()));
        assert_eq!(read(&["bearer  abc"]), Ok("abc".to_owned()));
        assert_eq!(read(&["Basic abc"]), Err(Stranger::InvalidToken));
        assert!(matches!(read(&[]), Err(Stranger::Silent(_))));
        assert!(matches!(read(&["Bearer abc", "Bearer abc"]), Err(Stranger::Silent(_))));
    }

    #[test]
    fn only_attendees_reading_their_own_things_are_not_looked_up() {
        let caller =
            |role| Caller { email: Email::parse("a@x.org").unwrap(), role, account_id: None, token_version: 0 };
        let attendee = caller(Role::Attendee);
        assert!(is_enough(&attendee, Role::Attendee, &Method::GET));
        assert!(!is_enough(&attendee, Role::Attendee, &Method::POST));
        assert!(!is_enough(&attendee, Role::Organizer, &Method::GET), "who may have been promoted");
        assert!(!is_enough(&caller(Role::Organizer), Role::Attendee, &Method::GET), "who may have been demoted");
    }
}
