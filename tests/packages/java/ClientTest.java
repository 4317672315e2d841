import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import com.interactiongateway.client.CallException;
import com.interactiongateway.client.CallOptions;
import com.interactiongateway.client.Client;
import com.interactiongateway.client.ClientBuilder;
import com.interactiongateway.client.Outcome;
import com.interactiongateway.client.ServingStatus;
import com.interactiongateway.client.TlsFiles;
import com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest;
import com.interactiongateway.interaction.v1.CreateVspInteractionRequest;
import io.grpc.Context;
import io.grpc.Status.Code;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The installed artifact interaction-gateway, against what tests/packages/world.py starts. */
class ClientTest {
  private static final String GATEWAY = System.getenv("GATEWAY");
  private static final String TLS_GATEWAY = System.getenv("TLS_GATEWAY");
  private static final String RELAY = System.getenv("RELAY");
  private static final String IMPOSTOR = System.getenv("IMPOSTOR");
  private static final String RESTARTED = System.getenv("RESTARTED");
  private static final String CONTROL = System.getenv("CONTROL");
  private static final String NOBODY = System.getenv("NOBODY");
  private static final String ANY_TEXT = "Ñandú “quoted” \"'\\ 日本語 👩‍👩‍👧‍👦\ttab\nline \u0001\u007f end ";

  private final List<Client> clients = new ArrayList<>();

  @TempDir Path folder;

  @AfterEach
  void close() {
    clients.forEach(Client::close);
  }

  private Client connect(String target) throws IOException {
    return connect(Client.builder(target));
  }

  private Client connect(ClientBuilder builder) throws IOException {
    Client client = builder.connect();
    clients.add(client);
    return client;
  }

  private static Path file(String name) {
    return Path.of(System.getenv("FILES"), name);
  }

  private static CreateVspInteractionRequest.Builder vsp(String name) {
    return CreateVspInteractionRequest.newBuilder().setInteractionIdentity("+573001234567").setInteractionName(name)
        .setAccountId("6925ebd4-125d-4338-a736-99f4b5bcb3d7").setContactId("3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0");
  }

  private static CreateVspInteractionRequest vsp() {
    return vsp("Claim 1138").build();
  }

  /** A call whose connection the relay cuts while the gateway waits for the vendor; its next attempt gets through. */
  private static CreateVspInteractionRequest cutOnce() {
    return vsp("sandbox:slow-1000").setInteractionIdentity("cut-once-" + UUID.randomUUID()).build();
  }

  private static AddWolkvoxInteractionRequest.Builder wolkvox() {
    return AddWolkvoxInteractionRequest.newBuilder().setSender("+573001234567").setRecipient("+576015550100")
        .setRoutingPointId("4711");
  }

  /** Says in the interop matrix that a cell works: tests/packages/interop_matrix.py. */
  private static void works(String column) throws IOException {
    String folder = System.getenv("INTEROP_MATRIX");
    if (folder == null) return;
    Files.writeString(Path.of(folder, "Java"), column + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static JsonElement fromSandbox(String what) throws Exception {
    return get(System.getenv("SANDBOX") + "/sandbox/" + what);
  }

  private static JsonElement get(String url) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(url)).build();
    return JsonParser.parseString(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
  }

  private static long requests() throws Exception {
    return fromSandbox("stats").getAsJsonObject().getAsJsonObject("seethepro").get("requests").getAsLong();
  }

  private static String lastSent(String field) throws Exception {
    var request = fromSandbox("requests?last=1").getAsJsonArray().get(0).getAsJsonObject();
    return JsonParser.parseString(request.get("body").getAsString()).getAsJsonObject().get(field).getAsString();
  }

  private static CallException fails(Client client, CreateVspInteractionRequest request) {
    return assertThrows(CallException.class, () -> client.createVspInteraction(request));
  }

  private static CallException fails(Client client, String name) {
    return fails(client, vsp(name).build());
  }

  private static String attempts(CallException error) {
    return error.metadata().get("attempt");
  }

  private static void opens(Client client) {
    assertFalse(client.createVspInteraction(vsp()).message().getInteractionId().isEmpty());
  }

  @Test
  void everyFieldOfAVspInteractionArrives() throws Exception {
    var reply =
        connect(GATEWAY).createVspInteraction(vsp(ANY_TEXT).build(), CallOptions.timeout(Duration.ofSeconds(10)));
    assertFalse(reply.message().getInteractionId().isEmpty());
    assertTrue(reply.message().hasCampaignKey());
    assertEquals(ANY_TEXT, lastSent("InteractionName"));
    works("Unicode");
  }

  @Test
  void everyFieldOfAWolkvoxInteractionArrives() throws Exception {
    var reply = connect(GATEWAY).addWolkvoxInteraction(wolkvox().setBody(ANY_TEXT).build());
    assertEquals(201, reply.message().getCode());
    assertEquals(ANY_TEXT, lastSent("body"));
    works("both RPCs");
  }

  @Test
  void aCallGetsARequestIdByWhichItCanBeRepeated() throws Exception {
    Client client = connect(GATEWAY);
    var first = client.createVspInteraction(vsp());
    assertEquals(4, UUID.fromString(first.requestId()).version());
    var again = client.createVspInteraction(vsp("Claim 1138").setRequestId(first.requestId()).build());
    assertFalse(first.replayed());
    assertTrue(again.replayed());
    assertEquals(first.message(), again.message());
    works("replay");
    assertNotEquals(first.message(), client.createVspInteraction(vsp()).message());
  }

  @Test
  void anErrorNamesEveryFieldThatIsWrong() throws Exception {
    CallException error = fails(connect(GATEWAY), CreateVspInteractionRequest.newBuilder().setAccountId("12").build());
    assertEquals(Code.INVALID_ARGUMENT, error.code());
    assertEquals(List.of("INVALID_REQUEST", CallException.DOMAIN), List.of(error.reason(), error.domain()));
    assertEquals(Outcome.NOT_APPLIED, error.outcome());
    assertEquals(List.of("validate", "seethepro"), List.of(error.phase(), error.upstream()));
    works("ErrorInfo");
    assertEquals(Set.of("interaction_identity", "interaction_name", "account_id", "contact_id"),
        error.fieldViolations().stream().map(CallException.FieldViolation::field).collect(Collectors.toSet()));
    works("BadRequest");
    assertTrue(error.getMessage().contains("account_id: must be a GUID"), error.getMessage());
  }

  @Test
  void anErrorSaysWhenToCallAgain() throws Exception {
    CallException error = assertThrows(CallException.class, () -> connect(GATEWAY).createVspInteraction(
        vsp("sandbox:rate-limited").build(), CallOptions.timeout(Duration.ofSeconds(3))));
    assertEquals("UPSTREAM_RATE_LIMITED", error.reason());
    assertEquals(Optional.of(Duration.ofSeconds(7)), error.retryDelay());
    works("RetryInfo");
  }

  @Test
  void anErrorSaysWhatIsUsedUp() throws Exception {
    var request = wolkvox().setWolkvoxServer("0043").setWolkvoxToken("exhausted-token").build();
    CallException error = assertThrows(CallException.class, () -> connect(GATEWAY).addWolkvoxInteraction(request));
    assertEquals(List.of("UPSTREAM_DAILY_QUOTA", "wolkvox"), List.of(error.reason(), error.upstream()));
    assertEquals(List.of("uses of the wolkvox token a day"),
        error.quotaViolations().stream().map(CallException.QuotaViolation::subject).toList());
    works("QuotaFailure");
  }

  @Test
  void anErrorSaysWhatTheOperatorMustCheck() throws Exception {
    CallException error = fails(connect(GATEWAY), "sandbox:unauthorized");
    assertEquals(Code.FAILED_PRECONDITION, error.code());
    var violation = error.preconditionViolations().get(0);
    assertEquals(List.of("UPSTREAM_CREDENTIALS_REJECTED", "the gateway's credential for the upstream"),
        List.of(violation.type(), violation.subject()));
    works("PreconditionFailure");
  }

  @Test
  void anUnknownOutcomeIsTold() throws Exception {
    CallException error = fails(connect(GATEWAY), "sandbox:reset");
    assertEquals(Outcome.UNKNOWN, error.outcome());
    assertEquals(List.of("UPSTREAM_CONNECTION_LOST", "wait"), List.of(error.reason(), error.phase()));
    assertEquals(error.requestId(), error.metadata().get("requestId"));
  }

  @Test
  void aDeadlineThatPassesLeavesTheOutcomeUnknown() throws Exception {
    long begin = System.nanoTime();
    CallException error = assertThrows(CallException.class, () -> connect(GATEWAY).createVspInteraction(
        vsp("sandbox:timeout").build(), CallOptions.timeout(Duration.ofMillis(500))));
    assertEquals(Code.DEADLINE_EXCEEDED, error.code());
    assertEquals(Outcome.UNKNOWN, error.outcome());
    assertTrue(Duration.ofNanos(System.nanoTime() - begin).toSeconds() < 5);
    works("deadline");
  }

  @Test
  void theDefaultTimeoutIsTheClients() throws Exception {
    Client client = connect(Client.builder(GATEWAY).defaultTimeout(Duration.ofMillis(500)));
    assertEquals(Code.DEADLINE_EXCEEDED, fails(client, "sandbox:timeout").code());
  }

  @Test
  void withoutAConnectionNothingWasSent() throws Exception {
    CallException error = fails(connect(NOBODY), vsp());
    assertEquals(Code.UNAVAILABLE, error.code());
    assertEquals(CallException.GATEWAY_UNREACHABLE, error.reason());
    assertEquals(Outcome.NOT_APPLIED, error.outcome());
    assertFalse(error.requestId().isEmpty());
  }

  @Test
  void anAnswerThatIsNotTheGatewaysLeavesTheOutcomeUnknown() throws Exception {
    Client client = connect(IMPOSTOR);
    for (String name : List.of("proxy-PERMISSION_DENIED", "proxy-UNAVAILABLE", "foreign", "garbage")) {
      CallException error = fails(client, name);
      assertEquals(List.of(CallException.NO_ANSWER_FROM_GATEWAY, CallException.CLIENT_DOMAIN, Outcome.UNKNOWN),
          List.of(error.reason(), error.domain(), error.outcome()), name);
    }
  }

  @Test
  void unavailableIsTriedThreeTimesWithOneRequestId() throws Exception {
    Client client = connect(IMPOSTOR);
    assertEquals("3", client.createVspInteraction(vsp("attempts-3").build()).message().getInteractionId());
    assertEquals("3", attempts(fails(client, "attempts-4")));
  }

  @Test
  void aRefusedAttemptDoesNotHideThatAnEarlierOneGotNoAnswer() throws Exception {
    CallException error = fails(connect(IMPOSTOR), "lost");
    assertEquals("OVERLOADED", error.reason());
    assertEquals(Outcome.UNKNOWN, error.outcome());
  }

  @Test
  void whenMostCallsFailNoneIsTriedAgain() throws Exception {
    Client client = connect(IMPOSTOR);
    List<String> seen = new ArrayList<>();
    for (int call = 0; call < 3; ++call) seen.add(attempts(fails(client, "attempts-9")));
    assertEquals(List.of("3", "2", "1"), seen); // of 10 tokens, more than 5 must be left
  }

  @Test
  void aCallThatTheGatewayForbidsToRepeatIsSentOnce() throws Exception {
    assertEquals("1", attempts(fails(connect(IMPOSTOR), "pushback")));
  }

  @Test
  void aCallWithoutRequestIdIsSentOnce() throws Exception {
    Client client = connect(Client.builder(IMPOSTOR).makeRequestId(false));
    var request = vsp("attempts-2").setInteractionIdentity(UUID.randomUUID().toString());
    CallException error = fails(client, request.build());
    assertEquals(List.of("1", ""), List.of(attempts(error), error.requestId()));
    var reply = client.createVspInteraction(request.setRequestId(Client.newRequestId()).build());
    assertEquals("2", reply.message().getInteractionId());
  }

  @Test
  void withoutTheServiceConfigACallIsSentOnce() throws Exception {
    assertEquals("1", attempts(fails(connect(Client.builder(IMPOSTOR).defaultServiceConfig(false)), "attempts-2")));
  }

  @Test
  void aConnectionThatBreaksAtWorkOpensNothingTwice() throws Exception {
    long before = requests();
    var reply = connect(RELAY).createVspInteraction(cutOnce());
    assertFalse(reply.message().getInteractionId().isEmpty());
    assertTrue(reply.replayed(), "the answer to the first attempt");
    assertEquals(1, requests() - before);
    works("retry");
  }

  @Test
  void aConnectionThatBreaksAtWorkLeavesTheOutcomeUnknownWithoutRequestId() throws Exception {
    CallException error = fails(connect(Client.builder(RELAY).makeRequestId(false)), cutOnce());
    assertEquals(List.of(Code.UNAVAILABLE, CallException.NO_ANSWER_FROM_GATEWAY, Outcome.UNKNOWN),
        List.of(error.code(), error.reason(), error.outcome()));
  }

  @Test
  void whoCallsIsSaidByCertificateTokenOrApiKey() throws Exception {
    TlsFiles tls = TlsFiles.ca(file("ca.pem"));
    for (var way : Map.of(
        "mutual TLS", Client.builder(TLS_GATEWAY).tls(tls.withCertificate(file("billing.pem"), file("billing.key"))),
        "token", Client.builder(TLS_GATEWAY).tls(tls).tokenFile(file("token")),
        "TLS", Client.builder(TLS_GATEWAY).tls(tls).apiKeyFile(file("api-key"))).entrySet()) {
      Client client = connect(way.getValue());
      opens(client);
      assertEquals(201, client.addWolkvoxInteraction(wolkvox().build()).message().getCode());
      works(way.getKey());
    }
  }

  @Test
  void whoDoesNotSayWhoCallsIsRefused() throws Exception {
    CallException error = fails(connect(Client.builder(TLS_GATEWAY).tls(TlsFiles.ca(file("ca.pem")))), vsp());
    assertEquals(List.of(Code.UNAUTHENTICATED, "CALLER_UNAUTHENTICATED"), List.of(error.code(), error.reason()));
  }

  @Test
  void aGatewayOfAnotherAuthorityIsNotSentAnything() throws Exception {
    CallException error =
        fails(connect(Client.builder(TLS_GATEWAY).tls(TlsFiles.system()).tokenFile(file("token"))), vsp());
    assertEquals(List.of(CallException.GATEWAY_UNREACHABLE, Outcome.NOT_APPLIED), List.of(error.reason(), error.outcome()));
  }

  @Test
  void aTokenIsReadAnewForEachCall() throws Exception {
    Path token = folder.resolve("token");
    Files.writeString(token, Files.readString(file("expired-token")) + "\n");
    Client client = connect(Client.builder(TLS_GATEWAY).tls(TlsFiles.ca(file("ca.pem"))).tokenFile(token));
    assertEquals("CALLER_UNAUTHENTICATED", fails(client, vsp()).reason());
    Files.writeString(token, Files.readString(file("token")) + "\n");
    opens(client);
    Files.delete(token);
    CallException error = fails(client, vsp());
    assertEquals(List.of(CallException.CREDENTIAL_UNREADABLE, Outcome.NOT_APPLIED), List.of(error.reason(), error.outcome()));
    assertTrue(error.getMessage().contains(token.toString()), error.getMessage());
  }

  @Test
  void metadataIsSentOrRefusedByName() throws Exception {
    Client client = connect(GATEWAY);
    String key = Client.newRequestId();
    client.createVspInteraction(
        vsp("Claim 1138").setRequestId(key).build(), CallOptions.NONE.withMetadata("idempotency-key", key));
    for (String[] pair : new String[][] {{"grpc-timeout", "1S"}, {"Upper", "x"}, {"text", "line\nline"}, {"", "x"},
        {"some-bin", "text"}}) {
      CallException error = assertThrows(CallException.class,
          () -> client.createVspInteraction(vsp(), CallOptions.NONE.withMetadata(pair[0], pair[1])), pair[0]);
      assertEquals(List.of(CallException.ILLEGAL_METADATA, Outcome.NOT_APPLIED), List.of(error.reason(), error.outcome()));
      assertTrue(error.getMessage().contains(pair[0]));
    }
  }

  @Test
  void health() throws Exception {
    Client client = connect(GATEWAY);
    assertEquals(ServingStatus.SERVING, client.checkHealth());
    assertEquals(ServingStatus.SERVING, client.checkHealth("interaction.v1.InteractionService", CallOptions.NONE));
    assertEquals(Code.NOT_FOUND,
        assertThrows(CallException.class, () -> client.checkHealth("nobody", CallOptions.NONE)).code());
    Client lonely = connect(NOBODY);
    assertEquals(CallException.GATEWAY_UNREACHABLE, assertThrows(CallException.class, lonely::checkHealth).reason());
  }

  @Test
  void whatCannotWorkIsRefusedAtOnce() throws Exception {
    Path blank = Files.writeString(folder.resolve("blank"), "two words");
    refuses("the port is missing; for example gateway:50051", Client.builder("gateway"));
    refuses("a URL is not accepted here; for example gateway:443", Client.builder("https://gateway:443/x"));
    refuses("the port must be a number", Client.builder("gateway:70000"));
    refuses("brackets", Client.builder("::1:50051"));
    refuses("no address", Client.builder(""));
    refuses("the path is missing", Client.builder("unix:/"));
    refuses("the host is missing", Client.builder(":50051"));
    refuses("must be above 0", Client.builder(GATEWAY).defaultTimeout(Duration.ZERO));
    refuses("cannot be used together", Client.builder(GATEWAY).tokenFile(file("token")).apiKeyFile(file("api-key")));
    refuses("a token is not sent to gateway:50051 without TLS", Client.builder("gateway:50051").tokenFile(file("token")));
    refuses("an API key is not sent to 127.evil.example:50051 without TLS",
        Client.builder("127.evil.example:50051").apiKeyFile(file("api-key")));
    refuses("does not hold a token alone", Client.builder(GATEWAY).tokenFile(blank));
    refuses("must be given together", Client.builder(GATEWAY).tls(TlsFiles.system().withCertificate(file("billing.pem"), null)));
    refuses("does not contain PEM certificates", Client.builder(GATEWAY).tls(TlsFiles.ca(blank)));
    refuses("are not a PEM certificate and its key",
        Client.builder(GATEWAY).tls(TlsFiles.system().withCertificate(file("billing.pem"), file("sales.key"))));
    Path nowhere = Path.of("/nowhere");
    assertThrows(NoSuchFileException.class, () -> connect(Client.builder(GATEWAY).tokenFile(nowhere)));
    assertThrows(NoSuchFileException.class, () -> connect(Client.builder(GATEWAY).tls(TlsFiles.ca(nowhere))));
  }

  private static void refuses(String part, ClientBuilder builder) {
    var error = assertThrows(IllegalArgumentException.class, builder::connect);
    assertTrue(error.getMessage().contains(part), error.getMessage());
  }

  @Test
  void aTokenIsSentToThisMachineWithoutTls() throws Exception {
    opens(connect(Client.builder(GATEWAY).tokenFile(file("token"))));
  }

  @Test
  void threadsShareAClient() throws Exception {
    Client client = connect(GATEWAY);
    var pool = Executors.newFixedThreadPool(20);
    Callable<String> call = () -> client.createVspInteraction(vsp()).message().getInteractionId();
    Set<String> ids = new java.util.HashSet<>();
    for (var future : pool.invokeAll(java.util.Collections.nCopies(20, call))) ids.add(future.get());
    pool.shutdown();
    assertEquals(20, ids.size());
  }

  @Test
  void callsGoSideBySideWithoutBlocking() throws Exception {
    Client client = connect(GATEWAY);
    var calls = Stream.generate(() -> client.createVspInteractionAsync(vsp())).limit(20).toList();
    Set<String> ids = new java.util.HashSet<>();
    for (var call : calls) ids.add(call.get().message().getInteractionId());
    assertEquals(20, ids.size());
    assertEquals(201, client.addWolkvoxInteractionAsync(wolkvox().build()).get().message().getCode());
  }

  private static CallException failure(CompletableFuture<?> call) {
    return assertInstanceOf(CallException.class, assertThrows(ExecutionException.class, call::get).getCause());
  }

  @Test
  void aFutureFailsWithTheErrorOfItsCall() throws Exception {
    var invalid = failure(connect(GATEWAY).createVspInteractionAsync(CreateVspInteractionRequest.getDefaultInstance()));
    assertEquals(List.of("INVALID_REQUEST", Outcome.NOT_APPLIED), List.of(invalid.reason(), invalid.outcome()));
    var unsent = failure(connect(NOBODY).createVspInteractionAsync(vsp()));
    assertEquals(CallException.GATEWAY_UNREACHABLE, unsent.reason());
    var illegal = connect(GATEWAY).createVspInteractionAsync(vsp(), CallOptions.NONE.withMetadata("Upper", "x"));
    assertEquals(CallException.ILLEGAL_METADATA, failure(illegal).reason());
  }

  @Test
  void aCallWithoutBlockingIsTriedThreeTimes() throws Exception {
    Client client = connect(IMPOSTOR);
    assertEquals("3", client.createVspInteractionAsync(vsp("attempts-3").build()).get().message().getInteractionId());
    assertEquals("3", attempts(failure(client.createVspInteractionAsync(vsp("attempts-4").build()))));
  }

  @Test
  void aContextThatIsCancelledCancelsItsCallWhoseOutcomeIsThenUnknown() throws Exception {
    Client client = connect(GATEWAY);
    opens(client);
    long before = requests();
    var context = Context.current().withCancellation();
    var call = context.call(() -> client.createVspInteractionAsync(vsp("sandbox:timeout").build()));
    while (requests() == before) Thread.onSpinWait();
    context.cancel(null);
    CallException error = failure(call);
    assertEquals(List.of(Code.CANCELLED, Outcome.UNKNOWN), List.of(error.code(), error.outcome()));
    CallException late = failure(context.call(() -> client.createVspInteractionAsync(vsp())));
    assertEquals(CallException.CANCELLED_BEFORE_SEND, late.reason());
  }

  @Test
  void aFutureThatIsCancelledCancelsItsCallWhichCanBeRepeated() throws Exception {
    Client client = connect(GATEWAY);
    var request = vsp("sandbox:slow-2000").setRequestId(Client.newRequestId()).build();
    long before = requests();
    var call = client.createVspInteractionAsync(request);
    while (requests() == before) Thread.onSpinWait();
    assertTrue(call.cancel(true));
    get(CONTROL + "/cancelled/" + request.getRequestId());
    assertTrue(client.createVspInteraction(request).replayed());
    assertEquals(1, requests() - before);
  }

  /** Starts a call that is not answered, and returns when the vendor has it. */
  private static Thread unanswered(Client client, CompletableFuture<CallException> ended) throws Exception {
    opens(client);
    long before = requests();
    Thread thread = new Thread(() -> ended.complete(fails(client, "sandbox:timeout")));
    thread.start();
    while (requests() == before) Thread.onSpinWait();
    return thread;
  }

  @Test
  void aThreadThatIsInterruptedCancelsItsCallWhoseOutcomeIsThenUnknown() throws Exception {
    Client client = connect(GATEWAY);
    var ended = new CompletableFuture<CallException>();
    unanswered(client, ended).interrupt();
    assertEquals(List.of(Code.CANCELLED, Outcome.UNKNOWN), List.of(ended.get().code(), ended.get().outcome()));
    get(CONTROL + "/cancelled/" + ended.get().requestId());
    works("cancel");
    Thread.currentThread().interrupt();
    CallException unsent = fails(client, vsp());
    assertTrue(Thread.interrupted());
    assertEquals(List.of(CallException.CANCELLED_BEFORE_SEND, Outcome.NOT_APPLIED), List.of(unsent.reason(), unsent.outcome()));
  }

  @Test
  void closeCancelsACallWhoseOutcomeIsThenUnknown() throws Exception {
    Client client = connect(GATEWAY);
    var ended = new CompletableFuture<CallException>();
    unanswered(client, ended);
    client.close();
    assertEquals(List.of(Code.CANCELLED, Outcome.UNKNOWN), List.of(ended.get().code(), ended.get().outcome()));
    CallException late = fails(client, vsp());
    assertEquals(List.of(CallException.CANCELLED_BEFORE_SEND, Outcome.NOT_APPLIED), List.of(late.reason(), late.outcome()));
  }

  /** Repeats a call, with its request_id, while the gateway is being restarted. Returns the interaction's id. */
  private static String persist(Client client) throws InterruptedException {
    var request = vsp("Claim 1138").setRequestId(Client.newRequestId()).build();
    for (int attempt = 0; attempt < 600; ++attempt) {
      try {
        return client.createVspInteraction(request).message().getInteractionId();
      } catch (CallException error) {
        assertEquals(Code.UNAVAILABLE, error.code(), error.getMessage());
        Thread.sleep(50);
      }
    }
    return fail("the gateway did not come back");
  }

  private static int requestsAtRestarted() throws Exception {
    return get(CONTROL + "/requests").getAsJsonObject().get("requests").getAsInt();
  }

  @Test
  void aRestartUnderLoadOpensEachCallOnce() throws Exception {
    Client client = connect(RESTARTED);
    int before = requestsAtRestarted();
    var over = new AtomicBoolean();
    Callable<List<String>> keepCalling = () -> {
      List<String> ids = new ArrayList<>();
      while (!over.get()) ids.add(persist(client));
      return ids;
    };
    var pool = Executors.newFixedThreadPool(4);
    var callers = Stream.generate(() -> pool.submit(keepCalling)).limit(4).toList();
    try {
      get(CONTROL + "/restart");
    } finally {
      over.set(true);
    }
    List<String> ids = new ArrayList<>();
    for (var caller : callers) ids.addAll(caller.get());
    pool.shutdown();
    assertEquals(ids.size(), Set.copyOf(ids).size());
    assertEquals(ids.size(), requestsAtRestarted() - before);
    works("restart");
  }
}
