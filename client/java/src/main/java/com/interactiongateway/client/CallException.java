package com.interactiongateway.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A call that failed, with all that the gateway says about it. Its cause is the exception of gRPC, or of a file. */
public final class CallException extends RuntimeException {
  /** The domain of the gateway's reasons: docs/errors.md lists them. */
  public static final String DOMAIN = "interaction.v1.InteractionService";

  /** The domain of the client's own reasons, below. */
  public static final String CLIENT_DOMAIN = "client.interaction.v1";

  /** There was no connection for the call. Nothing was sent. */
  public static final String GATEWAY_UNREACHABLE = "GATEWAY_UNREACHABLE";

  /** The call's metadata cannot be sent. Nothing was sent. */
  public static final String ILLEGAL_METADATA = "ILLEGAL_METADATA";

  /** The token file or the API key file cannot be read. Nothing was sent. */
  public static final String CREDENTIAL_UNREADABLE = "CREDENTIAL_UNREADABLE";

  /** The thread was interrupted, its context cancelled or the client closed in time. Nothing was sent. */
  public static final String CANCELLED_BEFORE_SEND = "CANCELLED_BEFORE_SEND";

  /**
   * The call was sent and ended without an answer of the gateway itself: the connection broke, the deadline passed, the caller
   * cancelled, or something on the way answered in the gateway's place. The outcome is unknown, whatever the code.
   */
  public static final String NO_ANSWER_FROM_GATEWAY = "NO_ANSWER_FROM_GATEWAY";

  /** A field that breaks its rule; it is spelled as in the proto. */
  public record FieldViolation(String field, String description) {}

  /** Something that is used up. */
  public record QuotaViolation(String subject, String description) {}

  /** Something that the operator of the gateway must check. Its type is the reason. */
  public record PreconditionViolation(String type, String subject, String description) {}

  private final Status.Code code;
  private final String description;
  private final String requestId;
  private String reason = NO_ANSWER_FROM_GATEWAY;
  private String domain = CLIENT_DOMAIN;
  private Outcome outcome = Outcome.UNKNOWN;
  private Map<String, String> metadata = Map.of();
  private List<FieldViolation> fieldViolations = List.of();
  private List<QuotaViolation> quotaViolations = List.of();
  private List<PreconditionViolation> preconditionViolations = List.of();
  private Duration retryDelay;

  private CallException(Status.Code code, String description, String requestId, Throwable cause) {
    super(description, cause);
    this.code = code;
    this.description = description == null ? "" : description;
    this.requestId = requestId;
  }

  static CallException nothingSent(Status.Code code, String description, String reason, String requestId, Throwable cause) {
    CallException error = new CallException(code, description, requestId, cause);
    error.reason = reason;
    error.outcome = Outcome.NOT_APPLIED;
    return error;
  }

  /** The error of a call that was sent. */
  static CallException of(StatusRuntimeException cause, String requestId) {
    CallException error = new CallException(cause.getStatus().getCode(), cause.getStatus().getDescription(), requestId, cause);
    for (Any detail : detailsOf(cause)) error.read(detail);
    return error;
  }

  /** The error of a health check, which opens nothing. */
  static CallException ofHealthCheck(StatusRuntimeException cause, boolean connectionError) {
    CallException error = of(cause, "");
    error.outcome = Outcome.NOT_APPLIED;
    if (error.domain.equals(CLIENT_DOMAIN)) error.reason = connectionError ? GATEWAY_UNREACHABLE : "";
    return error;
  }

  /** Because one attempt got no answer: the gateway's answer speaks of the last attempt only. */
  CallException afterAnUnansweredAttempt() {
    outcome = Outcome.UNKNOWN;
    return this;
  }

  public Status.Code code() {
    return code;
  }

  /** The message of the gateway, or of gRPC, alone; {@link #getMessage} has all that is known, for a log. */
  public String description() {
    return description;
  }

  /** UPPER_SNAKE: one of docs/errors.md, or one of the client's own. */
  public String reason() {
    return reason;
  }

  public String domain() {
    return domain;
  }

  public Outcome outcome() {
    return outcome;
  }

  /** That of the call, whoever made it: send the same again where the outcome is unknown. */
  public String requestId() {
    return requestId;
  }

  /** What else the gateway said. */
  public Map<String, String> metadata() {
    return metadata;
  }

  public List<FieldViolation> fieldViolations() {
    return fieldViolations;
  }

  public List<QuotaViolation> quotaViolations() {
    return quotaViolations;
  }

  public List<PreconditionViolation> preconditionViolations() {
    return preconditionViolations;
  }

  /** Do not try again earlier. */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(retryDelay);
  }

  /** How far the call came, or "" where nobody can tell: "validate", "connect", "wait", ... */
  public String phase() {
    return metadata().getOrDefault("phase", "");
  }

  /** "seethepro", "wolkvox" or "". */
  public String upstream() {
    return metadata().getOrDefault("upstream", "");
  }

  @Override
  public String getMessage() {
    StringBuilder text = new StringBuilder("%s: %s (%s, outcome %s)".formatted(code, description, reason, outcome));
    for (FieldViolation violation : fieldViolations()) {
      text.append("\n  ").append(violation.field()).append(": ").append(violation.description());
    }
    return text.toString();
  }

  private void read(Any detail) {
    if (detail.is(ErrorInfo.class)) {
      readInfo(unpacked(detail, ErrorInfo.getDefaultInstance()));
    } else if (detail.is(BadRequest.class)) {
      fieldViolations = unpacked(detail, BadRequest.getDefaultInstance()).getFieldViolationsList().stream()
          .map(violation -> new FieldViolation(violation.getField(), violation.getDescription())).toList();
    } else if (detail.is(QuotaFailure.class)) {
      quotaViolations = unpacked(detail, QuotaFailure.getDefaultInstance()).getViolationsList().stream()
          .map(violation -> new QuotaViolation(violation.getSubject(), violation.getDescription())).toList();
    } else if (detail.is(PreconditionFailure.class)) {
      preconditionViolations = unpacked(detail, PreconditionFailure.getDefaultInstance()).getViolationsList().stream()
          .map(violation -> new PreconditionViolation(violation.getType(), violation.getSubject(), violation.getDescription()))
          .toList();
    } else if (detail.is(RetryInfo.class)) {
      var delay = unpacked(detail, RetryInfo.getDefaultInstance()).getRetryDelay();
      retryDelay = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
    }
  }

  private void readInfo(ErrorInfo info) {
    if (!info.getDomain().equals(DOMAIN)) return;
    reason = info.getReason();
    domain = info.getDomain();
    metadata = Map.copyOf(info.getMetadataMap());
    outcome = Outcome.of(metadata.get("outcome"));
  }

  private static List<Any> detailsOf(StatusRuntimeException cause) {
    try {
      com.google.rpc.Status status = StatusProto.fromThrowable(cause);
      return status == null ? List.of() : status.getDetailsList();
    } catch (RuntimeException e) {
      return List.of(); // bytes that are no google.rpc.Status
    }
  }

  /** Empty where the bytes are not the message that they are said to be. */
  private static <T extends Message> T unpacked(Any detail, T empty) {
    try {
      @SuppressWarnings("unchecked")
      T message = (T) empty.getParserForType().parseFrom(detail.getValue());
      return message;
    } catch (InvalidProtocolBufferException e) {
      return empty;
    }
  }
}
