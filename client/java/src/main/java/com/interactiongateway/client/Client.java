package com.interactiongateway.client;

import com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest;
import com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse;
import com.interactiongateway.interaction.v1.CreateVspInteractionRequest;
import com.interactiongateway.interaction.v1.CreateVspInteractionResponse;
import com.interactiongateway.interaction.v1.InteractionServiceGrpc;
import com.interactiongateway.interaction.v1.InteractionServiceGrpc.InteractionServiceBlockingStub;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * Calls an Interaction Gateway. Threads share it; make it once. A call blocks its thread until it has an answer or its time is
 * over, and throws a {@link CallException} if it fails.
 *
 * <p>Cancellation. A thread that is interrupted, or whose {@link Context} is cancelled, cancels its call. If the call was sent, its
 * outcome is unknown.
 *
 * <p>Connections. While there is none, a call asks grpc.health.v1.Health first and goes on if that is answered, whatever the answer.
 * If it is not, the reason is GATEWAY_UNREACHABLE: the call itself was not sent.
 *
 * <p>Retries. A call gets a request_id, unless it has one, and is tried at most 3 times, only after UNAVAILABLE, as
 * service_config.json of the package says. The gateway makes one of them. A call without request_id is sent once.
 *
 * <p>Proxies of the environment and of system properties are not used.
 */
public final class Client implements AutoCloseable {
  private final ClientBuilder options;
  private final ManagedChannel channel;
  private final Optional<Retry> retry;
  private volatile boolean closed;

  Client(ClientBuilder options, ManagedChannel channel) {
    this.options = options;
    this.channel = channel;
    retry = options.defaultServiceConfig ? Optional.of(new Retry()) : Optional.empty();
  }

  /** A client in plaintext, as of {@link #builder}. */
  public static Client connect(String target) throws IOException {
    return builder(target).connect();
  }

  /** Says how a gateway is reached. The target is a gRPC name: "host:port", "dns:///host:port", "unix:/path". */
  public static ClientBuilder builder(String target) {
    return new ClientBuilder(target);
  }

  /** For a program that keeps the request_id itself, to repeat a call after its own crash. */
  public static String newRequestId() {
    return UUID.randomUUID().toString();
  }

  /** Opens a video interaction at SeeThePro. */
  public Reply<CreateVspInteractionResponse> createVspInteraction(CreateVspInteractionRequest request) {
    return createVspInteraction(request, CallOptions.NONE);
  }

  /** Opens a video interaction at SeeThePro. */
  public Reply<CreateVspInteractionResponse> createVspInteraction(CreateVspInteractionRequest request, CallOptions call) {
    String requestId = requestId(request.getRequestId());
    CreateVspInteractionRequest message = request.toBuilder().setRequestId(requestId).build();
    return call(requestId, call, service -> service.createVspInteraction(message));
  }

  /** Routes an atypical interaction to a contact-centre agent at wolkvox. */
  public Reply<AddWolkvoxInteractionResponse> addWolkvoxInteraction(AddWolkvoxInteractionRequest request) {
    return addWolkvoxInteraction(request, CallOptions.NONE);
  }

  /** Routes an atypical interaction to a contact-centre agent at wolkvox. */
  public Reply<AddWolkvoxInteractionResponse> addWolkvoxInteraction(AddWolkvoxInteractionRequest request, CallOptions call) {
    String requestId = requestId(request.getRequestId());
    AddWolkvoxInteractionRequest message = request.toBuilder().setRequestId(requestId).build();
    return call(requestId, call, service -> service.addWolkvoxInteraction(message));
  }

  /** Asks grpc.health.v1.Health about the gateway as a whole. */
  public ServingStatus checkHealth() {
    return checkHealth("", CallOptions.NONE);
  }

  /** Asks grpc.health.v1.Health about a service; one that it does not know is NOT_FOUND. */
  public ServingStatus checkHealth(String service, CallOptions call) {
    try {
      return askHealth(service, CallMetadata.of(call, ""), deadline(call));
    } catch (StatusRuntimeException e) {
      throw CallException.ofHealthCheck(e, isConnectionError(e));
    }
  }

  /** Cancels the calls under way, whose outcome is then unknown, and closes the connections. */
  @Override
  public void close() {
    closed = true;
    channel.shutdownNow();
  }

  private String requestId(String given) {
    return given.isEmpty() && options.makeRequestId ? newRequestId() : given;
  }

  private Deadline deadline(CallOptions call) {
    Duration timeout = call.timeout == null ? options.defaultTimeout : call.timeout;
    return Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  private <T> Reply<T> call(String requestId, CallOptions call, Function<InteractionServiceBlockingStub, T> send) {
    Deadline deadline = deadline(call);
    Metadata metadata = CallMetadata.of(call, requestId);
    Metadata withCredential = withCredential(metadata, requestId);
    ensureConnected(metadata, deadline, requestId);
    boolean unanswered = false; // one attempt got no answer of the gateway
    for (int attempts = 1;; ++attempts) {
      AtomicReference<Metadata> trailers = new AtomicReference<>();
      try {
        var service = prepared(InteractionServiceGrpc.newBlockingStub(channel), withCredential, deadline)
            .withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(new AtomicReference<>(), trailers));
        T message = send.apply(service);
        retry.ifPresent(Retry::succeeded);
        return new Reply<>(message, requestId, CallMetadata.has(trailers.get(), "idempotent-replayed", "true"),
            CallMetadata.has(trailers.get(), "idempotency", "bypassed"));
      } catch (StatusRuntimeException e) {
        CallException error = CallException.of(closed ? cancelled(e) : e, requestId);
        unanswered |= error.reason().equals(CallException.NO_ANSWER_FROM_GATEWAY);
        if (!waitsForNext(attempts, error.code(), e.getTrailers(), requestId, deadline)) {
          throw unanswered ? error.afterAnUnansweredAttempt() : error;
        }
      }
    }
  }

  /** Waits before the next attempt; false if there is none. A call without request_id is sent once. */
  private boolean waitsForNext(int attempts, Status.Code code, Metadata trailers, String requestId, Deadline deadline) {
    Optional<Duration> wait =
        requestId.isEmpty() ? Optional.empty() : retry.flatMap(policy -> policy.next(attempts, code, trailers));
    if (wait.isEmpty() || wait.get().toNanos() >= deadline.timeRemaining(TimeUnit.NANOSECONDS)) return false;
    try {
      TimeUnit.NANOSECONDS.sleep(wait.get().toNanos());
      return !isCancelled();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Metadata withCredential(Metadata metadata, String requestId) {
    Metadata all = new Metadata();
    all.merge(metadata);
    try {
      options.addCredential(all);
    } catch (IOException | IllegalArgumentException e) {
      String message = e instanceof IOException ? "cannot be read: " + e.getMessage() : e.getMessage();
      throw CallException.nothingSent(
          Status.Code.FAILED_PRECONDITION, message, CallException.CREDENTIAL_UNREADABLE, requestId, e);
    }
    return all;
  }

  /**
   * Fails if there is no connection and none can be made: the health check goes ahead, of which two do no harm, and any answer of
   * it shows that there is a connection.
   */
  private void ensureConnected(Metadata metadata, Deadline deadline, String requestId) {
    if (!isCancelled() && channel.getState(false) == ConnectivityState.READY) return;
    try {
      if (!isCancelled()) askHealth("", metadata, deadline);
    } catch (StatusRuntimeException e) {
      if (!isCancelled() && isConnectionError(e)) {
        throw CallException.nothingSent(
            e.getStatus().getCode(), e.getStatus().getDescription(), CallException.GATEWAY_UNREACHABLE, requestId, e);
      }
    }
    if (isCancelled()) {
      throw CallException.nothingSent(Status.Code.CANCELLED, "The call was cancelled before it was sent.",
          CallException.CANCELLED_BEFORE_SEND, requestId, null);
    }
  }

  private boolean isCancelled() {
    return closed || Thread.currentThread().isInterrupted() || Context.current().isCancelled();
  }

  private ServingStatus askHealth(String service, Metadata metadata, Deadline deadline) {
    var request = HealthCheckRequest.newBuilder().setService(service).build();
    return switch (prepared(HealthGrpc.newBlockingStub(channel), metadata, deadline).check(request).getStatus()) {
      case SERVING -> ServingStatus.SERVING;
      case NOT_SERVING -> ServingStatus.NOT_SERVING;
      default -> ServingStatus.UNKNOWN;
    };
  }

  private static <S extends AbstractStub<S>> S prepared(S stub, Metadata metadata, Deadline deadline) {
    return stub.withDeadline(deadline).withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  private static boolean isConnectionError(StatusRuntimeException e) {
    Status.Code code = e.getStatus().getCode();
    return code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED;
  }

  /** gRPC calls it UNAVAILABLE when the client itself is closed. */
  private static StatusRuntimeException cancelled(StatusRuntimeException e) {
    return e.getTrailers() != null && CallMetadata.hasDetails(e.getTrailers())
        ? e
        : Status.CANCELLED.withDescription("The client was closed.").withCause(e).asRuntimeException();
  }
}
