use std::path::PathBuf;

use super::reader::{Reader, problem};
use crate::error::Problem;
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
const BOTH: &str = "a certificate and its key, or neither of them";

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

impl TlsConfig {
    /// What is wrong beside the contents, which are looked at when a client starts.
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        let certificate = self.client_cert_data.is_some() || self.client_cert_file.is_some();
        let key = self.client_key_data.is_some() || self.client_key_file.is_some();
        let fields = ["clientCertData", "clientCertFile", "clientKeyData", "clientKeyFile"]
            .map(|name| format!("tlsConfig.{name}"));
        let [certificate_data, certificate_file, key_data, key_file] = fields;
        if certificate && !key {
            let field = if self.client_cert_data.is_some() { key_data } else { key_file };
            problems.push(problem(field, "a client certificate without its key", BOTH));
        } else if key && !certificate {
            let field = if self.client_key_data.is_some() { certificate_data } else { certificate_file };
            problems.push(problem(field, "a key without its client certificate", BOTH));
        }
    }
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
    target.check(fields.problems);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_and_its_key_come_together() {
        let data = || Some("PEM".to_owned());
        let key = || Some(Secret::new("PEM"));
        let file = || Some(PathBuf::from("file"));
        let none = TlsConfig::default;
        for (config, expected) in [
            (none(), None),
            (TlsConfig { client_cert_data: data(), client_key_data: key(), ..none() }, None),
            (TlsConfig { client_cert_data: data(), client_key_file: file(), ..none() }, None),
            (TlsConfig { client_cert_file: file(), client_key_data: key(), ..none() }, None),
            (TlsConfig { client_cert_data: data(), ..none() }, Some("tlsConfig.clientKeyData")),
            (TlsConfig { client_cert_file: file(), ..none() }, Some("tlsConfig.clientKeyFile")),
            (TlsConfig { client_key_data: key(), ..none() }, Some("tlsConfig.clientCertData")),
            (TlsConfig { client_key_file: file(), ..none() }, Some("tlsConfig.clientCertFile")),
        ] {
            let mut problems = Vec::new();
            config.check(&mut problems);
            assert_eq!(problems.first().map(|problem| problem.field.as_str()), expected, "{config:?}");
        }
    }
}
