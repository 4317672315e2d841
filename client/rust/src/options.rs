//! How a gateway is reached, and what is checked of it before anything is sent.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::target;

/// PEM files of a TLS connection. They are read once, by [`Client::connect`](crate::Client::connect).
#[derive(Clone, Debug, Default)]
pub struct TlsFiles {
    /// Whom to trust; None: the authorities of the system.
    pub ca: Option<PathBuf>,
    /// The client's own chain, for mutual TLS: both or neither.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

/// How a gateway is reached.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// "host:port", "dns:///host:port" or "unix:/path".
    pub target: String,
    /// None: plaintext.
    pub tls: Option<TlsFiles>,
    /// Who the caller is, where the gateway asks for it and no client certificate says so: a file with a bearer token
    /// (JWT). Read anew for each call, because tokens are replaced while programs run. Sent with TLS only, or to this
    /// machine.
    pub token_file: Option<PathBuf>,
    /// Instead, a file with an API key.
    pub api_key_file: Option<PathBuf>,
    /// Of a call whose request has no timeout.
    pub default_timeout: Duration,
    /// See [`Client`](crate::Client); false: no retries.
    pub default_service_config: bool,
    /// False: a call has the request_id that its request has, and without one it is sent once.
    pub make_request_id: bool,
    /// Comes before tonic's own user agent.
    pub user_agent_prefix: String,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            target: "127.0.0.1:50051".into(),
            tls: None,
            token_file: None,
            api_key_file: None,
            default_timeout: Duration::from_secs(30),
            default_service_config: true,
            make_request_id: true,
            user_agent_prefix: String::new(),
        }
    }
}

impl From<&str> for ClientOptions {
    fn from(target: &str) -> Self {
        Self { target: target.into(), ..Self::default() }
    }
}

/// What keeps a client from being made.
#[derive(Debug)]
pub enum ConnectError {
    /// What was given cannot work; the text says what would be right.
    Invalid(String),
    /// A file cannot be read.
    File(PathBuf, io::Error),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(what) => f.write_str(what),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Invalid(_) => None,
            Self::File(_, error) => Some(error),
        }
    }
}

impl ClientOptions {
    pub(crate) fn check(&self) -> Result<(), ConnectError> {
        target::check(&self.target)?;
        if self.default_timeout.is_zero() {
            return Err(ConnectError::Invalid("default_timeout must be above 0".into()));
        }
        let what = match (&self.token_file, &self.api_key_file) {
            (None, None) => return Ok(()),
            (Some(_), Some(_)) => {
                return Err(ConnectError::Invalid(
                    "a token and an API key cannot be used together; give one of them".into(),
                ));
            }
            (Some(_), None) => "a token",
            (None, Some(_)) => "an API key",
        };
        if self.tls.is_none() && !target::is_on_this_machine(&self.target) {
            return Err(ConnectError::Invalid(format!(
                "{what} is not sent to {} without TLS, because others could read it on the way",
                self.target
            )));
        }
        self.credential().map(|_| ())
    }

    /// Name and value of the metadata that says who calls.
    pub(crate) fn credential(&self) -> Result<Option<(&'static str, String)>, ConnectError> {
        if let Some(path) = &self.token_file {
            return Ok(Some(("authorization", format!("Bearer {}", read_credential(path, "a token")?))));
        }
        if let Some(path) = &self.api_key_file {
            return Ok(Some(("x-api-key", read_credential(path, "an API key")?)));
        }
        Ok(None)
    }

    pub(crate) fn endpoint(&self) -> Result<Endpoint, ConnectError> {
        let address = target::address(&self.target);
        let uri = match (address.starts_with("unix:"), &self.tls) {
            (true, _) => address.to_string(),
            (false, None) => format!("http://{address}"),
            (false, Some(_)) => format!("https://{address}"),
        };
        let invalid = |error: tonic::transport::Error| {
            ConnectError::Invalid(format!("'{}' is not an address: {}", self.target, root_cause(&error)))
        };
        let mut endpoint = Endpoint::from_shared(uri).map_err(invalid)?;
        if !self.user_agent_prefix.is_empty() {
            endpoint = endpoint.user_agent(self.user_agent_prefix.as_str()).map_err(invalid)?;
        }
        match &self.tls {
            None => Ok(endpoint),
            Some(files) => with_tls(endpoint, files),
        }
    }
}

fn with_tls(endpoint: Endpoint, files: &TlsFiles) -> Result<Endpoint, ConnectError> {
    let mut config = ClientTlsConfig::new();
    config = match &files.ca {
        None => config.with_native_roots(),
        Some(path) => config.ca_certificate(Certificate::from_pem(read_certificates(path)?)),
    };
    let mut names = String::new();
    match (&files.certificate, &files.key) {
        (None, None) => {}
        (Some(certificate), Some(key)) => {
            names = format!("{} and {}", certificate.display(), key.display());
            let chain = read_certificates(certificate)?;
            let key_pem = read(key)?;
            if PrivateKeyDer::from_pem_slice(&key_pem).is_err() {
                return Err(ConnectError::Invalid(format!(
                    "{} does not contain a PEM private key without a passphrase",
                    key.display()
                )));
            }
            config = config.identity(Identity::from_pem(chain, key_pem));
        }
        _ => {
            return Err(ConnectError::Invalid("a client certificate and its key must be given together".into()));
        }
    }
    endpoint.tls_config(config).map_err(|error| {
        let cause = root_cause(&error);
        ConnectError::Invalid(if names.is_empty() {
            format!("TLS cannot be set up: {cause}")
        } else {
            format!("{names} are not a certificate and its key: {cause}")
        })
    })
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn read(path: &Path) -> Result<Vec<u8>, ConnectError> {
    std::fs::read(path).map_err(|error| ConnectError::File(path.into(), error))
}

fn read_certificates(path: &Path) -> Result<Vec<u8>, ConnectError> {
    let pem = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(pem),
        _ => Err(ConnectError::Invalid(format!("{} does not contain PEM certificates", path.display()))),
    }
}

fn read_credential(path: &Path, what: &str) -> Result<String, ConnectError> {
    let bytes = read(path)?;
    let value = bytes.strip_suffix(b"\n").map_or(&bytes[..], |line| line.strip_suffix(b"\r").unwrap_or(line));
    match std::str::from_utf8(value) {
        Ok(text) if !value.is_empty() && value.iter().all(u8::is_ascii_graphic) => Ok(text.into()),
        _ => Err(ConnectError::Invalid(format!(
            "{} does not hold {what} alone: printable characters without blanks, on one line",
            path.display()
        ))),
    }
}
