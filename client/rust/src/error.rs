//! Errors of calls, with all that the gateway says about them.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The domain of the gateway's reasons: docs/errors.md lists them.
pub const DOMAIN: &str = "interaction.v1.InteractionService";
/// The domain of the client's own reasons, below.
pub const CLIENT_DOMAIN: &str = "client.interaction.v1";
/// There was no connection for the call. Nothing was sent.
pub const GATEWAY_UNREACHABLE: &str = "GATEWAY_UNREACHABLE";
/// The request's metadata cannot be sent. Nothing was sent.
pub const ILLEGAL_METADATA: &str = "ILLEGAL_METADATA";
/// The file with the token or the API key cannot be read. Nothing was sent.
pub const CREDENTIAL_UNREADABLE: &str = "CREDENTIAL_UNREADABLE";
/// The call was sent and ended without an answer of the gateway itself: the connection broke, the deadline passed, or
/// something on the way answered in the gateway's place. The outcome is unknown, whatever the code.
pub const NO_ANSWER_FROM_GATEWAY: &str = "NO_ANSWER_FROM_GATEWAY";

/// What became of a call. A call that returns a reply has been applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// An interaction was opened.
    Applied,
    /// Nothing was opened, so sending the call again cannot open a second interaction. The reason says whether it can
    /// succeed: many calls fail again until something is corrected.
    NotApplied,
    /// An interaction may have been opened. With a request_id, send the same request again: the gateway never sends it
    /// twice. Without one, check at the vendor first; likewise if the reason is OUTCOME_UNKNOWN, or if the metadata has
    /// idempotency: bypassed.
    Unknown,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applied => "applied",
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
        })
    }
}

/// A field that breaks its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// As spelled in the proto.
    pub field: String,
    /// What is wrong, and what would be right.
    pub description: String,
}

/// Something that is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaViolation {
    /// What is used up.
    pub subject: String,
    /// More about it.
    pub description: String,
}

/// Something that the operator of the gateway must check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreconditionViolation {
    /// The reason.
    pub kind: String,
    /// What must be checked.
    pub subject: String,
    /// More about it.
    pub description: String,
}

#[derive(Clone, Debug)]
struct Parts {
    status: Status,
    reason: String,
    domain: String,
    outcome: Outcome,
    request_id: String,
    metadata: HashMap<String, String>,
    field_violations: Vec<FieldViolation>,
    quota_violations: Vec<QuotaViolation>,
    precondition_violations: Vec<PreconditionViolation>,
    retry_delay: Option<Duration>,
}

/// A call that failed.
#[derive(Clone, Debug)]
pub struct CallError(Box<Parts>);

impl CallError {
    /// gRPC's code.
    pub fn code(&self) -> Code {
        self.0.status.code()
    }

    /// What happened, for people.
    pub fn message(&self) -> &str {
        self.0.status.message()
    }

    /// UPPER_SNAKE: one of docs/errors.md, or one of the client's own.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Whose reason it is: [`DOMAIN`] or [`CLIENT_DOMAIN`].
    pub fn domain(&self) -> &str {
        &self.0.domain
    }

    /// Whether an interaction was opened.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// That of the call, whoever made it: send the same again where the outcome is unknown.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// What else the gateway said: docs/errors.md has the keys.
    pub fn metadata(&self) -> &HashMap<String, String> {
        &self.0.metadata
    }

    /// How far the call came, or "" where nobody can tell: "validate", "connect", "wait", ...
    pub fn phase(&self) -> &str {
        self.0.metadata.get("phase").map_or("", String::as_str)
    }

    /// "seethepro", "wolkvox" or "".
    pub fn upstream(&self) -> &str {
        self.0.metadata.get("upstream").map_or("", String::as_str)
    }

    /// Which fields are wrong, and what would be right.
    pub fn field_violations(&self) -> &[FieldViolation] {
        &self.0.field_violations
    }

    /// What is used up.
    pub fn quota_violations(&self) -> &[QuotaViolation] {
        &self.0.quota_violations
    }

    /// What the operator of the gateway must check.
    pub fn precondition_violations(&self) -> &[PreconditionViolation] {
        &self.0.precondition_violations
    }

    /// Do not try again earlier.
    pub fn retry_delay(&self) -> Option<Duration> {
        self.0.retry_delay
    }

    pub(crate) fn nothing_sent(code: Code, message: impl Into<String>, reason: &str, request_id: &str) -> Self {
        let mut error = Self::of(Status::new(code, message), request_id);
        error.0.reason = reason.into();
        error.0.outcome = Outcome::NotApplied;
        error
    }

    /// The gateway's answer speaks of the last attempt only: an earlier one may have been applied.
    pub(crate) fn after_an_unanswered_attempt(mut self) -> Self {
        self.0.outcome = Outcome::Unknown;
        self
    }

    /// The error of a health check, which opens nothing.
    pub(crate) fn of_health_check(status: Status, unreachable: bool) -> Self {
        let mut error = Self::of(status, "");
        error.0.outcome = Outcome::NotApplied;
        if error.0.domain == CLIENT_DOMAIN {
            error.0.reason = if unreachable { GATEWAY_UNREACHABLE.into() } else { String::new() };
        }
        error
    }

    /// The error of a call that was sent.
    pub(crate) fn of(status: Status, request_id: &str) -> Self {
        let details = status.get_error_details();
        let mut parts = Parts {
            reason: NO_ANSWER_FROM_GATEWAY.into(),
            domain: CLIENT_DOMAIN.into(),
            outcome: Outcome::Unknown,
            request_id: request_id.into(),
            metadata: HashMap::new(),
            field_violations: Vec::new(),
            quota_violations: Vec::new(),
            precondition_violations: Vec::new(),
            retry_delay: details.retry_info().and_then(|info| info.retry_delay),
            status,
        };
        if let Some(info) = details.error_info().filter(|info| info.domain == DOMAIN) {
            parts.outcome = match info.metadata.get("outcome").map(String::as_str) {
                Some("applied") => Outcome::Applied,
                Some("not_applied") => Outcome::NotApplied,
                _ => Outcome::Unknown,
            };
            parts.reason = info.reason.clone();
            parts.domain = info.domain.clone();
            parts.metadata = info.metadata.clone();
        }
        for violation in details.bad_request().into_iter().flat_map(|detail| &detail.field_violations) {
            let (field, description) = (violation.field.clone(), violation.description.clone());
            parts.field_violations.push(FieldViolation { field, description });
        }
        for violation in details.quota_failure().into_iter().flat_map(|detail| &detail.violations) {
            let (subject, description) = (violation.subject.clone(), violation.description.clone());
            parts.quota_violations.push(QuotaViolation { subject, description });
        }
        for violation in details.precondition_failure().into_iter().flat_map(|detail| &detail.violations) {
            parts.precondition_violations.push(PreconditionViolation {
                kind: violation.r#type.clone(),
                subject: violation.subject.clone(),
                description: violation.description.clone(),
            });
        }
        Self(Box::new(parts))
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {} ({}, outcome {})", self.code(), self.message(), self.reason(), self.outcome())?;
        for violation in self.field_violations() {
            write!(f, "; {}: {}", violation.field, violation.description)?;
        }
        Ok(())
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0.status)
    }
}
