//! The crate interaction-gateway as a user has it, against what tests/packages/world.py starts.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use interaction_gateway::v1::{AddWolkvoxInteractionRequest, CreateVspInteractionRequest};
use interaction_gateway::*;
use tonic::{Code, Request};

const ANY_TEXT: &str = "Ñandú “quoted” \"'\\ 日本語 👩‍👩‍👧‍👦\ttab\nline \u{1}\u{7f} end ";

fn address(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(address("FILES")).join(name)
}

/// A file of the test's own.
fn own_file(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    file(&format!("rust-{}-{name}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

fn named(name: &str) -> CreateVspInteractionRequest {
    CreateVspInteractionRequest {
        interaction_identity: "+573001234567".into(),
        interaction_name: name.into(),
        account_id: "6925ebd4-125d-4338-a736-99f4b5bcb3d7".into(),
        contact_id: "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0".into(),
        ..Default::default()
    }
}

fn vsp() -> CreateVspInteractionRequest {
    named("Claim 1138")
}

/// A call whose connection the relay cuts while the gateway waits for the vendor; its next attempt gets through.
fn cut_once() -> CreateVspInteractionRequest {
    CreateVspInteractionRequest {
        interaction_identity: format!("cut-once-{}", new_request_id()),
        ..named("sandbox:slow-1000")
    }
}

fn wolkvox() -> AddWolkvoxInteractionRequest {
    AddWolkvoxInteractionRequest {
        sender: "+573001234567".into(),
        recipient: "+576015550100".into(),
        routing_point_id: "4711".into(),
        ..Default::default()
    }
}

fn options(name: &str) -> ClientOptions {
    ClientOptions::from(address(name).as_str())
}

async fn connect(options: ClientOptions) -> Client {
    Client::connect(options).await.unwrap()
}

async fn fails(client: &Client, request: impl tonic::IntoRequest<CreateVspInteractionRequest>) -> CallError {
    client.create_vsp_interaction(request).await.unwrap_err()
}

async fn opens(client: &Client, request: impl tonic::IntoRequest<CreateVspInteractionRequest>) -> String {
    client.create_vsp_interaction(request).await.unwrap().message.interaction_id().into()
}

/// Says in the interop matrix that a cell works: tests/packages/interop_matrix.py.
fn works(column: &str) {
    if let Ok(folder) = std::env::var("INTEROP_MATRIX") {
        let row = PathBuf::from(folder).join("Rust");
        let mut row = std::fs::OpenOptions::new().append(true).create(true).open(row).unwrap();
        row.write_all(format!("{column}\n").as_bytes()).unwrap();
    }
}

fn from_sandbox(path: &str) -> serde_json::Value {
    get(&address("SANDBOX"), &format!("sandbox/{path}"))
}

fn get(url: &str, path: &str) -> serde_json::Value {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The body of the request with this text in it that arrived at a vendor.
fn arrived(text: &str) -> serde_json::Value {
    let requests = from_sandbox("requests");
    let bodies = requests.as_array().unwrap().iter().filter_map(|request| request["body"].as_str());
    let found: Vec<_> = bodies.filter(|body| body.contains(text)).collect();
    assert_eq!(found.len(), 1);
    serde_json::from_str(found[0]).unwrap()
}

#[tokio::test]
async fn fields_arrive_as_they_were_given() {
    let client = connect(options("GATEWAY")).await;
    let mark = new_request_id();
    let request = CreateVspInteractionRequest { interaction_identity: mark.clone(), ..named(ANY_TEXT) };
    let reply = client.create_vsp_interaction(request).await.unwrap();
    assert!(!reply.message.interaction_id().is_empty() && reply.message.campaign_key.is_some());
    assert_eq!(arrived(&mark)["InteractionName"], ANY_TEXT);
    works("Unicode");

    let mark = new_request_id();
    let request = AddWolkvoxInteractionRequest { body: ANY_TEXT.into(), subject: mark.clone(), ..wolkvox() };
    assert_eq!(client.add_wolkvox_interaction(request).await.unwrap().message.code, 201);
    assert_eq!(arrived(&mark)["body"], ANY_TEXT);
    works("both RPCs");
}

#[tokio::test]
async fn a_call_gets_a_request_id_by_which_it_can_be_repeated() {
    let client = connect(options("GATEWAY")).await;
    let first = client.create_vsp_interaction(vsp()).await.unwrap();
    assert_eq!(first.request_id.len(), 36);
    let repeated = CreateVspInteractionRequest { request_id: first.request_id.clone(), ..vsp() };
    let again = client.create_vsp_interaction(repeated).await.unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(again.message, first.message);
    works("replay");
    assert_ne!(opens(&client, vsp()).await, first.message.interaction_id());
}

#[tokio::test]
async fn an_error_names_every_field_that_is_wrong() {
    let request = CreateVspInteractionRequest { account_id: "12".into(), ..Default::default() };
    let error = fails(&connect(options("GATEWAY")).await, request).await;
    assert_eq!((error.code(), error.reason(), error.domain()), (Code::InvalidArgument, "INVALID_REQUEST", DOMAIN));
    assert_eq!((error.outcome(), error.phase(), error.upstream()), (Outcome::NotApplied, "validate", "seethepro"));
    works("ErrorInfo");
    let fields: BTreeSet<_> = error.field_violations().iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, BTreeSet::from(["account_id", "contact_id", "interaction_identity", "interaction_name"]));
    works("BadRequest");
    assert!(error.to_string().contains("account_id: must be a GUID"), "{error}");
}

#[tokio::test]
async fn an_error_says_when_to_call_again_what_is_used_up_and_what_the_operator_must_check() {
    let client = connect(options("GATEWAY")).await;
    let mut request = Request::new(named("sandbox:rate-limited"));
    request.set_timeout(Duration::from_secs(3));
    let error = fails(&client, request).await;
    assert_eq!((error.reason(), error.retry_delay()), ("UPSTREAM_RATE_LIMITED", Some(Duration::from_secs(7))));
    works("RetryInfo");

    let request = AddWolkvoxInteractionRequest {
        wolkvox_server: "0043".into(),
        wolkvox_token: "exhausted-token".into(),
        ..wolkvox()
    };
    let error = client.add_wolkvox_interaction(request).await.unwrap_err();
    assert_eq!(error.upstream(), "wolkvox");
    let [violation] = error.quota_violations() else { panic!("{error:?}") };
    assert_eq!(violation.subject, "uses of the wolkvox token a day");
    works("QuotaFailure");

    let error = fails(&client, named("sandbox:unauthorized")).await;
    let [violation] = error.precondition_violations() else { panic!("{error:?}") };
    assert_eq!(violation.kind, "UPSTREAM_CREDENTIALS_REJECTED");
    assert_eq!(violation.subject, "the gateway's credential for the upstream");
    works("PreconditionFailure");
}

#[tokio::test]
async fn an_unknown_outcome_is_told() {
    let error = fails(&connect(options("GATEWAY")).await, named("sandbox:reset")).await;
    assert_eq!((error.reason(), error.outcome()), ("UPSTREAM_CONNECTION_LOST", Outcome::Unknown));
    assert_eq!(error.metadata()["requestId"], error.request_id());
}

#[tokio::test]
async fn a_deadline_that_passes_leaves_the_outcome_unknown() {
    let client = connect(options("GATEWAY")).await;
    let mut request = Request::new(named("sandbox:timeout"));
    request.set_timeout(Duration::from_millis(500));
    let hasty = ClientOptions { default_timeout: Duration::from_millis(500), ..options("GATEWAY") };
    for error in [fails(&client, request).await, fails(&connect(hasty).await, named("sandbox:timeout")).await] {
        assert_eq!((error.code(), error.outcome()), (Code::DeadlineExceeded, Outcome::Unknown));
    }
    works("deadline");
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled() {
    let client = connect(options("GATEWAY")).await;
    let mark = new_request_id();
    let arrived = || from_sandbox("requests").to_string().contains(&mark);
    let request = CreateVspInteractionRequest { interaction_identity: mark.clone(), ..named("sandbox:slow-3000") };
    let call =
        client.create_vsp_interaction(CreateVspInteractionRequest { request_id: mark.clone(), ..request.clone() });
    tokio::select! {
        reply = call => panic!("{reply:?}"),
        () = async { while !arrived() { tokio::time::sleep(Duration::from_millis(10)).await } } => {}
    }
    let cancelled = format!("cancelled/{mark}");
    tokio::task::spawn_blocking(move || get(&address("CONTROL"), &cancelled)).await.unwrap();
    // The same request_id gets what became of it: it was opened once.
    let again =
        client.create_vsp_interaction(CreateVspInteractionRequest { request_id: mark.clone(), ..request }).await;
    assert!(again.unwrap().replayed);
    works("cancel");
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let error = fails(&connect(options("NOBODY")).await, vsp()).await;
    assert_eq!((error.code(), error.reason()), (Code::Unavailable, GATEWAY_UNREACHABLE));
    assert_eq!((error.outcome(), error.request_id().len()), (Outcome::NotApplied, 36));
}

#[tokio::test]
async fn an_answer_that_is_not_the_gateways_leaves_the_outcome_unknown() {
    for name in ["proxy-PERMISSION_DENIED", "proxy-UNAVAILABLE", "foreign", "garbage"] {
        let error = fails(&connect(options("IMPOSTOR")).await, named(name)).await;
        assert_eq!((error.reason(), error.domain()), (NO_ANSWER_FROM_GATEWAY, CLIENT_DOMAIN), "{name}");
        assert_eq!(error.outcome(), Outcome::Unknown, "{name}");
    }
}

#[tokio::test]
async fn only_unavailable_of_a_call_with_request_id_is_tried_again() {
    let client = connect(options("IMPOSTOR")).await;
    assert_eq!(opens(&client, named("attempts-3")).await, "3");
    assert_eq!(fails(&client, named("attempts-4")).await.metadata()["attempt"], "3");
    let client = connect(options("IMPOSTOR")).await;
    assert_eq!(fails(&client, named("pushback")).await.metadata()["attempt"], "1");

    let without = connect(ClientOptions { make_request_id: false, ..options("IMPOSTOR") }).await;
    let request = CreateVspInteractionRequest { interaction_identity: new_request_id(), ..named("attempts-2") };
    let error = fails(&without, request.clone()).await;
    assert_eq!((error.metadata()["attempt"].as_str(), error.request_id()), ("1", ""));
    assert_eq!(opens(&without, CreateVspInteractionRequest { request_id: new_request_id(), ..request }).await, "2");

    let never = connect(ClientOptions { default_service_config: false, ..options("IMPOSTOR") }).await;
    assert_eq!(fails(&never, named("attempts-2")).await.metadata()["attempt"], "1");
}

#[tokio::test]
async fn a_refused_attempt_does_not_hide_that_an_earlier_one_got_no_answer() {
    let error = fails(&connect(options("IMPOSTOR")).await, named("lost")).await;
    assert_eq!((error.reason(), error.outcome()), ("OVERLOADED", Outcome::Unknown));
}

#[tokio::test]
async fn a_connection_that_breaks_at_work_opens_nothing_twice() {
    let request = cut_once();
    let identity = request.interaction_identity.clone();
    let reply = connect(options("RELAY")).await.create_vsp_interaction(request).await.unwrap();
    assert!(reply.replayed, "the answer to the first attempt");
    arrived(&identity); // once
    works("retry");

    let without = connect(ClientOptions { make_request_id: false, ..options("RELAY") }).await;
    let error = fails(&without, cut_once()).await;
    assert_eq!((error.code(), error.reason()), (Code::Unavailable, NO_ANSWER_FROM_GATEWAY));
    assert_eq!(error.outcome(), Outcome::Unknown);
}

fn trusting() -> ClientOptions {
    ClientOptions { tls: Some(TlsFiles { ca: Some(file("ca.pem")), ..Default::default() }), ..options("TLS_GATEWAY") }
}

#[tokio::test]
async fn who_calls_is_said_by_certificate_token_or_api_key() {
    let identity =
        TlsFiles { ca: Some(file("ca.pem")), certificate: Some(file("billing.pem")), key: Some(file("billing.key")) };
    for (column, options) in [
        ("mutual TLS", ClientOptions { tls: Some(identity), ..trusting() }),
        ("token", ClientOptions { token_file: Some(file("token")), ..trusting() }),
        ("TLS", ClientOptions { api_key_file: Some(file("api-key")), ..trusting() }),
    ] {
        let client = connect(options).await;
        opens(&client, vsp()).await;
        assert_eq!(client.add_wolkvox_interaction(wolkvox()).await.unwrap().message.code, 201);
        works(column);
    }
    let error = fails(&connect(trusting()).await, vsp()).await;
    assert_eq!((error.code(), error.reason()), (Code::Unauthenticated, "CALLER_UNAUTHENTICATED"));
    let stranger = ClientOptions { tls: Some(TlsFiles::default()), ..trusting() };
    assert_eq!(fails(&connect(stranger).await, vsp()).await.reason(), GATEWAY_UNREACHABLE);
}

#[tokio::test]
async fn a_token_is_read_anew_for_each_call() {
    let token = own_file("token");
    let replace = |name: &str| {
        std::fs::write(&token, std::fs::read_to_string(file(name)).unwrap() + "\n").unwrap();
    };
    replace("expired-token");
    let client = connect(ClientOptions { token_file: Some(token.clone()), ..trusting() }).await;
    assert_eq!(fails(&client, vsp()).await.reason(), "CALLER_UNAUTHENTICATED");
    replace("token");
    opens(&client, vsp()).await;
    std::fs::remove_file(&token).unwrap();
    let error = fails(&client, vsp()).await;
    assert_eq!((error.reason(), error.outcome()), (CREDENTIAL_UNREADABLE, Outcome::NotApplied));
    assert!(error.message().contains(token.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn metadata_is_sent_or_refused_by_name() {
    let client = connect(options("GATEWAY")).await;
    let key = new_request_id();
    let mut request = Request::new(CreateVspInteractionRequest { request_id: key.clone(), ..vsp() });
    request.metadata_mut().insert("idempotency-key", key.parse().unwrap());
    opens(&client, request).await;
    let mut request = Request::new(vsp());
    request.metadata_mut().insert("grpc-encoding", "gzip".parse().unwrap());
    let error = fails(&client, request).await;
    assert_eq!((error.reason(), error.outcome()), (ILLEGAL_METADATA, Outcome::NotApplied));
    assert!(error.message().contains("grpc-encoding"), "{error}");
}

#[tokio::test]
async fn health() {
    let client = connect(options("GATEWAY")).await;
    assert_eq!(client.check_health("").await.unwrap(), ServingStatus::Serving);
    assert_eq!(client.check_health("nobody").await.unwrap_err().code(), Code::NotFound);
    let error = connect(options("NOBODY")).await.check_health("").await.unwrap_err();
    assert_eq!(error.reason(), GATEWAY_UNREACHABLE);
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_once() {
    let blank = own_file("blank");
    std::fs::write(&blank, "two words").unwrap();
    let to = ClientOptions::from;
    let here = || options("GATEWAY");
    let tls = |ca: Option<PathBuf>, certificate: Option<PathBuf>, key: Option<PathBuf>| ClientOptions {
        tls: Some(TlsFiles { ca, certificate, key }),
        ..here()
    };
    let (token, key) = (Some(file("token")), Some(file("api-key")));
    let nowhere = Some(PathBuf::from("/nowhere"));
    for (part, options) in [
        ("the port is missing; for example gateway:50051", to("gateway")),
        ("a URL is not accepted here; for example gateway:443", to("https://gateway:443/x")),
        ("the port must be a number", to("gateway:70000")),
        ("brackets", to("::1:50051")),
        ("no address", to("")),
        ("cannot be used together", ClientOptions { token_file: token.clone(), api_key_file: key.clone(), ..here() }),
        ("a token is not sent to", ClientOptions { token_file: token.clone(), ..to("gateway:50051") }),
        ("an API key is not sent to", ClientOptions { api_key_file: key, ..to("127.evil.example:50051") }),
        ("does not hold a token alone", ClientOptions { token_file: Some(blank.clone()), ..here() }),
        ("must be given together", tls(None, None, Some(file("billing.key")))),
        ("does not contain PEM certificates", tls(Some(blank.clone()), None, None)),
        ("does not contain a PEM private key", tls(None, Some(file("billing.pem")), Some(blank.clone()))),
        ("are not a certificate and its key", tls(None, Some(file("billing.pem")), Some(file("sales.key")))),
        ("/nowhere: No such file", ClientOptions { token_file: nowhere.clone(), ..here() }),
        ("/nowhere: No such file", tls(nowhere, None, None)),
    ] {
        match Client::connect(options).await {
            Ok(_) => panic!("no error about: {part}"),
            Err(error) => assert!(error.to_string().contains(part), "{error}"),
        }
    }
    let client = connect(ClientOptions { token_file: token, ..here() }).await;
    opens(&client, vsp()).await; // to this machine, a token is sent without TLS
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_share_a_client() {
    let client = connect(options("GATEWAY")).await;
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { opens(&client, vsp()).await })
        })
        .collect();
    let mut ids = BTreeSet::new();
    for call in calls {
        assert!(ids.insert(call.await.unwrap()));
    }
}

/// Repeats a call, with its request_id, while the gateway is being restarted. Returns the interaction's id.
async fn persist(client: &Client) -> String {
    let request = CreateVspInteractionRequest { request_id: new_request_id(), ..vsp() };
    for _ in 0..600 {
        match client.create_vsp_interaction(request.clone()).await {
            Ok(reply) => return reply.message.interaction_id().into(),
            Err(error) => assert_eq!(error.code(), Code::Unavailable, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the gateway did not come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load_opens_each_call_once() {
    let client = connect(options("RESTARTED")).await;
    let control = |path: &'static str| tokio::task::spawn_blocking(move || get(&address("CONTROL"), path));
    let requests = async || control("requests").await.unwrap()["requests"].as_u64().unwrap();
    let before = requests().await;
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (client, over) = (client.clone(), over.clone());
            tokio::spawn(async move {
                let mut ids = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    ids.push(persist(&client).await);
                }
                ids
            })
        })
        .collect();
    control("restart").await.unwrap();
    over.store(true, Ordering::Relaxed);
    let mut ids = Vec::new();
    for caller in callers {
        ids.extend(caller.await.unwrap());
    }
    assert_eq!(requests().await - before, ids.len() as u64);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    works("restart");
}
