//! Addresses of servers, taken apart so that the password travels by itself and is in no text that may be shown.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use rempart_base::Secret;
use url::{Host, Url};

use crate::ConnectError;

/// An address without its user and password.
pub(crate) struct Address {
    /// Which server it is for, as people call it.
    pub(crate) server: &'static str,
    /// What is left of the address.
    pub(crate) url: Url,
    /// User or key id; empty: none.
    pub(crate) user: String,
    /// Password or secret key.
    pub(crate) password: Option<Secret<String>>,
    /// File of trusted certificates, PEM; absent: those of the system.
    pub(crate) ca: Option<PathBuf>,
}

impl Address {
    /// Takes an address apart. `schemes` are those allowed, `ca` is the name of the query field with the certificate file.
    pub(crate) fn parse(
        server: &'static str,
        text: &str,
        schemes: &[&str],
        ca: &str,
        expected: &'static str,
    ) -> Result<Self, ConnectError> {
        let unusable = |reason| ConnectError::Address { server, reason };
        let mut url = Url::parse(text).map_err(|_| unusable(expected))?;
        if !schemes.contains(&url.scheme()) {
            return Err(unusable(expected));
        }
        let decode = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map(|t| t.into_owned()).map_err(|_| unusable("user and password must be UTF-8, percent-encoded"))
        };
        let user = decode(url.username())?;
        let password = url.password().map(decode).transpose()?.map(Secret::new);
        if !user.is_empty() || password.is_some() {
            let cleared = url.set_username("").and_then(|()| url.set_password(None));
            cleared.map_err(|()| unusable(expected))?;
        }
        let mut address = Self { server, url, user, password, ca: None };
        address.ca = address.take(ca).map(PathBuf::from);
        Ok(address)
    }

    /// Takes a field out of the query.
    pub(crate) fn take(&mut self, key: &str) -> Option<String> {
        let fields: Vec<(String, String)> = self.url.query_pairs().into_owned().collect();
        let found = fields.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v.clone())?;
        let kept: Vec<_> = fields.into_iter().filter(|(k, _)| k != key).collect();
        self.url.set_query(None);
        if !kept.is_empty() {
            self.url.query_pairs_mut().extend_pairs(kept);
        }
        Some(found)
    }

    /// Refuses fields that nobody took: a misspelt option must not be silently without effect.
    pub(crate) fn finish(&self) -> Result<(), ConnectError> {
        match self.url.query() {
            None | Some("") => Ok(()),
            Some(_) => Err(self.unusable("it has an unknown option after the question mark")),
        }
    }

    /// Whether the server is on this machine, so that nothing can listen in between.
    pub(crate) fn is_local(&self) -> bool {
        match self.url.host() {
            None => true,
            // In schemes that are not of the web, numbers are left as text.
            Some(Host::Domain(name)) => {
                name.is_empty()
                    || name == "localhost"
                    || name.starts_with("%2F")
                    || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
        }
    }

    /// Where, for people.
    pub(crate) fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or("this machine");
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub(crate) fn unusable(&self, reason: &'static str) -> ConnectError {
        ConnectError::Address { server: self.server, reason }
    }

    pub(crate) fn unreachable(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ConnectError {
        ConnectError::Unreachable { server: self.server, host: self.host(), cause: cause.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, ConnectError> {
        Address::parse("Test", text, &["tls", "postgresql"], "ca", "write tls://host")
    }

    #[test]
    fn the_password_travels_alone() {
        let mut address = parse("tls://an%40na:p%2Fw%3A%C3%A9@host.example:9/x?ca=/etc/ca.pem&a=1&b=2").unwrap();
        assert_eq!(address.user, "an@na");
        assert_eq!(address.password.as_ref().unwrap().expose(), "p/w:é");
        assert_eq!(address.ca.as_deref(), Some(std::path::Path::new("/etc/ca.pem")));
        assert_eq!(address.url.as_str(), "tls://host.example:9/x?a=1&b=2");
        assert_eq!(address.host(), "host.example:9");
        assert_eq!(address.take("a").as_deref(), Some("1"));
        assert!(address.finish().unwrap_err().to_string().contains("unknown option"));
        assert_eq!(address.take("b").as_deref(), Some("2"));
        assert!(address.finish().is_ok());
        let told = format!("{} {:?}", address.unreachable("refused"), address.unreachable("refused"));
        assert!(!told.contains("p/w") && !told.contains("p%2F"), "{told}");
    }

    #[test]
    fn refused_addresses_say_what_to_write_and_keep_the_secret() {
        for text in ["secret", "http://u:secret@h", "tls://u:secret@h:99999", ""] {
            let told = parse(text).err().unwrap().to_string();
            assert_eq!(told, "the address of Test is not usable: write tls://host");
        }
        assert!(parse("tls://u:%FF@h").err().unwrap().to_string().contains("UTF-8"));
    }

    #[test]
    fn what_is_local() {
        let local = |text| parse(text).unwrap().is_local();
        assert!(local("tls://localhost") && local("tls://127.0.0.2") && local("tls://[::1]:1"));
        assert!(local("postgresql:///db?host=/run") && local("postgresql://%2Frun/db"));
        assert!(!local("tls://10.0.0.1") && !local("tls://localhost.example") && !local("tls://[fd00::1]"));
    }
}
