//! The addresses that nothing can be sent to are refused before a call waits for them.

use crate::options::ConnectError;

fn wrong(target: &str, why: &str, example: &str) -> ConnectError {
    ConnectError::Invalid(format!("'{target}' is not an address: {why}; for example {example}"))
}

/// What follows the scheme: `host:port`, or `unix:/path`.
pub(crate) fn address(target: &str) -> &str {
    let Some(rest) = target.strip_prefix("dns:") else { return target };
    match rest.strip_prefix("//") {
        Some(rest) => rest.split_once('/').map_or("", |(_, address)| address),
        None => rest,
    }
}

/// Whether what is sent to the target stays on this machine.
pub(crate) fn is_on_this_machine(target: &str) -> bool {
    let address = address(target);
    if address.starts_with("unix:") {
        return true;
    }
    let host = address.rsplit_once(':').map_or("", |(host, _)| host).trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

pub(crate) fn check(target: &str) -> Result<(), ConnectError> {
    if target.is_empty() {
        return Err(ConnectError::Invalid("no address; for example 127.0.0.1:50051".into()));
    }
    for scheme in ["http://", "https://", "grpc://", "grpcs://"] {
        if let Some(rest) = target.strip_prefix(scheme) {
            let host = rest.split('/').next().unwrap_or_default();
            let port = if host.rsplit_once(':').is_some_and(|(_, port)| is_port(port)) { "" } else { ":50051" };
            return Err(wrong(target, "a URL is not accepted here", &format!("{host}{port}")));
        }
    }
    let address = address(target);
    if let Some(path) = address.strip_prefix("unix:") {
        let empty = path.trim_start_matches('/').is_empty();
        return if empty { Err(wrong(target, "the path is missing", "unix:/run/interaction.sock")) } else { Ok(()) };
    }
    let in_brackets = address.rsplit_once(':').is_some_and(|(_, port)| port.contains(']'));
    let (host, port) = if in_brackets { (address, None) } else { split(address) };
    if host.contains(':') && !host.starts_with('[') {
        return Err(wrong(target, "the IPv6 address has no brackets", "[::1]:50051"));
    }
    if host.is_empty() {
        return Err(wrong(target, "the host is missing", "127.0.0.1:50051"));
    }
    match port {
        None => Err(wrong(target, "the port is missing", &format!("{host}:50051"))),
        Some(port) if !is_port(port) => {
            Err(wrong(target, "the port must be a number from 1 to 65535", &format!("{host}:50051")))
        }
        Some(_) => Ok(()),
    }
}

fn split(address: &str) -> (&str, Option<&str>) {
    address.rsplit_once(':').map_or((address, None), |(host, port)| (host, Some(port)))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}
