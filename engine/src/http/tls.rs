//! Whom the clients of this process trust, and how they show who they are. The only place where that is decided.

mod material;
mod named;
mod roots;
mod verifier;

use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use material::Material;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use verifier::{Check, Verifier};

use crate::config::Config;
use crate::error::{Error, ErrorKind, Result, TransportReason};

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

/// What clients with equal settings share, so that many of them hold one set of roots.
static SHARED: Mutex<Vec<Weak<Tls>>> = Mutex::new(Vec::new());

/// TLS as some clients want it.
pub(super) struct Tls {
    material: Material,
    with_roots: bool,
    config: ClientConfig,
}

impl Tls {
    /// TLS as `config` and the process environment behind it want it.
    ///
    /// The roots are left out for a client that `needs` none of them: reading them takes a while.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] with every field of `tlsConfig` that cannot be used.
    pub(super) fn shared(config: &Config, needs: bool, warnings: &mut Vec<String>) -> Result<Arc<Self>> {
        let material = Material::read(config, needs, warnings)?;
        let with_roots = needs && material.check != Check::Nothing;
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let equal = |tls: &Arc<Self>| tls.with_roots == with_roots && tls.material == material;
        if let Some(tls) = shared.iter().filter_map(Weak::upgrade).find(equal) {
            return Ok(tls);
        }
        let unusable = |_| Error::new(ErrorKind::Transport(TransportReason::Tls)).with_context("no TLS set-up");
        let config = client(&material, with_roots).map_err(unusable)?;
        let tls = Arc::new(Self { material, with_roots, config });
        shared.retain(|tls| tls.strong_count() > 0);
        shared.push(Arc::downgrade(&tls));
        Ok(tls)
    }

    /// For an HTTP client; what is large in it stays shared.
    pub(super) fn config(&self) -> ClientConfig {
        self.config.clone()
    }
}

fn client(material: &Material, with_roots: bool) -> std::result::Result<ClientConfig, rustls::Error> {
    let roots = if with_roots { roots::with(&material.authorities) } else { roots::none() };
    let verifier = Verifier::new(material.check, roots, material.authorities.clone(), &PROVIDER);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &material.identity {
        Some(identity) => builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TlsConfig;

    fn shared(tls: TlsConfig, needs: bool) -> Arc<Tls> {
        Tls::shared(&Config { tls, ..Config::default() }, needs, &mut Vec::new()).unwrap()
    }

    #[test]
    fn both_protocols_are_offered() {
        assert_eq!(shared(TlsConfig::default(), true).config().alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }

    #[test]
    fn clients_with_equal_settings_share_one_and_nobody_keeps_it() {
        let any_host = || TlsConfig { insecure_skip_hostname_verify: true, ..TlsConfig::default() };
        let (first, second) = (shared(any_host(), true), shared(any_host(), true));
        assert!(Arc::ptr_eq(&first, &second));
        assert!(!Arc::ptr_eq(&first, &shared(TlsConfig::default(), true)));
        assert!(!Arc::ptr_eq(&first, &shared(any_host(), false)));
        let gone = Arc::downgrade(&first);
        drop((first, second));
        assert_eq!(gone.strong_count(), 0);
    }
}
