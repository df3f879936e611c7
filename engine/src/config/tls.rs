use std::path::PathBuf;

use super::reader::Reader;
use crate::redact::Secret;

const FIELDS: &[&str] = &[
    "caCertFile",
    "caCertData",
    "insecureSkipVerify",
    "insecureSkipHostnameVerify",
    "clientCertFile",
    "clientKeyFile",
    "clientCertData",
    "clientKeyData",
];
const PEM: &str = "PEM text";

/// Whom a client trusts over TLS, and how it shows who it is. Where both are given, data wins over a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// A PEM file of certificates that are trusted beside the usual ones.
    pub ca_cert_file: Option<PathBuf>,
    /// The same as PEM text.
    pub ca_cert_data: Option<String>,
    /// Trusts whatever certificate the server shows.
    pub insecure_skip_verify: bool,
    /// Accepts a certificate of another host; its chain is checked all the same.
    pub insecure_skip_hostname_verify: bool,
    /// A PEM file with the client's own certificate chain.
    pub client_cert_file: Option<PathBuf>,
    /// A PEM file with the key of that certificate.
    pub client_key_file: Option<PathBuf>,
    /// The client's own certificate chain as PEM text.
    pub client_cert_data: Option<String>,
    /// The key of that certificate as PEM text.
    pub client_key_data: Option<Secret>,
}

/// Reads the option `tlsConfig`.
pub(super) fn read(options: &mut Reader<'_>, target: &mut TlsConfig) {
    let Some(mut fields) = options.nested("tlsConfig", "tlsConfig.", "an object") else { return };
    fields.unknown(FIELDS);
    *target = TlsConfig {
        ca_cert_file: fields.file("caCertFile"),
        ca_cert_data: fields.string("caCertData", PEM),
        insecure_skip_verify: fields.flag("insecureSkipVerify").unwrap_or_default(),
        insecure_skip_hostname_verify: fields.flag("insecureSkipHostnameVerify").unwrap_or_default(),
        client_cert_file: fields.file("clientCertFile"),
        client_key_file: fields.file("clientKeyFile"),
        client_cert_data: fields.string("clientCertData", PEM),
        client_key_data: fields.string("clientKeyData", PEM).map(Secret::new),
    };
}
