import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { connectivityState, Metadata, status as Code } from "@grpc/grpc-js";
import type { CallOptions as GrpcCallOptions, ClientUnaryCall, ServiceError, StatusObject } from "@grpc/grpc-js";

import * as errors from "./errors";
import { CallError, errorOf, nothingSent } from "./errors";
import { HealthCheckResponse, HealthCheckResponse_ServingStatus as Health, HealthClient } from "./generated/grpc/health/v1/health";
import {
  AddWolkvoxInteractionRequest,
  AddWolkvoxInteractionResponse,
  CreateVspInteractionRequest,
  CreateVspInteractionResponse,
  DeepPartial,
  InteractionServiceClient,
} from "./generated/interaction/v1/interaction_service";
import { channelCredentials, channelOptions, check, ClientOptions, credential } from "./options";
import { Retry } from "./retry";

/** The answer to a call that was applied. */
export interface Reply<Message> {
  readonly message: Message;
  /** That of the call, whoever made it. */
  readonly requestId: string;
  /** The answer to an earlier call with the same request_id: nothing new was opened. */
  readonly replayed: boolean;
  /** The gateway could not keep the request_id: repeating the call may open a second interaction. */
  readonly bypassed: boolean;
}

export interface CallOptions {
  /** For the whole call, its retries included. */
  timeoutMs?: number;
  /** Cancels the call. If it was sent, its outcome is then unknown. */
  signal?: AbortSignal;
  /** Sent with the call: text, or bytes where the name ends in "-bin". */
  metadata?: Readonly<Record<string, string | Uint8Array>>;
}

/** An answer of grpc.health.v1.Health. */
export type ServingStatus = "UNKNOWN" | "SERVING" | "NOT_SERVING";

/** For a program that keeps the request_id itself, to repeat a call after its own crash. */
export function newRequestId(): string {
  return randomUUID();
}

type Ended<Message> = { message: Message; trailers: Metadata };
type Answer<Message> = (error: ServiceError | null, message?: Message) => void;
type Send<Message> = (metadata: Metadata, options: Partial<GrpcCallOptions>, answer: Answer<Message>) => ClientUnaryCall;

/** One call, and what all of its attempts have in common. */
interface Call {
  readonly requestId: string;
  readonly deadline: Date;
  readonly metadata: Metadata;
  readonly signal: AbortSignal | undefined;
}

/**
 * Calls an Interaction Gateway. Make it once; calls run side by side. A call that fails throws a {@link CallError}.
 *
 * Connections. While there is none, a call asks grpc.health.v1.Health first and goes on if that is answered, whatever the
 * answer. If it is not, the reason is GATEWAY_UNREACHABLE: the call itself was not sent.
 *
 * Retries. A call gets a request_id, unless it has one, and is tried at most 3 times, only after UNAVAILABLE, as
 * service_config.json of the package says. The gateway makes one of them. A call without request_id is sent once.
 *
 * Proxies of the environment (http_proxy) are not used.
 */
export class Client {
  private readonly service: InteractionServiceClient;
  private readonly health: HealthClient;
  private readonly retry: Retry | undefined;
  private readonly underWay = new Set<ClientUnaryCall>();
  private closed = false;

  private constructor(
    target: string,
    private readonly options: ClientOptions,
  ) {
    check(target, options);
    this.service = new InteractionServiceClient(target, channelCredentials(options.tls), channelOptions(options));
    this.health = new HealthClient(target, channelCredentials(options.tls), {
      channelOverride: this.service.getChannel(),
    });
    this.retry = options.defaultServiceConfig === false ? undefined : new Retry();
  }

  /**
   * Reads the TLS files and prepares the connection; the first call connects. Throws where what was given cannot work, or a
   * file cannot be read.
   *
   * @param target a gRPC name: "host:port", "dns:///host:port", "unix:/path"
   */
  static connect(target: string, options: ClientOptions = {}): Client {
    return new Client(target, { ...options });
  }

  /** Opens a video interaction at SeeThePro. */
  async createVspInteraction(
    request: DeepPartial<CreateVspInteractionRequest>,
    options: CallOptions = {},
  ): Promise<Reply<CreateVspInteractionResponse>> {
    const message = this.withRequestId(CreateVspInteractionRequest.fromPartial(request));
    return this.call(message.requestId, options, (...rest) => this.service.createVspInteraction(message, ...rest));
  }

  /** Routes an atypical interaction to a contact-centre agent at wolkvox. */
  async addWolkvoxInteraction(
    request: DeepPartial<AddWolkvoxInteractionRequest>,
    options: CallOptions = {},
  ): Promise<Reply<AddWolkvoxInteractionResponse>> {
    const message = this.withRequestId(AddWolkvoxInteractionRequest.fromPartial(request));
    return this.call(message.requestId, options, (...rest) => this.service.addWolkvoxInteraction(message, ...rest));
  }

  /** Asks grpc.health.v1.Health: about the gateway as a whole, or a service; one that it does not know is NOT_FOUND. */
  async checkHealth(service = "", options: CallOptions = {}): Promise<ServingStatus> {
    const call = this.prepare("", options);
    try {
      const { message } = await this.askHealth(service, call);
      return message.status === Health.SERVING ? "SERVING" : message.status === Health.NOT_SERVING ? "NOT_SERVING" : "UNKNOWN";
    } catch (cause) {
      const error = errorOf(cause as ServiceError, "");
      error.outcome = "not_applied"; // nothing can be opened by it
      if (error.domain === errors.CLIENT_DOMAIN) error.reason = isConnectionError(error.code) ? errors.GATEWAY_UNREACHABLE : "";
      throw error.describe();
    }
  }

  /** Cancels the calls under way, whose outcome is then unknown, and closes the connections. */
  close(): void {
    this.closed = true;
    for (const call of this.underWay) call.cancel();
    this.service.close();
  }

  private withRequestId<Request extends { requestId: string }>(request: Request): Request {
    if (!request.requestId && this.options.makeRequestId !== false) request.requestId = newRequestId();
    return request;
  }

  private prepare(requestId: string, options: CallOptions): Call {
    const timeout = options.timeoutMs ?? this.options.defaultTimeoutMs ?? 30_000;
    const deadline = new Date(Date.now() + Math.min(timeout, MAX_TIMEOUT_MS));
    return { requestId, deadline, metadata: metadataOf(options.metadata ?? {}, requestId), signal: options.signal };
  }

  private async call<Message>(requestId: string, options: CallOptions, send: Send<Message>): Promise<Reply<Message>> {
    const call = this.prepare(requestId, options);
    const metadata = this.withCredential(call);
    await this.ensureConnected(call);
    let unanswered = false; // one attempt got no answer of the gateway
    for (let attempts = 1; ; ++attempts) {
      let failed: ServiceError;
      try {
        return this.reply(await this.attempt(call, metadata, send), requestId);
      } catch (cause) {
        failed = cause as ServiceError;
      }
      const error = errorOf(failed, requestId);
      unanswered ||= error.reason === errors.NO_ANSWER_FROM_GATEWAY;
      // A call without request_id is sent once.
      const wait = requestId ? this.retry?.wait(attempts, error.code, failed.metadata) : undefined;
      if (wait === undefined || wait >= call.deadline.getTime() - Date.now() || !(await waited(wait, call.signal))) {
        if (unanswered) error.outcome = "unknown"; // the gateway's answer speaks of the last attempt only
        throw error.describe();
      }
    }
  }

  private reply<Message>({ message, trailers }: Ended<Message>, requestId: string): Reply<Message> {
    this.retry?.succeeded();
    const has = (name: string, value: string) => trailers.get(name).includes(value);
    return { message, requestId, replayed: has("idempotent-replayed", "true"), bypassed: has("idempotency", "bypassed") };
  }

  private withCredential(call: Call): Metadata {
    const metadata = call.metadata.clone();
    try {
      const proof = credential(this.options);
      if (proof) metadata.set(...proof);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw nothingSent(Code.FAILED_PRECONDITION, message, errors.CREDENTIAL_UNREADABLE, call.requestId, cause);
    }
    return metadata;
  }

  /**
   * Fails if there is no connection and none can be made: the health check goes ahead, of which two do no harm, and any
   * answer of it shows that there is a connection.
   */
  private async ensureConnected(call: Call): Promise<void> {
    if (!call.signal?.aborted && this.service.getChannel().getConnectivityState(false) === connectivityState.READY) return;
    try {
      await this.askHealth("", call);
    } catch (cause) {
      const { code, details } = cause as ServiceError;
      if (call.signal?.aborted || this.closed) {
        const message = "The call was cancelled before it was sent.";
        throw nothingSent(Code.CANCELLED, message, errors.CANCELLED_BEFORE_SEND, call.requestId, cause);
      }
      if (isConnectionError(code)) throw nothingSent(code, details, errors.GATEWAY_UNREACHABLE, call.requestId, cause);
    }
  }

  private askHealth(service: string, call: Call): Promise<Ended<HealthCheckResponse>> {
    return this.attempt<HealthCheckResponse>(call, call.metadata, (...rest) => this.health.check({ service }, ...rest));
  }

  /** Sends once. Throws gRPC's ServiceError. */
  private async attempt<Message>(call: Call, metadata: Metadata, send: Send<Message>): Promise<Ended<Message>> {
    if (this.closed) throw closedError();
    return new Promise((resolve, reject) => {
      let message: Message | undefined;
      let failed: ServiceError | null = null;
      const sent = send(metadata, { deadline: call.deadline }, (error, answer) => {
        failed = error;
        message = answer;
      });
      const cancel = () => sent.cancel();
      this.underWay.add(sent);
      call.signal?.addEventListener("abort", cancel, { once: true });
      if (call.signal?.aborted) cancel();
      sent.on("status", (status: StatusObject) => {
        this.underWay.delete(sent);
        call.signal?.removeEventListener("abort", cancel);
        if (failed) reject(failed);
        else resolve({ message: message as Message, trailers: status.metadata });
      });
    });
  }
}

const MAX_TIMEOUT_MS = 2 ** 31 - 1; // of Node's timers

function isConnectionError(code: Code): boolean {
  return code === Code.UNAVAILABLE || code === Code.DEADLINE_EXCEEDED;
}

function closedError(): ServiceError {
  const details = "The client is closed.";
  return Object.assign(new Error(details), { code: Code.CANCELLED, details, metadata: new Metadata() });
}

/** Waits before the next attempt; false if the call was cancelled meanwhile. */
async function waited(milliseconds: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(milliseconds, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

/** Fails on metadata that cannot be sent. */
function metadataOf(given: Readonly<Record<string, string | Uint8Array>>, requestId: string): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(given)) {
    const legal = name.endsWith("-bin") ? value instanceof Uint8Array : typeof value === "string" && /^[ -~]*$/.test(value);
    if (!/^[0-9a-z_.-]+$/.test(name) || name.startsWith("grpc-") || !legal) {
      const message = `cannot be sent as metadata: ${name}`;
      throw nothingSent(Code.INVALID_ARGUMENT, message, errors.ILLEGAL_METADATA, requestId);
    }
    metadata.set(name, typeof value === "string" ? value : Buffer.from(value));
  }
  return metadata;
}
