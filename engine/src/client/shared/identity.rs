use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Authentication, Config, ServerUrl, Token};
use crate::http::Fetch;

/// What makes two clients one. Never shown: it holds credentials.
#[derive(Clone)]
pub(super) struct Identity {
    place: Place,
    authentication: Vec<Authentication>,
    /// Whether there were functions among the credentials at first: theirs is a client that others do not find later by a
    /// token that took their place.
    has_functions: bool,
    fetch: Option<Arc<dyn Fetch>>,
}

/// Which flags are meant.
#[derive(Clone, PartialEq, Eq)]
struct Place {
    url: ServerUrl,
    environment: String,
    namespace: String,
    reference: Option<String>,
    /// The feature files in the place of a server.
    source: Option<PathBuf>,
}

impl Identity {
    pub(super) fn new(config: &Config, fetch: Option<Arc<dyn Fetch>>) -> Self {
        Self {
            place: Place::new(config),
            authentication: config.authentication.clone(),
            has_functions: config.authentication.iter().any(is_function),
            fetch,
        }
    }

    /// Whether the options mean this client, where functions are taken for the same.
    pub(super) fn fits(&self, config: &Config) -> bool {
        self.place == Place::new(config)
            && self.authentication.len() == config.authentication.len()
            && self.authentication.iter().zip(&config.authentication).all(|(own, other)| is_same(own, other))
    }

    pub(super) fn authenticate(&mut self, authentication: &[Authentication]) {
        self.authentication = authentication.to_vec();
    }
}

/// Functions are the same when they are one.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        let is_same_fetch = match (&self.fetch, &other.fetch) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (None, None) => true,
            _ => false,
        };
        is_same_fetch
            && self.has_functions == other.has_functions
            && self.place == other.place
            && self.authentication == other.authentication
    }
}

impl Place {
    fn new(config: &Config) -> Self {
        Self {
            url: config.url.clone(),
            environment: config.environment.clone(),
            namespace: config.namespace.clone(),
            reference: config.reference.clone(),
            source: config.source.as_ref().map(|source| source.path.clone()),
        }
    }
}

fn is_function(authentication: &Authentication) -> bool {
    matches!(authentication, Authentication::ClientToken(Token::Source(_)) | Authentication::Jwt(Token::Source(_)))
}

fn is_same(own: &Authentication, other: &Authentication) -> bool {
    match (own, other) {
        (Authentication::ClientToken(Token::Source(_)), Authentication::ClientToken(Token::Source(_)))
        | (Authentication::Jwt(Token::Source(_)), Authentication::Jwt(Token::Source(_))) => true,
        _ => own == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::{CredentialFuture, CredentialRequest, CredentialSource};
    use crate::http::{FetchFuture, FetchRequest};

    struct Silent;

    impl CredentialSource for Silent {
        fn obtain(&self, _request: CredentialRequest) -> CredentialFuture<'_> {
            Box::pin(std::future::pending())
        }
    }

    impl Fetch for Silent {
        fn fetch(&self, _request: FetchRequest) -> FetchFuture<'_> {
            Box::pin(std::future::pending())
        }
    }

    fn config(options: &Value) -> Config {
        Config::from_json_with(options, &|_| Some(Arc::new(Silent))).unwrap()
    }

    fn identity(options: &Value) -> Identity {
        Identity::new(&config(options), None)
    }

    #[test]
    fn an_identity_is_place_and_credentials_and_nothing_else() {
        let spelled = |more: Value| {
            let mut options = json!({
                "url": "http://Flags.example:80/base/", "environment": "default", "namespace": "default",
                "reference": "", "authentication": { "clientToken": "hunter2" },
            });
            options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            options
        };
        let one =
            identity(&json!({ "url": "http://flags.example/base", "authentication": [{ "clientToken": "hunter2" }] }));
        for same in [json!({}), json!({ "updateInterval": 7, "errorStrategy": "fallback", "snapshot": "e30=" })] {
            assert!(one == identity(&spelled(same.clone())), "{same}");
        }
        for other in [
            json!({ "url": "http://flags.example" }),
            json!({ "url": "https://flags.example/base" }),
            json!({ "url": "http://flags.example:8080/base" }),
            json!({ "environment": "staging" }),
            json!({ "namespace": "shop" }),
            json!({ "reference": "main" }),
            json!({ "authentication": null }),
            json!({ "authentication": { "clientToken": "hunter3" } }),
            json!({ "authentication": { "jwtToken": "hunter2" } }),
            json!({ "authentication": { "kubernetes": {} } }),
            json!({ "authentication": [{ "clientToken": "hunter2" }, { "clientToken": "hunter3" }] }),
        ] {
            assert!(one != identity(&spelled(other.clone())), "{other}");
            assert!(!one.fits(&config(&spelled(other.clone()))), "{other}");
        }
    }

    #[test]
    fn functions_are_compared_by_what_they_are_or_vouched_for() {
        let options = json!({ "authentication": { "clientToken": { "$source": 0 } } });
        let (one, two) = (config(&options), config(&options));
        let fetch: Arc<dyn Fetch> = Arc::new(Silent);
        let identity = Identity::new(&one, Some(Arc::clone(&fetch)));
        assert!(identity == Identity::new(&one, Some(fetch)));
        assert!(identity != Identity::new(&one, Some(Arc::new(Silent))));
        assert!(identity != Identity::new(&one, None));
        assert!(Identity::new(&one, None) != Identity::new(&two, None));
        assert!(identity.fits(&two));
        assert!(!identity.fits(&config(&json!({ "authentication": { "jwtToken": { "$source": 0 } } }))));
        assert!(!identity.fits(&config(&json!({ "authentication": { "clientToken": "t" } }))));
    }

    #[test]
    fn other_credentials_make_another_identity() {
        let mut one = identity(&json!({ "authentication": { "clientToken": "old" } }));
        let new = json!({ "authentication": { "clientToken": "new" } });
        one.authenticate(&config(&new).authentication);
        assert!(one == identity(&new));
        let mut function = identity(&json!({ "authentication": { "clientToken": { "$source": 0 } } }));
        function.authenticate(&config(&new).authentication);
        assert!(function != identity(&new), "what belongs to one thread is not found by others");
    }
}
