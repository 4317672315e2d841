use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic::transport::Channel;
use tonic::{Code, Extensions, IntoRequest, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus as PbServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::error::{CREDENTIAL_UNREADABLE, CallError, GATEWAY_UNREACHABLE, ILLEGAL_METADATA, NO_ANSWER_FROM_GATEWAY};
use crate::options::{ClientOptions, ConnectError};
use crate::retry::Retry;
use crate::v1::interaction_service_client::InteractionServiceClient;
use crate::v1::{
    AddWolkvoxInteractionRequest, AddWolkvoxInteractionResponse, CreateVspInteractionRequest,
    CreateVspInteractionResponse,
};

/// How long an answer shows that there is a connection.
const FRESH: Duration = Duration::from_secs(1);

/// The answer to a call that was applied.
#[derive(Clone, Debug)]
pub struct Reply<Message> {
    /// What the gateway answered.
    pub message: Message,
    /// That of the call, whoever made it.
    pub request_id: String,
    /// The answer to an earlier call with the same request_id: nothing new was opened.
    pub replayed: bool,
    /// The gateway could not keep the request_id: repeating the call may open a second interaction.
    pub bypassed: bool,
}

/// An answer of grpc.health.v1.Health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ServingStatus {
    Unknown,
    Serving,
    NotServing,
}

/// For a program that keeps the request_id itself, to repeat a call after its own crash.
pub fn new_request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Calls an Interaction Gateway. Cheap to clone; clones share the connection.
///
/// A call takes a message, or a `tonic::Request` that has metadata and, by `set_timeout`, a timeout. A call whose future is
/// dropped is cancelled, and its outcome is unknown: give the message a request_id, of [`new_request_id`], to be able to
/// send it again.
///
/// Connections. A call asks grpc.health.v1.Health first, unless the gateway answered within the last second, and goes on if
/// that is answered, whatever the answer. If it is not, the error is GATEWAY_UNREACHABLE: the call itself was not sent.
///
/// Retries. A call gets a request_id, unless it has one, and is tried at most 3 times, only after UNAVAILABLE, as the
/// crate's service_config.json says. The gateway makes one of them. A call without request_id is sent once. A target whose
/// name has several addresses is one connection: tonic does not spread calls over them.
///
/// Proxies of the environment (http_proxy) are not used.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    options: ClientOptions,
    channel: Channel,
    retry: Option<Retry>,
    answered_at: Mutex<Option<Instant>>,
}

trait HasRequestId: Clone + Send {
    fn request_id(&mut self) -> &mut String;
}

impl HasRequestId for CreateVspInteractionRequest {
    fn request_id(&mut self) -> &mut String {
        &mut self.request_id
    }
}

impl HasRequestId for AddWolkvoxInteractionRequest {
    fn request_id(&mut self) -> &mut String {
        &mut self.request_id
    }
}

impl Client {
    /// Reads the TLS files and prepares the connection; the first call connects. Takes a target, such as "host:port", or
    /// [`ClientOptions`]. Call it in a tokio runtime.
    pub async fn connect(options: impl Into<ClientOptions>) -> Result<Self, ConnectError> {
        let options = options.into();
        options.check()?;
        let channel = options.endpoint()?.connect_lazy();
        let retry = options.default_service_config.then(Retry::by_service_config);
        Ok(Self { inner: Arc::new(Inner { options, channel, retry, answered_at: Mutex::new(None) }) })
    }

    /// Opens a video interaction at SeeThePro.
    pub async fn create_vsp_interaction(
        &self,
        request: impl IntoRequest<CreateVspInteractionRequest>,
    ) -> Result<Reply<CreateVspInteractionResponse>, CallError> {
        self.call(request.into_request(), async |service, request| service.create_vsp_interaction(request).await).await
    }

    /// Routes an atypical interaction to a contact-centre agent at wolkvox.
    pub async fn add_wolkvox_interaction(
        &self,
        request: impl IntoRequest<AddWolkvoxInteractionRequest>,
    ) -> Result<Reply<AddWolkvoxInteractionResponse>, CallError> {
        self.call(request.into_request(), async |service, request| service.add_wolkvox_interaction(request).await).await
    }

    /// Asks grpc.health.v1.Health: about the gateway as a whole where `service` is empty; a service that the gateway does not
    /// know is `NotFound`.
    pub async fn check_health(&self, service: &str) -> Result<ServingStatus, CallError> {
        let deadline = Instant::now() + self.inner.options.default_timeout;
        match self.ask_health(service, &MetadataMap::new(), deadline).await {
            Ok(status) => Ok(status),
            Err(status) => {
                let unreachable = is_connection_error(status.code());
                Err(CallError::of_health_check(status, unreachable))
            }
        }
    }
}

impl Client {
    async fn call<Message: HasRequestId, Answer>(
        &self,
        request: Request<Message>,
        send: impl AsyncFn(&mut InteractionServiceClient<Channel>, Request<Message>) -> Result<Response<Answer>, Status>,
    ) -> Result<Reply<Answer>, CallError> {
        let options = &self.inner.options;
        let (mut metadata, _, mut message) = request.into_parts();
        let timeout = take_timeout(&mut metadata).unwrap_or(options.default_timeout);
        let deadline = Instant::now() + timeout;
        if options.make_request_id && message.request_id().is_empty() {
            *message.request_id() = new_request_id();
        }
        let request_id = message.request_id().clone();
        check_metadata(&metadata, &request_id)?;
        let credential = options.credential().map_err(|error| {
            CallError::nothing_sent(Code::FailedPrecondition, error.to_string(), CREDENTIAL_UNREADABLE, &request_id)
        })?;
        self.ensure_connected(&metadata, deadline, &request_id).await?;
        if let Some((name, value)) = credential {
            metadata.insert(name, value.parse().expect("a credential is printable ASCII"));
        }
        let mut service = InteractionServiceClient::new(self.inner.channel.clone());
        let retry = self.inner.retry.as_ref().filter(|_| !request_id.is_empty());
        let mut sent = false; // whether one attempt at least may have reached the gateway
        let mut unanswered = false; // whether one of those got no answer of the gateway
        let mut attempts = 1;
        loop {
            let attempt = Request::from_parts(metadata.clone(), Extensions::default(), message.clone());
            let status = match by(deadline, attempt, async |request| send(&mut service, request).await).await {
                Ok(response) => {
                    self.answered(true);
                    if let Some(retry) = &self.inner.retry {
                        retry.succeeded();
                    }
                    return Ok(reply_of(response, request_id));
                }
                Err(status) => status,
            };
            let no_connection = has_connect_error(&status);
            sent |= !no_connection;
            unanswered |= !no_connection && CallError::of(status.clone(), "").reason() == NO_ANSWER_FROM_GATEWAY;
            if let Some(wait) = retry.and_then(|retry| retry.next(attempts, status.code(), &status))
                && Instant::now() + wait < deadline
            {
                sleep_until(Instant::now() + wait).await;
                attempts += 1;
                continue;
            }
            if !sent {
                self.answered(false);
                return Err(CallError::nothing_sent(status.code(), status.message(), GATEWAY_UNREACHABLE, &request_id));
            }
            let error = CallError::of(status, &request_id);
            self.answered(error.reason() != NO_ANSWER_FROM_GATEWAY);
            return Err(if unanswered { error.after_an_unanswered_attempt() } else { error });
        }
    }

    /// Fails if there is no connection and none can be made: the health check goes ahead, of which two do no harm.
    async fn ensure_connected(
        &self,
        metadata: &MetadataMap,
        deadline: Instant,
        request_id: &str,
    ) -> Result<(), CallError> {
        let answered_at = *self.inner.answered_at.lock().expect("never poisoned");
        if answered_at.is_some_and(|at| at.elapsed() < FRESH) {
            return Ok(());
        }
        match self.ask_health("", metadata, deadline).await {
            Err(status) if is_connection_error(status.code()) => {
                Err(CallError::nothing_sent(status.code(), status.message(), GATEWAY_UNREACHABLE, request_id))
            }
            _ => {
                self.answered(true);
                Ok(())
            }
        }
    }

    async fn ask_health(
        &self,
        service: &str,
        metadata: &MetadataMap,
        deadline: Instant,
    ) -> Result<ServingStatus, Status> {
        let mut health = HealthClient::new(self.inner.channel.clone());
        let message = HealthCheckRequest { service: service.into() };
        let mut attempts = 1;
        loop {
            let request = Request::from_parts(metadata.clone(), Extensions::default(), message.clone());
            let status = match by(deadline, request, async |request| health.check(request).await).await {
                Ok(response) => {
                    return Ok(match response.get_ref().status() {
                        PbServingStatus::Serving => ServingStatus::Serving,
                        PbServingStatus::NotServing => ServingStatus::NotServing,
                        _ => ServingStatus::Unknown,
                    });
                }
                Err(status) => status,
            };
            match self.inner.retry.as_ref().and_then(|retry| retry.next(attempts, status.code(), &status)) {
                Some(wait) if Instant::now() + wait < deadline => sleep_until(Instant::now() + wait).await,
                _ => return Err(status),
            }
            attempts += 1;
        }
    }

    /// Remembers whether there is a connection, as far as the last answer shows.
    fn answered(&self, yes: bool) {
        *self.inner.answered_at.lock().expect("never poisoned") = yes.then(Instant::now);
    }
}

/// Sends one attempt, which ends at the deadline. An error of the transport, which is none of a server, is UNAVAILABLE as in
/// gRPC's other implementations: tonic calls some of them UNKNOWN.
async fn by<Message, Answer>(
    deadline: Instant,
    mut request: Request<Message>,
    send: impl AsyncFnOnce(Request<Message>) -> Result<Response<Answer>, Status>,
) -> Result<Response<Answer>, Status> {
    request.set_timeout(deadline.saturating_duration_since(Instant::now()));
    let ended = timeout_at(deadline, send(request)).await;
    match ended {
        Ok(Err(status)) if has_source::<tonic::TimeoutExpired>(&status) => Err(deadline_passed()),
        Ok(Err(status)) if std::error::Error::source(&status).is_some() && status.code() != Code::Unavailable => {
            Err(Status::unavailable(format!("the connection broke: {}", status.message())))
        }
        Ok(ended) => ended,
        Err(_) => Err(deadline_passed()),
    }
}

fn deadline_passed() -> Status {
    Status::deadline_exceeded("The deadline passed.")
}

fn has_connect_error(status: &Status) -> bool {
    has_source::<tonic::ConnectError>(status)
}

fn has_source<E: std::error::Error + 'static>(status: &Status) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(status);
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_connection_error(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::DeadlineExceeded)
}

fn reply_of<Answer>(response: Response<Answer>, request_id: String) -> Reply<Answer> {
    let has = |name: &str, value: &str| response.metadata().get(name).is_some_and(|found| found == value);
    let (replayed, bypassed) = (has("idempotent-replayed", "true"), has("idempotency", "bypassed"));
    Reply { message: response.into_inner(), request_id, replayed, bypassed }
}

/// What `tonic::Request::set_timeout` put into the metadata.
fn take_timeout(metadata: &mut MetadataMap) -> Option<Duration> {
    let value = metadata.remove("grpc-timeout")?;
    let text = value.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number.saturating_mul(3600)),
        "M" => Duration::from_secs(number.saturating_mul(60)),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Fails on metadata that cannot be sent, beyond what tonic's types forbid.
fn check_metadata(metadata: &MetadataMap, request_id: &str) -> Result<(), CallError> {
    let illegal = metadata.iter().find_map(|entry| match entry {
        KeyAndValueRef::Ascii(key, value) => {
            let legal = value.as_encoded_bytes().iter().all(|byte| (b' '..=b'~').contains(byte));
            (!legal || key.as_str().starts_with("grpc-")).then(|| key.as_str())
        }
        KeyAndValueRef::Binary(key, _) => key.as_str().starts_with("grpc-").then(|| key.as_str()),
    });
    match illegal {
        None => Ok(()),
        Some(name) => {
            let message = format!("cannot be sent as metadata: {name}");
            Err(CallError::nothing_sent(Code::InvalidArgument, message, ILLEGAL_METADATA, request_id))
        }
    }
}

// A call can go to another thread while it waits.
#[allow(dead_code)]
fn assert_send(client: &'static Client, request: CreateVspInteractionRequest) -> impl Future + Send {
    client.create_vsp_interaction(request)
}
