//! Which proxy stands between a client and its server, if any.

use std::net::IpAddr;

use reqwest::Url;

use crate::config::{Config, ProcessEnvironment, ProxyChoice, ProxyUrl};
use crate::error::{Error, ErrorKind, Problem, Result};

/// The proxy for a server. A proxy of the environment that cannot be used leads to a warning and to none.
pub(super) fn choose(config: &Config, server: &Url, warnings: &mut Vec<String>) -> Result<Option<ProxyUrl>> {
    match &config.proxy {
        ProxyChoice::Off => Ok(None),
        ProxyChoice::Url(text) => ProxyUrl::parse(text.expose()).map(Some).map_err(refused),
        ProxyChoice::Environment => Ok(named_by(&config.process_environment, server, warnings)),
    }
}

fn refused(received: &str) -> Error {
    Error::new(ErrorKind::Options(vec![Problem {
        field: "proxy".to_owned(),
        received: received.to_owned(),
        allowed: "an http:// or https:// URL, or false".to_owned(),
        suggestion: None,
    }]))
}

fn named_by(environment: &ProcessEnvironment, server: &Url, warnings: &mut Vec<String>) -> Option<ProxyUrl> {
    let (lower, upper) = match server.scheme() {
        "https" => ("https_proxy", "HTTPS_PROXY"),
        _ => ("http_proxy", "HTTP_PROXY"),
    };
    let text = environment.either(lower, upper)?;
    if environment.either("no_proxy", "NO_PROXY").is_some_and(|list| exempts(list, server)) {
        return None;
    }
    let unusable = |received| warnings.push(format!("{upper} is ignored: it names {received}"));
    ProxyUrl::parse(text).map_err(unusable).ok()
}

/// Whether an entry of a list exempts a server: a host with all below it, an address, a network, or `*`, each with a port
/// or without.
fn exempts(list: &str, server: &Url) -> bool {
    let Some(host) = server.host_str() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches([']', '.']);
    let port = server.port_or_known_default();
    list.split([',', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty()).any(|entry| {
        let (name, only) = split_port(entry);
        (only.is_none() || only == port) && matches(name, host)
    })
}

/// Splits a port off; an address of IPv6 has colons of its own.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let (name, port) = match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, port.parse().ok()),
        _ => (entry, None),
    };
    let name = if port.is_some() { name } else { entry };
    (name.trim_start_matches('[').trim_end_matches(']'), port)
}

fn matches(entry: &str, host: &str) -> bool {
    if entry == "*" {
        return true;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return match entry.split_once('/') {
            Some((network, length)) => in_network(address, network.trim_end_matches(']'), length),
            None => entry.parse() == Ok(address),
        };
    }
    let domain = entry.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
    let Some(rest) = host.strip_suffix(domain.as_str()) else { return false };
    !domain.is_empty() && (rest.is_empty() || rest.ends_with('.'))
}

fn in_network(address: IpAddr, network: &str, length: &str) -> bool {
    let (Ok(network), Ok(length)) = (network.parse(), length.parse::<u32>()) else { return false };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            length <= 32 && (address.to_bits() ^ network.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            length <= 128 && (address.to_bits() ^ network.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_environment_is_read_by_scheme_and_lower_case_wins() {
        let all = [("HTTP_PROXY", "upper:1"), ("https_proxy", "lower:2"), ("HTTPS_PROXY", "upper:2")];
        let exempt = [("HTTP_PROXY", "upper:1"), ("NO_PROXY", "other"), ("no_proxy", "flags.example")];
        for (variables, server, expected) in [
            (&all[..], "http://flags.example", Some("upper:1")),
            (&all, "https://flags.example", Some("lower:2")),
            (&all[..1], "https://flags.example", None),
            (&all[1..], "http://flags.example", None),
            (&[("http_proxy", ""), ("HTTP_PROXY", "upper:1")], "http://flags.example", None),
            (&exempt, "http://flags.example", None),
            (&exempt, "http://other", Some("upper:1")),
            (&[("ALL_PROXY", "all:1")], "http://flags.example", None),
        ] {
            let environment: ProcessEnvironment = variables.iter().copied().collect();
            let mut warnings = Vec::new();
            let proxy = named_by(&environment, &url(server), &mut warnings);
            assert_eq!(proxy.as_ref().map(ProxyUrl::place), expected, "{variables:?} {server}");
            assert!(warnings.is_empty(), "{warnings:?}");
        }
    }

    #[test]
    fn a_proxy_of_another_kind_is_a_warning_in_the_environment_and_a_problem_in_the_options() {
        let socks = "socks5://me:hunter2@proxy:1080";
        let config = Config { process_environment: [("HTTP_PROXY", socks)].into_iter().collect(), ..Config::default() };
        let mut warnings = Vec::new();
        assert_eq!(choose(&config, &url("http://h"), &mut warnings).unwrap(), None);
        assert_eq!(warnings, ["HTTP_PROXY is ignored: it names a proxy that is neither http nor https"]);
        let config = Config { proxy: ProxyChoice::Url(Secret::new(socks)), ..config };
        let error = choose(&config, &url("http://h"), &mut warnings).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Options(problems) if problems[0].field == "proxy"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let config = Config { proxy: ProxyChoice::Off, ..config };
        assert_eq!(choose(&config, &url("http://h"), &mut warnings).unwrap(), None);
    }

    #[test]
    fn the_option_beats_the_environment_and_its_exemptions() {
        let environment = [("HTTP_PROXY", "environment:1"), ("NO_PROXY", "*")];
        let config = Config {
            proxy: ProxyChoice::Url(Secret::new("option:1")),
            process_environment: environment.into_iter().collect(),
            ..Config::default()
        };
        let proxy = choose(&config, &url("http://h"), &mut Vec::new()).unwrap();
        assert_eq!(proxy.as_ref().map(ProxyUrl::place), Some("option:1"));
    }

    #[test]
    fn exemptions() {
        for (list, server, expected) in [
            ("", "http://flags.example", false),
            ("*", "http://flags.example", true),
            ("*", "http://10.0.0.1", true),
            ("flags.example", "http://flags.example", true),
            ("flags.example", "https://flags.example:8443", true),
            ("FLAGS.Example.", "http://flags.example", true),
            ("flags.example", "http://flags.example.", true),
            ("example", "http://flags.example", true),
            (".example", "http://flags.example", true),
            (".example", "http://example", true),
            ("*.example", "http://flags.example", true),
            ("lags.example", "http://flags.example", false),
            (".flags.example", "http://example", false),
            (".", "http://flags.example", false),
            ("*.", "http://flags.example", false),
            ("flags.example:80", "http://flags.example", true),
            ("flags.example:443", "https://flags.example", true),
            ("flags.example:443", "http://flags.example", false),
            ("flags.example:8080", "http://flags.example:8080", true),
            ("flags.example:word", "http://flags.example", false),
            ("*:8080", "http://flags.example:8080", true),
            ("*:8080", "http://flags.example", false),
            ("a, flags.example", "http://flags.example", true),
            ("a flags.example", "http://flags.example", true),
            ("a,\tb,,flags.example ,c", "http://flags.example", true),
            ("10.0.0.1", "http://10.0.0.1", true),
            ("10.0.0.1:80", "http://10.0.0.1", true),
            ("10.0.0.1:81", "http://10.0.0.1", false),
            ("10.0.0.1", "http://10.0.0.10", false),
            ("0.0.1", "http://10.0.0.1", false),
            ("10.0.0.0/8", "http://10.200.3.4", true),
            ("10.0.0.0/8", "http://11.0.0.1", false),
            ("10.1.2.3/32", "http://10.1.2.3", true),
            ("10.1.2.3/32", "http://10.1.2.4", false),
            ("0.0.0.0/0", "http://10.1.2.3", true),
            ("10.0.0.0/33", "http://10.0.0.0", false),
            ("10.0.0.0/x", "http://10.0.0.0", false),
            ("10.0.0.0/8", "http://10.example", false),
            ("::1", "http://[::1]:8080", true),
            ("[::1]", "http://[::1]:8080", true),
            ("[::1]:8080", "http://[::1]:8080", true),
            ("[::1]:8081", "http://[::1]:8080", false),
            ("fd00::/8", "http://[fd12:3456::1]", true),
            ("fd00::/8", "http://[fe80::1]", false),
            ("::/0", "http://[fe80::1]", true),
            ("::/0", "http://10.0.0.1", false),
        ] {
            assert_eq!(exempts(list, &url(server)), expected, "{list:?} {server}");
        }
    }
}
