//! Who is calling.

use std::{marker::PhantomData, net::IpAddr};

use entity::{
    Email, Viewer,
    account::Role,
    audit::{Actor, Who},
};
use ipnet::IpNet;
use poem::{Request, RequestBody, Result, http::HeaderMap};
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

/// Somebody whom we know by e-mail, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) email: Email,
    pub(crate) role: Role,
    /// The account that a token was made for; nobody's behind a gateway.
    pub(crate) account_id: Option<Uuid>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// With a token of ours.
    Bearer,
    /// An authenticating gateway in one of these networks says so.
    Gateway(Vec<IpNet>),
}

/// What a request says about its caller: the caller, or why it cannot be told.
#[derive(Clone, Debug)]
pub(crate) struct Identity(pub(crate) Result<Caller, String>);

impl Auth {
    /// Who is calling from `peer` with these headers.
    pub(crate) fn identify(&self, peer: IpAddr, headers: &HeaderMap) -> Identity {
        Identity(match self {
            Self::Bearer => Err("Accounts are not there yet. Start the service with --auth gateway and send X-User \
                                 and X-Role."
                .to_owned()),
            Self::Gateway(networks) if !address::contains(networks, peer) => {
                Err("Requests must come through the gateway.".to_owned())
            }
            Self::Gateway(_) => from_gateway(headers),
        })
    }

    /// The value of WWW-Authenticate.
    fn challenge(&self) -> &'static str {
        match self {
            Self::Bearer => "Bearer realm=\"turnout\"",
            Self::Gateway(_) => "Gateway realm=\"turnout\"",
        }
    }
}

fn from_gateway(headers: &HeaderMap) -> Result<Caller, String> {
    let email = Email::parse(single(headers, "X-User")?).map_err(|_| "X-User must be an e-mail address.".to_owned())?;
    let role = match single(headers, "X-Role")? {
        "attendee" | "user" => Role::Attendee,
        "organizer" => Role::Organizer,
        "admin" => Role::Admin,
        _ => return Err("X-Role must be attendee, organizer or admin.".to_owned()),
    };
    Ok(Caller { email, role, account_id: None })
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
}

/// Anybody we know.
#[derive(Debug)]
pub(crate) struct Attendee;

/// Organizers and administrators.
#[derive(Debug)]
pub(crate) struct Organizer;

/// Administrators.
#[derive(Debug)]
pub(crate) struct Admin;

impl Rank for Attendee {
    const ROLE: Role = Role::Attendee;
}

impl Rank for Organizer {
    const ROLE: Role = Role::Organizer;
}

impl Rank for Admin {
    const ROLE: Role = Role::Admin;
}

/// The caller, who has at least the rank. Must be a route's first argument: arguments are read in order, and who may
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
        let (Some(auth), Some(Identity(identity))) = (request.data::<Auth>(), request.data::<Identity>()) else {
            return Err(Problem::from(Code::Internal).into());
        };
        match identity {
            Err(why) => {
                let problem = Problem::from(Code::Unauthenticated).detail(why);
                Err(problem.header("WWW-Authenticate", auth.challenge()).into())
            }
            Ok(caller) if caller.role < R::ROLE => Err(Problem::from(Code::Forbidden).into()),
            Ok(caller) => Ok(Self(caller.clone(), PhantomData)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(lines: &[(&'static str, &str)]) -> Result<Caller, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let gateway = Auth::Gateway(vec!["127.0.0.0/8".parse().unwrap()]);
        gateway.identify("127.0.0.1".parse().unwrap(), &headers).0
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
        assert!(gateway.identify("192.0.2.1".parse().unwrap(), &headers).0.is_err());
        assert!(gateway.identify("::ffff:127.0.0.1".parse().unwrap(), &headers).0.is_ok());
        assert!(Auth::Bearer.identify("127.0.0.1".parse().unwrap(), &headers).0.is_err());
    }
}
