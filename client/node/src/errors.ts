// Errors of calls, with all that the gateway says about them.
import { Metadata, status as Code } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";

import { BadRequest, ErrorInfo, PreconditionFailure, QuotaFailure, RetryInfo } from "./generated/google/rpc/error_details";
import { Status } from "./generated/google/rpc/status";

/** The domain of the gateway's reasons: docs/errors.md lists them. */
export const DOMAIN = "interaction.v1.InteractionService";
/** The domain of the client's own reasons, below. */
export const CLIENT_DOMAIN = "client.interaction.v1";
/** There was no connection for the call. Nothing was sent. */
export const GATEWAY_UNREACHABLE = "GATEWAY_UNREACHABLE";
/** The call's metadata cannot be sent. Nothing was sent. */
export const ILLEGAL_METADATA = "ILLEGAL_METADATA";
/** `tokenFile` or `apiKeyFile` cannot be read. Nothing was sent. */
export const CREDENTIAL_UNREADABLE = "CREDENTIAL_UNREADABLE";
/** The call's signal was aborted in time. Nothing was sent. */
export const CANCELLED_BEFORE_SEND = "CANCELLED_BEFORE_SEND";
/**
 * The call was sent and ended without an answer of the gateway itself: the connection broke, the deadline passed, the caller
 * cancelled, or something on the way answered in the gateway's place. The outcome is unknown, whatever the code.
 */
export const NO_ANSWER_FROM_GATEWAY = "NO_ANSWER_FROM_GATEWAY";

/**
 * What became of a call. A call that returns has been applied.
 *
 * `not_applied`: nothing was opened, so sending the call again cannot open a second interaction. The reason says whether it
 * can succeed: many calls fail again until something is corrected.
 *
 * `unknown`: an interaction may have been opened. With a request_id, send the same request again: the gateway never sends it
 * twice. Without one, check at the vendor first; likewise if the reason is OUTCOME_UNKNOWN, or if `metadata.idempotency` is
 * "bypassed".
 */
export type Outcome = "applied" | "not_applied" | "unknown";

export interface FieldViolation {
  /** As spelled in the proto. */
  readonly field: string;
  readonly description: string;
}

export interface QuotaViolation {
  /** What is used up. */
  readonly subject: string;
  readonly description: string;
}

export interface PreconditionViolation {
  /** The reason. */
  readonly type: string;
  /** What the operator of the gateway must check. */
  readonly subject: string;
  readonly description: string;
}

/** A call that failed. Its `cause` is the error of gRPC, or of a file. */
export class CallError extends Error {
  override readonly name = "CallError";
  /** UPPER_SNAKE: one of docs/errors.md, or one of the client's own. */
  reason = NO_ANSWER_FROM_GATEWAY;
  domain = CLIENT_DOMAIN;
  outcome: Outcome = "unknown";
  metadata: Readonly<Record<string, string>> = {};
  fieldViolations: readonly FieldViolation[] = [];
  quotaViolations: readonly QuotaViolation[] = [];
  preconditionViolations: readonly PreconditionViolation[] = [];
  /** Do not try again earlier, in milliseconds. */
  retryDelayMs?: number;

  constructor(
    readonly code: Code,
    /** The message of the gateway, or of gRPC, alone. */
    readonly details: string,
    /** That of the call, whoever made it: send the same again where the outcome is unknown. */
    readonly requestId: string,
    cause?: unknown,
  ) {
    super(details, { cause });
  }

  /** How far the call came, or "" where nobody can tell: "validate", "connect", "wait", ... */
  get phase(): string {
    return this.metadata["phase"] ?? "";
  }

  /** "seethepro", "wolkvox" or "". */
  get upstream(): string {
    return this.metadata["upstream"] ?? "";
  }

  /** Writes what is known of the call into `message`, which Node prints. */
  describe(): this {
    const lines = [`${Code[this.code]}: ${this.details} (${this.reason}, outcome ${this.outcome})`];
    lines.push(...this.fieldViolations.map(({ field, description }) => `${field}: ${description}`));
    this.message = lines.join("\n  ");
    return this;
  }
}

export function nothingSent(code: Code, details: string, reason: string, requestId: string, cause?: unknown): CallError {
  const error = new CallError(code, details, requestId, cause);
  error.reason = reason;
  error.outcome = "not_applied";
  return error.describe();
}

/** The error of a call that was sent. */
export function errorOf(cause: ServiceError, requestId: string): CallError {
  const error = new CallError(cause.code, cause.details, requestId, cause);
  for (const detail of detailsOf(cause.metadata)) {
    readDetail(detail.typeUrl.replace(/^.*\//, ""), detail.value, error);
  }
  return error.describe();
}

function readDetail(type: string, value: Uint8Array, error: CallError): void {
  if (type === "google.rpc.ErrorInfo") {
    readInfo(decoded(ErrorInfo, value), error);
  } else if (type === "google.rpc.BadRequest") {
    error.fieldViolations = decoded(BadRequest, value).fieldViolations.map(({ field, description }) => ({ field, description }));
  } else if (type === "google.rpc.QuotaFailure") {
    error.quotaViolations = decoded(QuotaFailure, value).violations;
  } else if (type === "google.rpc.PreconditionFailure") {
    error.preconditionViolations = decoded(PreconditionFailure, value).violations;
  } else if (type === "google.rpc.RetryInfo") {
    const delay = decoded(RetryInfo, value).retryDelay;
    error.retryDelayMs = (delay?.seconds ?? 0) * 1000 + (delay?.nanos ?? 0) / 1e6;
  }
}

function readInfo(info: ErrorInfo, error: CallError): void {
  if (info.domain !== DOMAIN) return;
  error.reason = info.reason;
  error.domain = info.domain;
  error.metadata = info.metadata;
  const outcome = info.metadata["outcome"];
  error.outcome = outcome === "applied" || outcome === "not_applied" ? outcome : "unknown";
}

function detailsOf(trailers: Metadata | undefined): Status["details"] {
  const [value] = trailers?.get("grpc-status-details-bin") ?? [];
  return value instanceof Uint8Array ? decoded(Status, value).details : [];
}

interface Decoder<Message> {
  decode(bytes: Uint8Array): Message;
}

/** Empty where the bytes are not the message that they are said to be. */
function decoded<Message>(type: Decoder<Message>, bytes: Uint8Array): Message {
  try {
    return type.decode(bytes);
  } catch {
    return type.decode(new Uint8Array());
  }
}
