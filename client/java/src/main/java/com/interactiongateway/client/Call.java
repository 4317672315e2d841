package com.interactiongateway.client;

import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A call from its checks to its result, with all attempts. Nothing in it waits in a thread, but {@link #await}. */
final class Call<Q, T> {
  /** What an attempt ended with. The message is null unless the status is OK. */
  record Answer<T>(Status status, Metadata trailers, T message) {
    StatusRuntimeException error() {
      return status.asRuntimeException(trailers);
    }
  }

  private final Client client;
  private final MethodDescriptor<Q, T> method;
  private final Q request;
  private final String requestId;
  private final Deadline deadline;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final CompletableFuture<Reply<T>> result = new CompletableFuture<>();
  private Metadata metadata;
  private Metadata withCredential;
  private boolean unanswered; // one attempt got no answer of the gateway

  Call(Client client, MethodDescriptor<Q, T> method, Q request, String requestId, Deadline deadline) {
    this.client = client;
    this.method = method;
    this.request = request;
    this.requestId = requestId;
    this.deadline = deadline;
  }

  /** Completed with a {@link CallException} if the call fails. Who cancels it cancels the call. */
  CompletableFuture<Reply<T>> start(CallOptions options) {
    result.whenComplete((reply, error) -> context.cancel(null));
    try {
      metadata = CallMetadata.of(options, requestId);
      withCredential = withCredential();
      connect();
    } catch (CallException e) {
      result.completeExceptionally(e);
    }
    return result;
  }

  /** The same for a thread that waits. If it is interrupted, it cancels the call and learns what became of it. */
  Reply<T> await(CallOptions options) {
    boolean interrupted = Thread.interrupted();
    if (interrupted) context.cancel(null);
    start(options);
    try {
      while (true) {
        try {
          return result.get();
        } catch (InterruptedException e) {
          interrupted = true;
          context.cancel(null);
        }
      }
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof CallException error)) throw new IllegalStateException(e.getCause());
      error.fillInStackTrace(); // of the caller, and not of the thread that got the answer
      throw error;
    } finally {
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  private Metadata withCredential() {
    Metadata all = new Metadata();
    all.merge(metadata);
    try {
      client.options.addCredential(all);
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
  private void connect() {
    if (isCancelled()) {
      cancelledUnsent();
    } else if (client.channel.getState(false) == ConnectivityState.READY) {
      attempt(1);
    } else {
      then(send(HealthGrpc.getCheckMethod(), HealthCheckRequest.getDefaultInstance(), metadata), this::connected);
    }
  }

  private void connected(Answer<?> health) {
    if (isCancelled()) {
      cancelledUnsent();
    } else if (isConnectionError(health.status())) {
      result.completeExceptionally(CallException.nothingSent(health.status().getCode(), health.status().getDescription(),
          CallException.GATEWAY_UNREACHABLE, requestId, health.error()));
    } else {
      attempt(1);
    }
  }

  private void cancelledUnsent() {
    result.completeExceptionally(CallException.nothingSent(Status.Code.CANCELLED, "The call was cancelled before it was sent.",
        CallException.CANCELLED_BEFORE_SEND, requestId, null));
  }

  private void attempt(int number) {
    then(send(method, request, withCredential), answer -> ended(number, answer));
  }

  private <A, B> CompletableFuture<Answer<B>> send(MethodDescriptor<A, B> method, A request, Metadata metadata) {
    return exchange(client.channel, method, request, metadata, deadline, context);
  }

  /** Goes on when there is an answer. Whatever goes wrong on the way ends the call. */
  private <V> void then(CompletableFuture<V> answer, Consumer<V> next) {
    answer.thenAccept(next).exceptionally(error -> {
      result.completeExceptionally(error);
      return null;
    });
  }

  private void ended(int attempts, Answer<T> answer) {
    if (answer.status().isOk()) {
      client.retry.ifPresent(Retry::succeeded);
      result.complete(new Reply<>(answer.message(), requestId, CallMetadata.has(answer.trailers(), "idempotent-replayed", "true"),
          CallMetadata.has(answer.trailers(), "idempotency", "bypassed")));
      return;
    }
    StatusRuntimeException e = answer.error();
    CallException error = CallException.of(client.isClosed() ? cancelled(e) : e, requestId);
    unanswered |= error.reason().equals(CallException.NO_ANSWER_FROM_GATEWAY);
    if (unanswered) error.afterAnUnansweredAttempt();
    Optional<Duration> wait = waitForNext(attempts, error.code(), answer.trailers());
    if (wait.isEmpty()) {
      result.completeExceptionally(error);
      return;
    }
    var pause = new CompletableFuture<Void>().completeOnTimeout(null, wait.get().toNanos(), TimeUnit.NANOSECONDS);
    context.addListener(cancelled -> pause.complete(null), Runnable::run);
    then(pause, over -> {
      if (isCancelled()) {
        result.completeExceptionally(error);
      } else {
        attempt(attempts + 1);
      }
    });
  }

  /** How long to wait for the next attempt; empty if there is none. A call without request_id is sent once. */
  private Optional<Duration> waitForNext(int attempts, Status.Code code, Metadata trailers) {
    if (requestId.isEmpty()) return Optional.empty();
    return client.retry.flatMap(policy -> policy.next(attempts, code, trailers))
        .filter(wait -> wait.toNanos() < deadline.timeRemaining(TimeUnit.NANOSECONDS));
  }

  private boolean isCancelled() {
    return client.isClosed() || context.isCancelled();
  }

  /** Sends a request once. The answer comes in a thread of gRPC's. */
  static <Q, T> CompletableFuture<Answer<T>> exchange(io.grpc.Channel channel, MethodDescriptor<Q, T> method, Q request,
      Metadata metadata, Deadline deadline, Context context) {
    var answer = new CompletableFuture<Answer<T>>();
    Context previous = context.attach(); // whose end cancels the call
    try {
      ClientCall<Q, T> call = channel.newCall(method, io.grpc.CallOptions.DEFAULT.withDeadline(deadline));
      Metadata headers = new Metadata(); // gRPC adds its own
      headers.merge(metadata);
      call.start(new ClientCall.Listener<T>() {
        private T message;

        @Override
        public void onMessage(T received) {
          message = received;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
          boolean empty = status.isOk() && message == null;
          answer.complete(new Answer<>(empty ? Status.INTERNAL.withDescription("OK without a message") : status, trailers, message));
        }
      }, headers);
      call.request(2); // the one message, and the end
      call.sendMessage(request);
      call.halfClose();
    } finally {
      context.detach(previous);
    }
    return answer;
  }

  static boolean isConnectionError(Status status) {
    return status.getCode() == Status.Code.UNAVAILABLE || status.getCode() == Status.Code.DEADLINE_EXCEEDED;
  }

  /** gRPC calls it UNAVAILABLE when the client itself is closed. */
  private static StatusRuntimeException cancelled(StatusRuntimeException e) {
    return e.getTrailers() != null && CallMetadata.hasDetails(e.getTrailers())
        ? e
        : Status.CANCELLED.withDescription("The client was closed.").withCause(e).asRuntimeException();
  }
}
