use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::verifier::Check;
use super::{PROVIDER, named};
use crate::config::{Config, TlsConfig};
use crate::error::{Error, ErrorKind, Problem, Result};

/// The largest file of certificates or keys that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

const CERTIFICATES: &str = "certificates as PEM text";
const KEY: &str = "the key of the client certificate as PEM text, without a passphrase";

/// Everything that one client's TLS is made of, beside the usual roots.
#[derive(PartialEq, Eq)]
pub(super) struct Material {
    pub(super) check: Check,
    /// Certificates that are trusted beside the usual roots.
    pub(super) authorities: Vec<CertificateDer<'static>>,
    pub(super) identity: Option<Identity>,
}

/// How a client shows who it is.
#[derive(PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// One of the texts that an option or a file holds.
struct Text {
    field: &'static str,
    bytes: Vec<u8>,
}

impl Material {
    /// Reads what the options name, and what the environment names beside it; the latter only leads to warnings, and is
    /// left out for a client that needs no roots.
    pub(super) fn read(config: &Config, needs_roots: bool, warnings: &mut Vec<String>) -> Result<Self> {
        let mut problems = Vec::new();
        let mut authorities = authorities(&config.tls, &mut problems);
        let identity = identity(&config.tls, &mut problems);
        if !problems.is_empty() {
            return Err(Error::new(ErrorKind::Options(problems)));
        }
        if needs_roots {
            authorities.extend(named::by(&config.process_environment, warnings));
        }
        Ok(Self { check: check(config, warnings), authorities, identity })
    }
}

fn check(config: &Config, warnings: &mut Vec<String>) -> Check {
    let mut check = Check::Everything;
    if config.tls.insecure_skip_hostname_verify {
        warnings
            .push("tlsConfig.insecureSkipHostnameVerify is on: certificates of other hosts are accepted".to_owned());
        check = Check::Chain;
    }
    if config.tls.insecure_skip_verify {
        warnings.push("tlsConfig.insecureSkipVerify is on: no certificate of a server is checked".to_owned());
        check = Check::Nothing;
    }
    if config.process_environment.get("NODE_TLS_REJECT_UNAUTHORIZED") == Some("0") {
        warnings.push("NODE_TLS_REJECT_UNAUTHORIZED is 0: no certificate of a server is checked".to_owned());
        check = Check::Nothing;
    }
    check
}

fn authorities(config: &TlsConfig, problems: &mut Vec<Problem>) -> Vec<CertificateDer<'static>> {
    let data = config.ca_cert_data.as_deref();
    let text = text(("tlsConfig.caCertData", data), ("tlsConfig.caCertFile", &config.ca_cert_file), problems);
    let Some(Text { field, bytes }) = text else { return Vec::new() };
    certificates(&bytes).unwrap_or_else(|received| {
        problems.push(problem(field, received, CERTIFICATES));
        Vec::new()
    })
}

fn identity(config: &TlsConfig, problems: &mut Vec<Problem>) -> Option<Identity> {
    let data = config.client_cert_data.as_deref();
    let chain =
        text(("tlsConfig.clientCertData", data), ("tlsConfig.clientCertFile", &config.client_cert_file), problems);
    let data = config.client_key_data.as_ref().map(crate::redact::Secret::expose);
    let key = text(("tlsConfig.clientKeyData", data), ("tlsConfig.clientKeyFile", &config.client_key_file), problems);
    let (chain, key) = (chain?, key?);
    let certificates = certificates(&chain.bytes).map_err(|received| problem(chain.field, received, CERTIFICATES));
    let secret = private_key(&key.bytes).map_err(|received| problem(key.field, received, KEY));
    match (certificates, secret) {
        (Ok(certificates), Ok(secret)) => {
            let fitting = fitting(certificates, secret, chain.field, key.field);
            fitting.map_err(|problem| problems.push(problem)).ok()
        }
        (certificates, secret) => {
            problems.extend([certificates.err(), secret.err()].into_iter().flatten());
            None
        }
    }
}

fn fitting(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    chain_field: &str,
    key_field: &str,
) -> std::result::Result<Identity, Problem> {
    match CertifiedKey::from_der(chain.clone(), key.clone_key(), &PROVIDER) {
        Ok(_) => Ok(Identity { chain, key }),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(problem(key_field, "a key that does not belong to the client certificate", KEY))
        }
        Err(rustls::Error::InvalidCertificate(_)) => {
            Err(problem(chain_field, "a certificate that cannot be read", CERTIFICATES))
        }
        Err(_) => Err(problem(key_field, "a key of a kind that cannot be used", KEY)),
    }
}

/// What one of two options holds; data wins over a file.
fn text(
    (data_field, data): (&'static str, Option<&str>),
    (file_field, file): (&'static str, &Option<PathBuf>),
    problems: &mut Vec<Problem>,
) -> Option<Text> {
    if let Some(data) = data {
        return Some(Text { field: data_field, bytes: data.as_bytes().to_vec() });
    }
    match contents(file.as_ref()?) {
        Ok(bytes) => Some(Text { field: file_field, bytes }),
        Err(received) => {
            problems.push(problem(file_field, received, "the path of a readable file"));
            None
        }
    }
}

/// A file's contents. A pipe or a device could keep us waiting for ever, so only plain files are opened.
pub(super) fn contents(path: &Path) -> std::result::Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("a file that cannot be read ({})", error.kind());
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err("something that is not a file".to_owned());
    }
    if metadata.len() > LARGEST {
        return Err("a file of more than 16 MiB".to_owned());
    }
    std::fs::read(path).map_err(unreadable)
}

pub(super) fn certificates(pem: &[u8]) -> std::result::Result<Vec<CertificateDer<'static>>, &'static str> {
    let certificates: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("text without a certificate"),
        Ok(certificates) if certificates.iter().all(is_usable) => Ok(certificates),
        Ok(_) => Err("a certificate that cannot be read"),
        Err(_) => Err("text that is not PEM"),
    }
}

pub(super) fn is_usable(certificate: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(certificate.clone()).is_ok()
}

fn private_key(pem: &[u8]) -> std::result::Result<PrivateKeyDer<'static>, &'static str> {
    let holds = |words: &[u8]| pem.windows(words.len()).any(|window| window == words);
    if holds(b"BEGIN ENCRYPTED PRIVATE KEY") || holds(b"Proc-Type: 4,ENCRYPTED") {
        return Err("an encrypted key");
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => "text without a private key",
        _ => "text that is not PEM",
    })
}

fn problem(field: &str, received: impl Into<String>, allowed: &str) -> Problem {
    Problem { field: field.to_owned(), received: received.into(), allowed: allowed.to_owned(), suggestion: None }
}
