// What an operator should know without looking for it: each line says what is wrong, and what to do or where to look.
import {age, find, make, percent, sentence, withCode} from './page.js';

// Files of certificates end; a week is enough to renew them.
const kSoon = 7 * 86400 * 1000;
const kRecent = 5 * 60 * 1000;
const kSlow = 5000;  // milliseconds; as the alert InteractionUpstreamSlow has it

function ofBreakers(status, add) {
  for (const upstream of status.upstreams) {
    if (upstream.breaker === 'closed') continue;
    add('bad', `${upstream.upstream}, ${upstream.host}: the breaker is ${upstream.breaker === 'open' ? 'open' : 'trying single calls'}. Most requests there failed, so calls are refused and nothing is sent. It closes by itself when the upstream answers.`,
        upstream.lastFailure?.reason);
  }
}

function ofPermits(status, add) {
  for (const permits of status.permits) {
    if (permits.parkedCredentials) {
      add('bad', `${permits.upstream}: the daily quota of ${permits.parkedCredentials} credential${permits.parkedCredentials > 1 ? 's is' : ' is'} used up. Nothing is sent with it until midnight UTC, but for a single try now and then.`, 'UPSTREAM_DAILY_QUOTA');
    }
    if (permits.waiting > 0) {
      add('warn', `${permits.upstream}: ${permits.waiting} call${permits.waiting > 1 ? 's wait' : ' waits'} for a credential's turn.`, null);
    }
  }
}

// Reasons that need somebody, among the calls of the last minutes: how often each occurred.
function ofReasons(calls, reasons, now, add) {
  const counts = new Map();
  for (const call of calls) {
    if (call.reason === 'OK' || now - Date.parse(call.ended) > kRecent) continue;
    counts.set(call.reason, (counts.get(call.reason) ?? 0) + 1);
  }
  for (const [reason, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    const about = reasons[reason];
    if (!about) continue;
    const kind = isOfTheCaller(about.code) ? null : 'warn';
    if (kind) add(kind, `${count} of the last calls: ${about.message}`, reason);
  }
}

// Hosts that take long to answer, as the calls of the last minutes have found it.
function ofSlowHosts(calls, now, add) {
  const hosts = new Map();
  for (const call of calls) {
    if (!call.host || !call.attempts || now - Date.parse(call.ended) > kRecent) continue;
    const name = `${call.upstream}, ${call.host}`;
    const seen = hosts.get(name) ?? {all: 0, slow: 0};
    seen.all += 1;
    if ((call.phasesMs.wait ?? 0) / call.attempts > kSlow) seen.slow += 1;
    hosts.set(name, seen);
  }
  for (const [name, seen] of hosts) {
    if (seen.slow > seen.all / 20) add('warn', `${name} is slow: ${seen.slow} of its last ${seen.all} calls waited more than ${kSlow / 1000} s for an answer, or until their callers had left.`, null);
  }
}

// With these codes the caller is the cause, and the operator has nothing to do.
function isOfTheCaller(code) {
  return ['INVALID_ARGUMENT', 'NOT_FOUND', 'CANCELLED', 'ABORTED'].includes(code);
}

function ofProcess(status, now, add) {
  if (status.state === 'draining') add('warn', 'The gateway is draining: it ends when the calls in flight have ended.', null);
  if (status.redisConnected === false) {
    add('bad', 'Redis is not connected. Calls with a request_id are refused or unprotected, and limits of credentials fall back to this replica’s share. The log says why.', 'IDEMPOTENCY_STORE_UNAVAILABLE');
  }
  if (status.logLinesLost > 0) add('warn', `${status.logLinesLost} lines of the log were lost: whoever reads standard error is too slow.`, null);
  for (const certificate of status.certificates) {
    const left = Date.parse(certificate.end) - now;
    if (left < kSoon) add(left < 0 ? 'bad' : 'warn', `The certificate for ${certificate.use} ${left < 0 ? 'has ended' : `ends in ${age(left / 1000)}`}.`, null);
  }
}

// `total`: what has ended in the last minute, or null.
export function showAttention(status, calls, reasons, total, choose) {
  const now = Date.parse(status.now);
  const items = [];
  const add = (kind, text, reason) => items.push({kind, text, reason});
  ofProcess(status, now, add);
  ofBreakers(status, add);
  ofPermits(status, add);
  if (total && total.ended.unknown > 0) {
    add('bad', `${total.ended.unknown} call${total.ended.unknown > 1 ? 's' : ''} of the last minute (${percent(total.ended.unknown / total.all)}) ended with outcome unknown: an interaction may have been opened. Nobody may simply repeat them.`, null);
  }
  ofSlowHosts(calls, now, add);
  ofReasons(calls, reasons, now, add);
  show(items, reasons, choose);
}

function show(items, reasons, choose) {
  const list = find('attention');
  const key = JSON.stringify(items);
  if (list.dataset.key === key) return;  // the focus stays where it is, and nothing is read aloud again
  list.dataset.key = key;
  const rows = items.map(({kind, text, reason}) => make('li', {class: kind},
      make('span', {class: 'what'}, ...withCode(text)),
      reason && reasons[reason] ? make('span', {class: 'advice'}, 'What to do: ', ...withCode(sentence(reasons[reason].advice)), ' ') : null,
      reason ? make('button', {type: 'button', class: 'link', onclick: () => choose(reason)}, `Show ${reason}`) : null));
  list.replaceChildren(...(rows.length ? rows : [make('li', {class: 'good'}, 'Nothing.')]));
}
