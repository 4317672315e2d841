/**
 * Client of the Interaction Gateway: opens interactions at SeeThePro and wolkvox, and says after every call whether one was
 * opened.
 *
 * @module
 */
export { status as Code } from "@grpc/grpc-js";
export { Client, newRequestId } from "./client";
export type { CallOptions, Reply, ServingStatus } from "./client";
export {
  CallError,
  CANCELLED_BEFORE_SEND,
  CLIENT_DOMAIN,
  CREDENTIAL_UNREADABLE,
  DOMAIN,
  GATEWAY_UNREACHABLE,
  ILLEGAL_METADATA,
  NO_ANSWER_FROM_GATEWAY,
} from "./errors";
export type { FieldViolation, Outcome, PreconditionViolation, QuotaViolation } from "./errors";
export {
  AddWolkvoxInteractionRequest,
  AddWolkvoxInteractionResponse,
  CreateVspInteractionRequest,
  CreateVspInteractionResponse,
} from "./generated/interaction/v1/interaction_service";
export type { ClientOptions, TlsFiles } from "./options";
