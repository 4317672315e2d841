package com.interactiongateway.client;

import com.interactiongateway.interaction.v1.AddWolkvoxInteractionRequest;
import com.interactiongateway.interaction.v1.AddWolkvoxInteractionResponse;
import com.interactiongateway.interaction.v1.CreateVspInteractionRequest;
import com.interactiongateway.interaction.v1.CreateVspInteractionResponse;
import com.interactiongateway.interaction.v1.InteractionServiceGrpc;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Calls an Interaction Gateway. Threads share it; make it once. A call blocks its thread until it has an answer or its time is
 * over, and throws a {@link CallException} if it fails.
 *
 * <p>Without blocking. The ...Async methods return at once. Their future is completed with the reply or with a CallException, in a
 * thread of gRPC's.
 *
 * <p>Cancellation. A thread that is interrupted, or whose {@link Context} is cancelled, cancels its call. If the call was sent, its
 * outcome is unknown. {@code cancel} of a future cancels its call, too, but the future then tells nothing of the outcome; the
 * {@link Context} in which the call began ends it with a CallException.
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
  final ClientBuilder options;
  final ManagedChannel channel;
  final Optional<Retry> retry;
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
    return call(request, call).await(call);
  }

  /** The same without blocking: see {@link Client}. */
  public CompletableFuture<Reply<CreateVspInteractionResponse>> createVspInteractionAsync(CreateVspInteractionRequest request) {
    return createVspInteractionAsync(request, CallOptions.NONE);
  }

  /** The same without blocking: see {@link Client}. */
  public CompletableFuture<Reply<CreateVspInteractionResponse>> createVspInteractionAsync(
      CreateVspInteractionRequest request, CallOptions call) {
    return call(request, call).start(call);
  }

  /** Routes an atypical interaction to a contact-centre agent at wolkvox. */
  public Reply<AddWolkvoxInteractionResponse> addWolkvoxInteraction(AddWolkvoxInteractionRequest request) {
    return addWolkvoxInteraction(request, CallOptions.NONE);
  }

  /** Routes an atypical interaction to a contact-centre agent at wolkvox. */
  public Reply<AddWolkvoxInteractionResponse> addWolkvoxInteraction(AddWolkvoxInteractionRequest request, CallOptions call) {
    return call(request, call).await(call);
  }

  /** The same without blocking: see {@link Client}. */
  public CompletableFuture<Reply<AddWolkvoxInteractionResponse>> addWolkvoxInteractionAsync(AddWolkvoxInteractionRequest request) {
    return addWolkvoxInteractionAsync(request, CallOptions.NONE);
  }

  /** The same without blocking: see {@link Client}. */
  public CompletableFuture<Reply<AddWolkvoxInteractionResponse>> addWolkvoxInteractionAsync(
      AddWolkvoxInteractionRequest request, CallOptions call) {
    return call(request, call).start(call);
  }

  /** Asks grpc.health.v1.Health about the gateway as a whole. */
  public ServingStatus checkHealth() {
    return checkHealth("", CallOptions.NONE);
  }

  /** Asks grpc.health.v1.Health about a service; one that it does not know is NOT_FOUND. */
  public ServingStatus checkHealth(String service, CallOptions call) {
    Metadata metadata = CallMetadata.of(call, "");
    var request = HealthCheckRequest.newBuilder().setService(service).build();
    try {
      var health = HealthGrpc.newBlockingStub(channel).withDeadline(deadline(call))
          .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
      return switch (health.check(request).getStatus()) {
        case SERVING -> ServingStatus.SERVING;
        case NOT_SERVING -> ServingStatus.NOT_SERVING;
        default -> ServingStatus.UNKNOWN;
      };
    } catch (StatusRuntimeException e) {
      throw CallException.ofHealthCheck(e, Call.isConnectionError(e.getStatus()));
    }
  }

  /** Cancels the calls under way, whose outcome is then unknown, and closes the connections. */
  @Override
  public void close() {
    closed = true;
    channel.shutdownNow();
  }

  private Call<CreateVspInteractionRequest, CreateVspInteractionResponse> call(
      CreateVspInteractionRequest request, CallOptions call) {
    String requestId = requestId(request.getRequestId());
    return new Call<>(this, InteractionServiceGrpc.getCreateVspInteractionMethod(),
        request.toBuilder().setRequestId(requestId).build(), requestId, deadline(call));
  }

  private Call<AddWolkvoxInteractionRequest, AddWolkvoxInteractionResponse> call(
      AddWolkvoxInteractionRequest request, CallOptions call) {
    String requestId = requestId(request.getRequestId());
    return new Call<>(this, InteractionServiceGrpc.getAddWolkvoxInteractionMethod(),
        request.toBuilder().setRequestId(requestId).build(), requestId, deadline(call));
  }

  private String requestId(String given) {
    return given.isEmpty() && options.makeRequestId ? newRequestId() : given;
  }

  private Deadline deadline(CallOptions call) {
    Duration timeout = call.timeout == null ? options.defaultTimeout : call.timeout;
    return Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  boolean isClosed() {
    return closed;
  }
}
