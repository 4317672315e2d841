// The installed package interaction-gateway, against what tests/packages/world.py starts.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import * as gateway from "interaction-gateway";
import { CallError, Client, Code, newRequestId } from "interaction-gateway";

const { GATEWAY, TLS_GATEWAY, SANDBOX, RELAY, IMPOSTOR, RESTARTED, CONTROL, NOBODY, FILES } = process.env;
const ANY_TEXT = "Ñandú “quoted” \"'\\ 日本語 👩‍👩‍👧‍👦\ttab\nline \x01\x7f end ";
const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

// Says in the interop matrix that a cell works: tests/packages/interop_matrix.py.
function works(column) {
  const folder = process.env.INTEROP_MATRIX;
  if (folder) appendFileSync(path.join(folder, "Node.js"), `${column}\n`);
}

const clients = [];
after(() => clients.forEach((client) => client.close()));

function connect(target, options) {
  const client = Client.connect(target, options);
  clients.push(client);
  return client;
}

const vsp = (fields = {}) => ({
  interactionIdentity: "+573001234567",
  interactionName: "Claim 1138",
  accountId: "6925ebd4-125d-4338-a736-99f4b5bcb3d7",
  contactId: "3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0",
  ...fields,
});
// A call whose connection the relay cuts while the gateway waits for the vendor; its next attempt gets through.
const cutOnce = () => vsp({ interactionIdentity: `cut-once-${randomUUID()}`, interactionName: "sandbox:slow-1000" });
const wolkvox = (fields = {}) => ({ sender: "+573001234567", recipient: "+576015550100", routingPointId: "4711", ...fields });
const get = async (url) => (await fetch(url)).json();
const fromSandbox = (what) => get(`${SANDBOX}/sandbox/${what}`);
const requests = async () => (await fromSandbox("stats")).seethepro.requests;
const file = (name) => path.join(FILES, name);

async function failed(promise) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof CallError, String(error?.stack));
    return error;
  }
  assert.fail("the call did not fail");
}
const fails = (client, request, options) => failed(client.createVspInteraction(request, options));
const attempts = async (promise) => (await promise).metadata.attempt;

test("every field of a VSP interaction arrives", async () => {
  const reply = await connect(GATEWAY).createVspInteraction(vsp({ interactionName: ANY_TEXT }), { timeoutMs: 10_000 });
  assert.ok(reply.message.interactionId);
  assert.notEqual(reply.message.campaignKey, undefined);
  const [request] = await fromSandbox("requests?last=1");
  assert.equal(JSON.parse(request.body).InteractionName, ANY_TEXT);
  works("Unicode");
});

test("every field of a wolkvox interaction arrives", async () => {
  const reply = await connect(GATEWAY).addWolkvoxInteraction(wolkvox({ body: ANY_TEXT }));
  assert.equal(reply.message.code, 201);
  const [request] = await fromSandbox("requests?last=1");
  assert.equal(JSON.parse(request.body).body, ANY_TEXT);
  works("both RPCs");
});

test("a call gets a request_id by which it can be repeated", async () => {
  const [client, request] = [connect(GATEWAY), vsp()];
  const first = await client.createVspInteraction(request);
  assert.match(first.requestId, UUID_4);
  assert.deepEqual(request, vsp(), "the caller's request is left as it is");
  const again = await client.createVspInteraction(vsp({ requestId: first.requestId }));
  assert.deepEqual([first.replayed, again.replayed], [false, true]);
  assert.equal(again.message.interactionId, first.message.interactionId);
  works("replay");
  const another = await client.createVspInteraction(request);
  assert.notEqual(another.message.interactionId, first.message.interactionId);
});

test("an error names every field that is wrong", async () => {
  const error = await fails(connect(GATEWAY), { accountId: "12" });
  assert.equal(error.code, Code.INVALID_ARGUMENT);
  assert.deepEqual([error.reason, error.domain], ["INVALID_REQUEST", gateway.DOMAIN]);
  assert.deepEqual([error.outcome, error.phase, error.upstream], ["not_applied", "validate", "seethepro"]);
  works("ErrorInfo");
  assert.deepEqual(
    error.fieldViolations.map(({ field }) => field).sort(),
    ["account_id", "contact_id", "interaction_identity", "interaction_name"],
  );
  works("BadRequest");
  assert.match(String(error), /^CallError: INVALID_ARGUMENT: [^]*account_id: must be a GUID/);
  assert.equal(error.cause.code, Code.INVALID_ARGUMENT);
});

test("an error says when to call again", async () => {
  const error = await fails(connect(GATEWAY), vsp({ interactionName: "sandbox:rate-limited" }), { timeoutMs: 3000 });
  assert.deepEqual([error.reason, error.retryDelayMs], ["UPSTREAM_RATE_LIMITED", 7000]);
  works("RetryInfo");
});

test("an error says what is used up", async () => {
  const request = wolkvox({ wolkvoxServer: "0043", wolkvoxToken: "exhausted-token" });
  const error = await failed(connect(GATEWAY).addWolkvoxInteraction(request));
  assert.deepEqual([error.reason, error.upstream], ["UPSTREAM_DAILY_QUOTA", "wolkvox"]);
  assert.deepEqual(error.quotaViolations.map(({ subject }) => subject), ["uses of the wolkvox token a day"]);
  works("QuotaFailure");
});

test("an error says what the operator must check", async () => {
  const error = await fails(connect(GATEWAY), vsp({ interactionName: "sandbox:unauthorized" }));
  assert.equal(error.code, Code.FAILED_PRECONDITION);
  const [violation] = error.preconditionViolations;
  assert.deepEqual(
    [violation.type, violation.subject],
    ["UPSTREAM_CREDENTIALS_REJECTED", "the gateway's credential for the upstream"],
  );
  works("PreconditionFailure");
});

test("an unknown outcome is told", async () => {
  const error = await fails(connect(GATEWAY), vsp({ interactionName: "sandbox:reset" }));
  assert.deepEqual([error.reason, error.outcome, error.phase], ["UPSTREAM_CONNECTION_LOST", "unknown", "wait"]);
  assert.equal(error.metadata.requestId, error.requestId);
});

test("a deadline that passes leaves the outcome unknown", async () => {
  const begin = Date.now();
  const error = await fails(connect(GATEWAY), vsp({ interactionName: "sandbox:timeout" }), { timeoutMs: 500 });
  assert.deepEqual([error.code, error.outcome], [Code.DEADLINE_EXCEEDED, "unknown"]);
  assert.ok(Date.now() - begin < 5000);
  works("deadline");
});

test("the default timeout is the client's", async () => {
  const client = connect(GATEWAY, { defaultTimeoutMs: 500 });
  assert.equal((await fails(client, vsp({ interactionName: "sandbox:timeout" }))).code, Code.DEADLINE_EXCEEDED);
});

test("without a connection nothing was sent", async () => {
  const error = await fails(connect(NOBODY), vsp());
  assert.deepEqual([error.code, error.reason, error.outcome], [Code.UNAVAILABLE, gateway.GATEWAY_UNREACHABLE, "not_applied"]);
  assert.match(error.requestId, UUID_4);
});

test("an answer that is not the gateway's leaves the outcome unknown", async () => {
  const client = connect(IMPOSTOR);
  for (const interactionName of ["proxy-PERMISSION_DENIED", "proxy-UNAVAILABLE", "foreign", "garbage"]) {
    const error = await fails(client, vsp({ interactionName }));
    assert.deepEqual(
      [error.reason, error.domain, error.outcome],
      [gateway.NO_ANSWER_FROM_GATEWAY, gateway.CLIENT_DOMAIN, "unknown"],
      interactionName,
    );
  }
});

test("UNAVAILABLE is tried three times with one request_id", async () => {
  const client = connect(IMPOSTOR);
  const reply = await client.createVspInteraction(vsp({ interactionName: "attempts-3" }));
  assert.equal(reply.message.interactionId, "3");
  assert.equal(await attempts(fails(client, vsp({ interactionName: "attempts-4" }))), "3");
});

test("a refused attempt does not hide that an earlier one got no answer", async () => {
  const error = await fails(connect(IMPOSTOR), vsp({ interactionName: "lost" }));
  assert.deepEqual([error.reason, error.outcome], ["OVERLOADED", "unknown"]);
  assert.match(error.message, /outcome unknown/);
});

test("when most calls fail none is tried again", async () => {
  const client = connect(IMPOSTOR);
  const seen = [];
  for (let call = 0; call < 3; ++call) seen.push(await attempts(fails(client, vsp({ interactionName: "attempts-9" }))));
  assert.deepEqual(seen, ["3", "2", "1"]); // of 10 tokens, more than 5 must be left
});

test("a call that the gateway forbids to repeat is sent once", async () => {
  assert.equal(await attempts(fails(connect(IMPOSTOR), vsp({ interactionName: "pushback" }))), "1");
});

test("a call without request_id is sent once", async () => {
  const client = connect(IMPOSTOR, { makeRequestId: false });
  const error = await fails(client, vsp({ interactionName: "attempts-2", interactionIdentity: randomUUID() }));
  assert.deepEqual([error.metadata.attempt, error.requestId], ["1", ""]);
  const reply = await client.createVspInteraction(vsp({ interactionName: "attempts-2", requestId: newRequestId() }));
  assert.equal(reply.message.interactionId, "2");
});

test("without the service config a call is sent once", async () => {
  const client = connect(IMPOSTOR, { defaultServiceConfig: false });
  assert.equal(await attempts(fails(client, vsp({ interactionName: "attempts-2" }))), "1");
});

test("a connection that breaks at work opens nothing twice", async () => {
  const before = await requests();
  const reply = await connect(RELAY).createVspInteraction(cutOnce());
  assert.ok(reply.message.interactionId);
  assert.ok(reply.replayed, "the answer to the first attempt");
  assert.equal((await requests()) - before, 1);
  works("retry");
});

test("a connection that breaks at work leaves the outcome unknown without request_id", async () => {
  const error = await fails(connect(RELAY, { makeRequestId: false }), cutOnce());
  assert.deepEqual(
    [error.code, error.reason, error.outcome],
    [Code.UNAVAILABLE, gateway.NO_ANSWER_FROM_GATEWAY, "unknown"],
  );
});

test("who calls is said by certificate, token or API key", async () => {
  for (const [column, options] of [
    ["mutual TLS", { tls: { ca: file("ca.pem"), certificate: file("billing.pem"), key: file("billing.key") } }],
    ["token", { tls: { ca: file("ca.pem") }, tokenFile: file("token") }],
    ["TLS", { tls: { ca: file("ca.pem") }, apiKeyFile: file("api-key") }],
  ]) {
    const client = connect(TLS_GATEWAY, options);
    assert.ok((await client.createVspInteraction(vsp())).message.interactionId);
    assert.equal((await client.addWolkvoxInteraction(wolkvox())).message.code, 201);
    works(column);
  }
});

test("who does not say who calls is refused", async () => {
  const error = await fails(connect(TLS_GATEWAY, { tls: { ca: file("ca.pem") } }), vsp());
  assert.deepEqual([error.code, error.reason], [Code.UNAUTHENTICATED, "CALLER_UNAUTHENTICATED"]);
});

test("a gateway of another authority is not sent anything", async () => {
  const error = await fails(connect(TLS_GATEWAY, { tls: {}, tokenFile: file("token") }), vsp());
  assert.deepEqual([error.reason, error.outcome], [gateway.GATEWAY_UNREACHABLE, "not_applied"]);
});

test("a token is read anew for each call", async () => {
  const token = path.join(mkdtempSync(path.join(tmpdir(), "node-client-")), "token");
  const replace = (name) => writeFileSync(token, readFileSync(file(name), "utf8") + "\n");
  replace("expired-token");
  const client = connect(TLS_GATEWAY, { tls: { ca: file("ca.pem") }, tokenFile: token });
  assert.equal((await fails(client, vsp())).reason, "CALLER_UNAUTHENTICATED");
  replace("token");
  assert.ok((await client.createVspInteraction(vsp())).message.interactionId);
  unlinkSync(token);
  const error = await fails(client, vsp());
  assert.deepEqual([error.reason, error.outcome], [gateway.CREDENTIAL_UNREADABLE, "not_applied"]);
  assert.ok(error.message.includes(token), error.message);
});

test("metadata is sent or refused by name", async () => {
  const client = connect(GATEWAY);
  const key = newRequestId();
  const reply = await client.createVspInteraction(vsp({ requestId: key }), { metadata: { "idempotency-key": key } });
  assert.ok(reply.message.interactionId);
  for (const [name, value] of [["grpc-timeout", "1S"], ["Upper", "x"], ["text", "line\nline"], ["", "x"], ["some-bin", "text"]]) {
    const error = await fails(client, vsp(), { metadata: { [name]: value } });
    assert.deepEqual([error.reason, error.outcome], [gateway.ILLEGAL_METADATA, "not_applied"]);
    assert.ok(error.message.includes(name));
  }
});

test("health", async () => {
  const client = connect(GATEWAY);
  assert.equal(await client.checkHealth(), "SERVING");
  assert.equal(await client.checkHealth("interaction.v1.InteractionService"), "SERVING");
  assert.equal((await failed(client.checkHealth("nobody"))).code, Code.NOT_FOUND);
  assert.equal((await failed(connect(NOBODY).checkHealth())).reason, gateway.GATEWAY_UNREACHABLE);
});

test("what cannot work is refused at once", () => {
  const blank = path.join(mkdtempSync(path.join(tmpdir(), "node-client-")), "blank");
  writeFileSync(blank, "two words");
  for (const [part, target, options] of [
    ["the port is missing; for example gateway:50051", "gateway"],
    ["a URL is not accepted here; for example gateway:443", "https://gateway:443/x"],
    ["the port must be a number", "gateway:70000"],
    ["brackets", "::1:50051"],
    ["no address", ""],
    ["the path is missing", "unix:/"],
    ["the host is missing", ":50051"],
    ["defaultTimeoutMs must be", GATEWAY, { defaultTimeoutMs: 0 }],
    ["cannot be used together", GATEWAY, { tokenFile: file("token"), apiKeyFile: file("api-key") }],
    ["a token is not sent to gateway:50051 without TLS", "gateway:50051", { tokenFile: file("token") }],
    ["an API key is not sent to 127.evil.example:50051 without TLS", "127.evil.example:50051", { apiKeyFile: file("api-key") }],
    ["does not hold a token alone", GATEWAY, { tokenFile: blank }],
    ["must be given together", GATEWAY, { tls: { certificate: file("billing.pem") } }],
    ["does not contain PEM certificates", GATEWAY, { tls: { ca: blank } }],
    ["are not a PEM certificate and its key", GATEWAY, { tls: { certificate: file("billing.pem"), key: file("sales.key") } }],
    ["ENOENT", GATEWAY, { tokenFile: "/nowhere" }],
    ["ENOENT", GATEWAY, { tls: { ca: "/nowhere" } }],
  ]) {
    assert.throws(() => connect(target, options), (error) => error.message.includes(part) || assert.fail(error));
  }
});

test("a token is sent to this machine without TLS", async () => {
  const reply = await connect(GATEWAY, { tokenFile: file("token") }).createVspInteraction(vsp());
  assert.ok(reply.message.interactionId);
});

test("calls go side by side", async () => {
  const client = connect(GATEWAY);
  const replies = await Promise.all(Array.from({ length: 20 }, () => client.createVspInteraction(vsp())));
  assert.equal(new Set(replies.map((reply) => reply.message.interactionId)).size, 20);
});

// Starts a call that is not answered, and returns when the vendor has it. `ended` is the call's error.
async function unanswered(client, options) {
  await client.createVspInteraction(vsp());
  const before = await requests();
  const ended = fails(client, vsp({ interactionName: "sandbox:timeout" }), options);
  while ((await requests()) === before);
  return { ended };
}

test("a signal that is aborted cancels the call, whose outcome is then unknown", async () => {
  const [client, controller] = [connect(GATEWAY), new AbortController()];
  const { ended } = await unanswered(client, { signal: controller.signal });
  controller.abort();
  const error = await ended;
  assert.deepEqual([error.code, error.outcome], [Code.CANCELLED, "unknown"]);
  await get(`${CONTROL}/cancelled/${error.requestId}`);
  works("cancel");
  const unsent = await fails(client, vsp(), { signal: controller.signal });
  assert.deepEqual([unsent.reason, unsent.outcome], [gateway.CANCELLED_BEFORE_SEND, "not_applied"]);
});

test("close cancels a call whose outcome is then unknown", async () => {
  const client = Client.connect(GATEWAY);
  const { ended } = await unanswered(client);
  client.close();
  const error = await ended;
  assert.deepEqual([error.code, error.outcome], [Code.CANCELLED, "unknown"]);
  const late = await fails(client, vsp());
  assert.deepEqual([late.reason, late.outcome], [gateway.CANCELLED_BEFORE_SEND, "not_applied"]);
});

// Repeats a call, with its request_id, while the gateway is being restarted. Returns the interaction's id.
async function persist(client) {
  const request = vsp({ requestId: newRequestId() });
  for (let attempt = 0; attempt < 600; ++attempt) {
    try {
      return (await client.createVspInteraction(request)).message.interactionId;
    } catch (error) {
      assert.equal(error.code, Code.UNAVAILABLE, String(error));
      await setTimeout(50);
    }
  }
  assert.fail("the gateway did not come back");
}

test("a restart under load opens each call once", async () => {
  const client = connect(RESTARTED);
  const before = (await get(`${CONTROL}/requests`)).requests;
  let over = false;
  const ids = [];
  const callers = Array.from({ length: 4 }, async () => {
    while (!over) ids.push(await persist(client));
  });
  await get(`${CONTROL}/restart`).finally(() => (over = true));
  await Promise.all(callers);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal((await get(`${CONTROL}/requests`)).requests - before, ids.length);
  works("restart");
});

test("CommonJS gets the same package as import does", () => {
  assert.equal(createRequire(import.meta.url)("interaction-gateway").Client, Client);
});
