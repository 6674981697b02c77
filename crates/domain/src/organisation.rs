//! The organisation: who owns everything on this server.

use std::net::{Ipv4Addr, Ipv6Addr};

use rempart_base::{Timestamp, limits};

use crate::refusal::{Reason, Refusal};

/// The organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// The domain of addresses.
    pub domain: String,
    /// The public host, with port where it is not 443.
    pub host: String,
    /// When it was set up.
    pub created: Timestamp,
}

/// The domain of addresses: at least two labels of letters, digits and inner dashes (RFC 1123 §2.1), in lower case.
/// Names in other alphabets are given in their `xn--` form, which cannot be confused with another.
///
/// # Errors
/// `domain_invalid`.
pub fn domain(text: &str, field: &'static str) -> Result<String, Refusal> {
    let text = text.trim().to_ascii_lowercase();
    // The last label is never a number: `10.0.0.1` is an address, not a domain (RFC 3696 §2).
    let last = text.rsplit('.').next().unwrap_or("");
    let named = text.contains('.') && !last.bytes().all(|b| b.is_ascii_digit());
    if named && labels(&text) { Ok(text) } else { Err(Refusal::field(Reason::DomainInvalid, field)) }
}

/// The public host: a host name, an IPv4 address or an IPv6 address in brackets (RFC 3986 §3.2.2), with a port if it is not
/// 443. In lower case; `:443` is left out.
///
/// # Errors
/// `host_invalid`.
pub fn host(text: &str, field: &'static str) -> Result<String, Refusal> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix(":443").unwrap_or(&text);
    let refused = Refusal::field(Reason::HostInvalid, field);
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let good_port = port.is_none_or(|port| {
        port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0') && port.parse::<u16>().is_ok()
    });
    let bracketed = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let good_name = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None if name.bytes().all(|b| b.is_ascii_digit() || b == b'.') => name.parse::<Ipv4Addr>().is_ok(),
        None => labels(name),
    };
    if good_port && good_name { Ok(text.to_owned()) } else { Err(refused) }
}

fn labels(text: &str) -> bool {
    text.len() <= limits::DOMAIN_CHARS
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains() {
        for (text, expected) in [
            ("kerbrat.example", "kerbrat.example"),
            (" Kerbrat.Example ", "kerbrat.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(domain(text, "domain").as_deref(), Ok(expected));
        }
        let long = format!("{}.example", "a.".repeat(124));
        for text in [
            "",
            "kerbrat",
            "kerbrat.",
            ".example",
            "ker brat.example",
            "-a.example",
            "a-.example",
            "bücher.example",
            "10.0.0.1",
            "a@b.example",
            &long,
            &format!("{}.example", "a".repeat(64)),
        ] {
            assert_eq!(domain(text, "domain"), Err(Refusal::field(Reason::DomainInvalid, "domain")), "{text}");
        }
    }

    #[test]
    fn hosts() {
        for (text, expected) in [
            ("Rempart.Kerbrat.Example", "rempart.kerbrat.example"),
            ("rempart.kerbrat.example:443", "rempart.kerbrat.example"),
            ("localhost:8443", "localhost:8443"),
            ("192.0.2.7", "192.0.2.7"),
            ("[2001:db8::1]:8443", "[2001:db8::1]:8443"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(host(text, "host").as_deref(), Ok(expected));
        }
        for text in [
            "",
            "http://a.example",
            "a.example/b",
            "a.example:0",
            "a.example:99999",
            "a.example:+1",
            "a b",
            "::1",
            "[::1",
            "999.1.1.1",
            "a.example:",
            "[a]:1",
        ] {
            assert_eq!(host(text, "host"), Err(Refusal::field(Reason::HostInvalid, "host")), "{text}");
        }
    }
}
