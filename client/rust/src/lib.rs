//! Client of the Interaction Gateway: opens interactions at SeeThePro and wolkvox, and says after every call whether one was
//! opened. [`Client`] makes the calls, [`CallError`] tells what became of one that failed, [`v1`] has the messages.
#![doc = include_str!("../README.md")]

mod client;
mod error;
mod options;
mod retry;
mod target;

pub use client::{Client, Reply, ServingStatus, new_request_id};
pub use error::{
    CLIENT_DOMAIN, CREDENTIAL_UNREADABLE, CallError, DOMAIN, FieldViolation, GATEWAY_UNREACHABLE, ILLEGAL_METADATA,
    NO_ANSWER_FROM_GATEWAY, Outcome, PreconditionViolation, QuotaViolation,
};
pub use options::{ClientOptions, ConnectError, TlsFiles};

/// The messages, generated from proto/interaction/v1/interaction_service.proto.
#[allow(missing_docs, clippy::doc_lazy_continuation, rustdoc::invalid_html_tags, rustdoc::broken_intra_doc_links)]
pub mod v1 {
    include!("generated/interaction.v1.rs");
}
