use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

/// Where Unix systems keep all their roots in one file; the first that exists counts.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// Where they keep one file for each, for systems without such a bundle.
const FOLDERS: &[&str] = &["/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/certs/CA", "/system/etc/security/cacerts"];

/// The system's roots and the bundled ones, read once for the process.
pub(super) fn usual() -> Arc<RootCertStore> {
    static USUAL: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    Arc::clone(USUAL.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        // One that cannot be read is the system's business; there are others.
        roots.add_parsable_certificates(system());
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let mut known = HashSet::new();
        roots.roots.retain(|root| known.insert((root.subject.clone(), root.subject_public_key_info.clone())));
        Arc::new(roots)
    }))
}

/// The usual roots and some more.
pub(super) fn with(authorities: &[CertificateDer<'static>]) -> Arc<RootCertStore> {
    if authorities.is_empty() {
        return usual();
    }
    let mut roots = RootCertStore::clone(&usual());
    roots.add_parsable_certificates(authorities.iter().cloned());
    Arc::new(roots)
}

/// For a client that checks no certificate.
pub(super) fn none() -> Arc<RootCertStore> {
    static NONE: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    Arc::clone(NONE.get_or_init(|| Arc::new(RootCertStore::empty())))
}

/// Reads files at fixed places, so that no variable of the process environment has a say.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn system() -> Vec<CertificateDer<'static>> {
    fn existing(places: &[&'static str]) -> Option<&'static Path> {
        places.iter().map(|place| Path::new(*place)).find(|place| place.exists())
    }
    let bundled = rustls_native_certs::load_certs_from_paths(existing(BUNDLES), None).certs;
    if bundled.is_empty() { rustls_native_certs::load_certs_from_paths(None, existing(FOLDERS)).certs } else { bundled }
}

/// Asks the system's own store. Where the environment of the process, not of the calling thread, has `SSL_CERT_FILE` or
/// `SSL_CERT_DIR`, it is those files instead, which the process trusts too.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn system() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_roots_are_read_once_and_hold_the_bundled_ones_once() {
        let roots = usual();
        assert!(Arc::ptr_eq(&roots, &usual()));
        assert!(Arc::ptr_eq(&roots, &with(&[])));
        for bundled in webpki_roots::TLS_SERVER_ROOTS {
            let same = |root: &&rustls::pki_types::TrustAnchor<'static>| {
                root.subject == bundled.subject && root.subject_public_key_info == bundled.subject_public_key_info
            };
            assert_eq!(roots.roots.iter().filter(same).count(), 1, "{bundled:?}");
        }
    }
}
