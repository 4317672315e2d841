// Retries as service_config.json says, made here and not by gRPC, which does not tell what became of each attempt: an attempt
// that got no answer leaves the outcome unknown, also where the gateway refuses the next one.
import { Metadata, status as Code } from "@grpc/grpc-js";

import config from "./service_config.json";

const SERVICE = "interaction.v1.InteractionService";

/** What is left to gRPC: health checks, and how calls are spread over addresses. */
export function serviceConfigOfGrpc(): string {
  const methodConfig = config.methodConfig.map((method) => ({
    ...method,
    name: method.name.filter(({ service }) => service !== SERVICE),
  }));
  return JSON.stringify({ ...config, methodConfig });
}

/** gRPC's retry policy and its throttling, for all calls of a client. */
export class Retry {
  private readonly policy = config.methodConfig.find((method) => method.name.some(({ service }) => service === SERVICE))!
    .retryPolicy;
  private readonly throttling = config.retryThrottling;
  private tokens = this.throttling.maxTokens;

  constructor(private readonly random: () => number = Math.random) {}

  succeeded(): void {
    this.tokens = Math.min(this.tokens + this.throttling.tokenRatio, this.throttling.maxTokens);
  }

  /** Milliseconds until the next attempt, after so many that failed, the last one with this code. Undefined: no more. */
  wait(attempts: number, code: Code, trailers: Metadata | undefined): number | undefined {
    const pushback = trailers?.get("grpc-retry-pushback-ms")[0]?.toString();
    const forbidden = pushback !== undefined && !/^\d+$/.test(pushback);
    const retryable = this.policy.retryableStatusCodes.includes(Code[code]);
    if (retryable || forbidden) this.tokens = Math.max(this.tokens - 1, 0);
    const throttled = this.tokens <= this.throttling.maxTokens / 2;
    if (!retryable || forbidden || throttled || attempts >= this.policy.maxAttempts) return undefined;
    if (pushback !== undefined) return Number(pushback);
    const backoff = parseFloat(this.policy.initialBackoff) * this.policy.backoffMultiplier ** (attempts - 1);
    return Math.min(backoff, parseFloat(this.policy.maxBackoff)) * 1000 * (0.8 + 0.4 * this.random());
  }
}
