// How a gateway is reached, and what is checked of it before anything is sent, because gRPC does not.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

import { ChannelCredentials, credentials } from "@grpc/grpc-js";
import type { ClientOptions as GrpcOptions } from "@grpc/grpc-js";

import { serviceConfigOfGrpc } from "./retry";
import { checkTarget, isOnThisMachine } from "./target";

/** PEM files of a TLS connection. They are read once, when the client is made. */
export interface TlsFiles {
  /** Whom to trust; without it, the authorities that Node brings. */
  ca?: string;
  /** The client's own chain and key, for mutual TLS: both or neither. */
  certificate?: string;
  key?: string;
}

export interface ClientOptions {
  /** TLS with the gateway, or with a proxy in front of it. Without it, plaintext. */
  tls?: TlsFiles;
  /**
   * A file with a bearer token (JWT) that says who calls. Read anew for each call, because tokens are replaced while programs
   * run; sent with TLS only, or to this machine.
   */
  tokenFile?: string;
  /** A file with an API key, treated as a token. */
  apiKeyFile?: string;
  /** Milliseconds for a call that has no timeout of its own; 30,000. */
  defaultTimeoutMs?: number;
  /** False: gRPC's own defaults, no retries. */
  defaultServiceConfig?: boolean;
  /** False: a call has the request_id that its request has, and without one it is sent once. */
  makeRequestId?: boolean;
  /** Comes before gRPC's own user agent. */
  userAgentPrefix?: string;
}

/** Fails on options that cannot work, and on a credential that cannot be read. */
export function check(target: string, options: ClientOptions): void {
  checkTarget(target);
  const timeout = options.defaultTimeoutMs;
  if (timeout !== undefined && !(timeout > 0)) {
    throw new Error(`defaultTimeoutMs must be a number of milliseconds above 0, not ${timeout}`);
  }
  if (options.tokenFile !== undefined && options.apiKeyFile !== undefined) {
    throw new Error("a token and an API key cannot be used together; give one of them");
  }
  if (options.tokenFile === undefined && options.apiKeyFile === undefined) return;
  if (options.tls === undefined && !isOnThisMachine(target)) {
    const what = options.tokenFile === undefined ? "an API key" : "a token";
    throw new Error(`${what} is not sent to ${target} without TLS, because others could read it on the way`);
  }
  credential(options);
}

/** Name and value of the metadata that says who calls: read anew for each call, because tokens are replaced. */
export function credential(options: ClientOptions): [name: string, value: string] | undefined {
  if (options.tokenFile !== undefined) {
    return ["authorization", `Bearer ${readCredential(options.tokenFile, "a token")}`];
  }
  if (options.apiKeyFile !== undefined) return ["x-api-key", readCredential(options.apiKeyFile, "an API key")];
  return undefined;
}

function readCredential(path: string, what: string): string {
  const value = readFileSync(path, "latin1").replace(/\r?\n$/, "");
  if (!/^[!-~]+$/.test(value)) {
    throw new Error(`${path} does not hold ${what} alone: printable characters without blanks, on one line`);
  }
  return value;
}

export function channelOptions(options: ClientOptions): GrpcOptions {
  return {
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    ...(options.userAgentPrefix ? { "grpc.primary_user_agent": options.userAgentPrefix } : {}),
    ...(options.defaultServiceConfig === false ? {} : { "grpc.service_config": serviceConfigOfGrpc() }),
  };
}

export function channelCredentials(tls: TlsFiles | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  if ((tls.certificate === undefined) !== (tls.key === undefined)) {
    throw new Error("a client certificate and its key must be given together");
  }
  const ca = tls.ca === undefined ? null : readFileSync(tls.ca);
  if (ca !== null && !isCertificate(ca)) throw new Error(`${tls.ca} does not contain PEM certificates`);
  if (tls.certificate === undefined || tls.key === undefined) return credentials.createSsl(ca);
  const [certificate, key] = [readFileSync(tls.certificate), readFileSync(tls.key)];
  if (!fit(certificate, key)) {
    throw new Error(`${tls.certificate} and ${tls.key} are not a PEM certificate and its key without a passphrase`);
  }
  return credentials.createSsl(ca, key, certificate);
}

function isCertificate(pem: Buffer): boolean {
  try {
    return pem.includes("-----BEGIN CERTIFICATE-----") && new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function fit(certificate: Buffer, key: Buffer): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
