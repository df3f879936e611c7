use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::credential_source::CredentialSource;
use super::reader::{Reader, object, problem, received};
use super::refuse;
use crate::error::{Problem, Result};
use crate::redact::Secret;

const FIELD: &str = "authentication";
const FIELDS: &[&str] = &["clientToken", "jwtToken", "kubernetes"];
const ALLOWED: &str = "{ clientToken }, { jwtToken } or { kubernetes }, exactly one of them, or a list of such objects";
const ALLOWED_TOKEN: &str = "text that is not empty, in visible ASCII characters without line breaks, or a function that answers with such text";

/// A credential that is sent with every request and never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// A client token, sent as `Authorization: Bearer <token>`.
    ClientToken(Token),
    /// A JSON web token, sent as `Authorization: JWT <token>`.
    Jwt(Token),
    /// The service account of a Kubernetes pod.
    Kubernetes(Kubernetes),
}

/// A token, or who knows it.
#[derive(Clone)]
pub enum Token {
    /// Always the same.
    Fixed(Secret),
    /// Asked for when one is needed; the answer is kept until the server refuses it or it expires.
    Source(Arc<dyn CredentialSource>),
}

/// How a pod shows its service account: as `Authorization: JWT <token>`, which Flipt v2 takes, or by the client token
/// that Flipt v1 gives in exchange for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubernetes {
    /// The file with the token; read again when it changes, and before the token expires.
    pub token_path: PathBuf,
}

/// Finds the function that a place in the options stands for.
pub(super) type Sources<'a> = dyn Fn(usize) -> Option<Arc<dyn CredentialSource>> + 'a;

impl Authentication {
    /// Reads what the option `authentication` may be: one credential, or a list in the order in which they are tried.
    ///
    /// `{"$source": <index>}` in the place of a token is one that `sources` knows by that index.
    ///
    /// # Errors
    /// [`ErrorKind::Options`](crate::ErrorKind::Options) with every bad field; no token is ever repeated.
    pub fn from_json(value: &Value, sources: &dyn Fn(usize) -> Option<Arc<dyn CredentialSource>>) -> Result<Vec<Self>> {
        let mut problems = Vec::new();
        let list = list(value, sources, &mut problems);
        refuse(problems)?;
        Ok(list)
    }

    /// Checks a list that was made in code.
    ///
    /// # Errors
    /// [`ErrorKind::Options`](crate::ErrorKind::Options) with every token that cannot be sent.
    pub fn validate(list: &[Self]) -> Result<()> {
        let mut problems = Vec::new();
        check(list, &mut problems);
        refuse(problems)
    }

    /// The path of the field that holds what is sent, below the place of the whole.
    pub(crate) fn field(&self, place: &str) -> String {
        let name = match self {
            Self::ClientToken(_) => "clientToken",
            Self::Jwt(_) => "jwtToken",
            Self::Kubernetes(_) => "kubernetes",
        };
        format!("{place}.{name}")
    }

    fn check(&self, place: &str, problems: &mut Vec<Problem>) {
        if let Self::ClientToken(Token::Fixed(secret)) | Self::Jwt(Token::Fixed(secret)) = self
            && let Some(received) = flaw(secret.expose())
        {
            problems.push(problem(self.field(place), received, ALLOWED_TOKEN));
        }
    }
}

impl Kubernetes {
    /// Where Kubernetes puts the token of a pod's service account.
    pub const DEFAULT_TOKEN_PATH: &'static str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
}

impl Default for Kubernetes {
    fn default() -> Self {
        Self { token_path: Self::DEFAULT_TOKEN_PATH.into() }
    }
}

impl From<Secret> for Token {
    fn from(secret: Secret) -> Self {
        Self::Fixed(secret)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(secret) => f.debug_tuple("Fixed").field(secret).finish(),
            Self::Source(_) => f.write_str("Source(..)"),
        }
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fixed(left), Self::Fixed(right)) => left == right,
            (Self::Source(left), Self::Source(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl Eq for Token {}

/// What messages call each of several credentials, or the only one.
pub(crate) fn place(index: usize, count: usize) -> String {
    if count == 1 { FIELD.to_owned() } else { format!("{FIELD}[{index}]") }
}

/// What makes a token unusable, said without repeating it.
pub(crate) fn flaw(token: &str) -> Option<&'static str> {
    if token.is_empty() {
        Some("an empty text")
    } else if token.contains(['\r', '\n']) {
        Some("text with a line break")
    } else if token.contains(' ') {
        Some("text with a space")
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("text with characters that a header cannot hold")
    } else {
        None
    }
}

/// The checks that hold however the list was made.
pub(super) fn check(list: &[Authentication], problems: &mut Vec<Problem>) {
    for (index, authentication) in list.iter().enumerate() {
        authentication.check(&place(index, list.len()), problems);
    }
}

/// Reads the option `authentication`.
pub(super) fn read(options: &mut Reader<'_>, sources: &Sources<'_>, target: &mut Vec<Authentication>) {
    let fields = options.fields;
    if let Some(value) = fields.get(FIELD).filter(|value| !value.is_null()) {
        *target = list(value, sources, options.problems);
    }
}

fn list(value: &Value, sources: &Sources<'_>, problems: &mut Vec<Problem>) -> Vec<Authentication> {
    let Value::Array(items) = value else {
        return one(value, FIELD.to_owned(), ALLOWED, sources, problems).into_iter().collect();
    };
    if items.is_empty() {
        problems.push(problem(FIELD, "an empty list", ALLOWED));
    }
    const ALLOWED_ITEM: &str = "{ clientToken }, { jwtToken } or { kubernetes }, exactly one of them";
    let read = |(index, item)| one(item, format!("{FIELD}[{index}]"), ALLOWED_ITEM, sources, problems);
    items.iter().enumerate().filter_map(read).collect()
}

fn one(
    value: &Value,
    place: String,
    allowed: &str,
    sources: &Sources<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Authentication> {
    let Some(fields) = object(value) else {
        problems.push(problem(place, received(value), allowed));
        return None;
    };
    let before = problems.len();
    let mut reader = Reader { fields, path: format!("{place}.").into(), problems };
    reader.unknown(FIELDS);
    let client = token(&mut reader, "clientToken", sources).map(Authentication::ClientToken);
    let jwt = token(&mut reader, "jwtToken", sources).map(Authentication::Jwt);
    let kubernetes = kubernetes(&mut reader).map(Authentication::Kubernetes);
    if problems.len() > before {
        return None;
    }
    let mut given = [client, jwt, kubernetes].into_iter().flatten();
    let received = match (given.next(), given.count()) {
        (Some(authentication), 0) => {
            authentication.check(&place, problems);
            return Some(authentication);
        }
        (None, _) => "an object without a token",
        (Some(_), 1) => "both",
        (Some(_), _) => "all of them",
    };
    problems.push(problem(place, received, allowed));
    None
}

fn token(fields: &mut Reader<'_>, name: &str, sources: &Sources<'_>) -> Option<Token> {
    let source = fields.value(name).and_then(Value::as_object).and_then(|object| source(object, sources));
    source.map(Token::Source).or_else(|| fields.string(name, ALLOWED_TOKEN).map(|text| Token::Fixed(Secret::new(text))))
}

fn source(object: &Map<String, Value>, sources: &Sources<'_>) -> Option<Arc<dyn CredentialSource>> {
    let index = object.get("$source")?.as_u64()?;
    sources(usize::try_from(index).ok()?)
}

fn kubernetes(fields: &mut Reader<'_>) -> Option<Kubernetes> {
    let path = format!("{}kubernetes.", fields.path);
    let mut fields = fields.nested("kubernetes", path, "an object, with a tokenPath or without")?;
    fields.unknown(&["tokenPath"]);
    match fields.value("tokenPath") {
        Some(_) => fields.file("tokenPath").map(|token_path| Kubernetes { token_path }),
        None => Some(Kubernetes::default()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{CredentialFuture, CredentialRequest};
    use crate::error::ErrorKind;

    struct Silent;

    impl CredentialSource for Silent {
        fn obtain(&self, _request: CredentialRequest) -> CredentialFuture<'_> {
            Box::pin(std::future::pending())
        }
    }

    fn read(value: &Value) -> Result<Vec<Authentication>> {
        Authentication::from_json(value, &|index| (index < 2).then(|| Arc::new(Silent) as Arc<dyn CredentialSource>))
    }

    fn fixed(text: &str) -> Token {
        Token::Fixed(Secret::new(text))
    }

    #[test]
    fn a_token_is_visible_ascii() {
        assert_eq!(flaw("eyJhbGciOi.J9-_~+/="), None);
        for (token, received) in [
            ("", "an empty text"),
            ("a\nb", "text with a line break"),
            ("token\r\nHost: evil", "text with a line break"),
            ("a b", "text with a space"),
            ("a\u{7f}", "text with characters that a header cannot hold"),
            ("a\0b", "text with characters that a header cannot hold"),
            ("é", "text with characters that a header cannot hold"),
        ] {
            assert_eq!(flaw(token), Some(received), "{token:?}");
        }
    }

    #[test]
    fn one_credential_or_a_list_in_order() {
        let pod = |path: &str| Authentication::Kubernetes(Kubernetes { token_path: path.into() });
        for (value, expected) in [
            (json!({ "clientToken": "t" }), vec![Authentication::ClientToken(fixed("t"))]),
            (json!({ "jwtToken": "a.b.c", "kubernetes": null }), vec![Authentication::Jwt(fixed("a.b.c"))]),
            (json!({ "kubernetes": {} }), vec![pod(Kubernetes::DEFAULT_TOKEN_PATH)]),
            (json!({ "kubernetes": { "tokenPath": null } }), vec![pod(Kubernetes::DEFAULT_TOKEN_PATH)]),
            (
                json!([{ "clientToken": "new" }, { "kubernetes": { "tokenPath": "/t" } }, { "clientToken": "old" }]),
                vec![Authentication::ClientToken(fixed("new")), pod("/t"), Authentication::ClientToken(fixed("old"))],
            ),
        ] {
            assert_eq!(read(&value).unwrap(), expected);
        }
    }

    #[test]
    fn a_place_that_stands_for_a_function_is_bound_to_it() {
        let list = read(&json!([{ "clientToken": { "$source": 0 } }, { "jwtToken": { "$source": 1 } }])).unwrap();
        assert!(matches!(
            &list[..],
            [Authentication::ClientToken(Token::Source(_)), Authentication::Jwt(Token::Source(_))]
        ));
        assert_eq!(list, list.clone());
        assert_eq!(format!("{list:?}"), "[ClientToken(Source(..)), Jwt(Source(..))]");
    }

    #[test]
    fn every_bad_field_is_named_and_no_token_repeated() {
        for (value, field, received) in [
            (json!(null), "authentication", "null"),
            (json!([]), "authentication", "an empty list"),
            (json!(["hunter2"]), "authentication[0]", "a text"),
            (json!([{ "clientToken": "t" }, {}]), "authentication[1]", "an object without a token"),
            (json!([{ "clientToken": "t" }, [{ "clientToken": "hunter2" }]]), "authentication[1]", "an array"),
            (
                json!([{ "clientToken": "t" }, { "jwtToken": "hunter2\n" }]),
                "authentication[1].jwtToken",
                "text with a line break",
            ),
            (json!([{ "clientToken": "hunter2", "jwtToken": "hunter2" }]), "authentication[0]", "both"),
            (json!({ "clientToken": "hunter2", "kubernetes": {} }), "authentication", "both"),
            (
                json!({ "clientToken": "hunter2", "jwtToken": "hunter2", "kubernetes": {} }),
                "authentication",
                "all of them",
            ),
            (json!({ "clientToken": { "$source": 2 } }), "authentication.clientToken", "an object"),
            (json!({ "clientToken": { "$js": "symbol" } }), "authentication.clientToken", "symbol"),
            (json!({ "clientToken": ["hunter2"] }), "authentication.clientToken", "an array"),
            (json!({ "kubernetes": "hunter2" }), "authentication.kubernetes", "a text"),
            (
                json!({ "kubernetes": { "tokenPath": " " } }),
                "authentication.kubernetes.tokenPath",
                "a blank text or one with a NUL",
            ),
            (
                json!({ "kubernetes": { "tokenpath": "hunter2" } }),
                "authentication.kubernetes.tokenpath",
                "an unknown option (a text)",
            ),
            (json!([{ "token": "hunter2" }]), "authentication[0].token", "an unknown option (a text)"),
            (json!({ "$js": "function" }), "authentication", "function"),
        ] {
            let error = read(&value).unwrap_err();
            let ErrorKind::Options(problems) = error.kind() else { panic!("{error}") };
            let [problem] = &problems[..] else { panic!("{value}: {problems:?}") };
            assert_eq!((problem.field.as_str(), problem.received.as_str()), (field, received), "{value}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_list_made_in_code_is_checked_by_its_places() {
        let mut problems = Vec::new();
        check(&[Authentication::ClientToken(fixed("t")), Authentication::Jwt(fixed("hunter2 "))], &mut problems);
        check(&[Authentication::Jwt(fixed(""))], &mut problems);
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["authentication[1].jwtToken", "authentication.jwtToken"]);
    }
}
