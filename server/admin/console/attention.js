// What an operator should know without looking for it: each line says what is wrong, and what to do.
import {age, find, make, sentence, withCode} from './page.js';

const kSoon = 7 * 86400 * 1000;  // certificates end; a week is enough to renew them
const kRecent = 5 * 60 * 1000;
const kSlow = 5000;  // milliseconds; as the alert InteractionUpstreamSlow has it

// With these codes the caller is the cause, and the operator has nothing to do.
const kOfTheCaller = ['INVALID_ARGUMENT', 'NOT_FOUND', 'CANCELLED', 'ABORTED'];

const few = (count, one, many) => (count === 1 ? `1 ${one}` : `${count} ${many}`);

class Items {
  constructor() {
    this.list = [];
    this.covered = new Set();  // reasons that a line is about already
  }

  add(kind, text, advice, reason) {
    this.list.push({kind, text, advice, reason});
    if (reason) this.covered.add(reason);
  }
}

function ofProcess(status, now, items) {
  if (status.state === 'draining') items.add('warn', 'The gateway is draining: it ends when the calls in flight have ended.');
  if (status.redisConnected === false) {
    items.add('bad', 'Redis is not connected. Calls with a request_id are refused or unprotected, and limits of credentials fall back to this replica’s share.',
              'Mend Redis; the gateway reconnects by itself. The log says why it cannot.', 'IDEMPOTENCY_STORE_UNAVAILABLE');
  }
  if (status.logLinesLost > 0) items.add('warn', `${few(status.logLinesLost, 'line', 'lines')} of the log were lost.`, 'Look at what reads standard error: it is too slow, or its disk is full.');
  for (const certificate of status.certificates) {
    const left = Date.parse(certificate.end) - now;
    if (left >= kSoon) continue;
    items.add(left < 0 ? 'bad' : 'warn', `The certificate for ${certificate.use} ${left < 0 ? 'has ended' : `ends in ${age(left / 1000)}`}.`,
              'Put the new pair in its files; it is used without a restart.');
  }
}

function ofUpstreams(status, items) {
  for (const upstream of status.upstreams) {
    if (upstream.breaker === 'closed') continue;
    const last = upstream.lastFailure ? ` The last one: ${upstream.lastFailure.reason}.` : '';
    items.add('bad', `${upstream.upstream}, ${upstream.host}: the breaker is ${upstream.breaker === 'open' ? 'open' : 'trying single calls'}. Most requests there failed, so calls are refused and nothing is sent.${last}`,
              'Tell the vendor. The breaker closes by itself when the upstream answers.', 'UPSTREAM_CIRCUIT_OPEN');
  }
  for (const permits of status.permits) {
    if (permits.parkedCredentials) {
      items.add('bad', `${permits.upstream}: the daily quota of ${few(permits.parkedCredentials, 'credential is', 'credentials are')} used up. Nothing is sent with it until midnight UTC, but for a single try now and then.`,
                'Ask the vendor for more, or give the callers a rate in the policy.', 'UPSTREAM_DAILY_QUOTA');
    }
    if (permits.waiting > 0) {
      items.add('warn', `${permits.upstream}: ${few(permits.waiting, 'call waits', 'calls wait')} for a credential’s turn.`,
                'If it stays so, spread the load over time or over credentials.');
    }
  }
}

// Hosts that take long to answer, as the calls of the last minutes have found it.
function ofSlowHosts(calls, now, items) {
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
    if (seen.slow <= seen.all / 20) continue;
    items.add('warn', `${name} is slow: ${seen.slow} of its last ${few(seen.all, 'call', 'calls')} waited more than ${kSlow / 1000} s for an answer.`,
              'Tell the vendor. Until it is mended, callers should give more time.');
  }
}

// Reasons that need somebody, among the calls of the last minutes: how often each occurred.
function ofReasons(calls, reasons, now, items) {
  const counts = new Map();
  for (const call of calls) {
    if (!(call.reason in reasons) || items.covered.has(call.reason) || now - Date.parse(call.ended) > kRecent) continue;
    if (!kOfTheCaller.includes(call.code)) counts.set(call.reason, (counts.get(call.reason) ?? 0) + 1);
  }
  for (const [reason, count] of [...counts].sort((a, b) => b[1] - a[1])) {
    const about = reasons[reason];
    items.add(about.outcome === 'unknown' ? 'bad' : 'warn', `${count} of the last calls: ${about.message}`, sentence(about.advice), reason);
  }
}

// `choose(reason)` shows the calls with that reason.
export function showAttention(status, calls, reasons, choose) {
  const now = Date.parse(status.now);
  const items = new Items();
  ofProcess(status, now, items);
  ofUpstreams(status, items);
  ofSlowHosts(calls, now, items);
  ofReasons(calls, reasons, now, items);
  const list = find('attention');
  const key = JSON.stringify(items.list);
  if (list.dataset.key === key) return;  // the focus stays where it is, and nothing is read aloud again
  list.dataset.key = key;
  const rows = items.list.map(({kind, text, advice, reason}) => make('li', {class: kind}, make('span', {}, text),
      advice ? make('span', {class: 'advice'}, 'What to do: ', ...withCode(advice)) : '',
      reason ? make('button', {type: 'button', class: 'link', onclick: () => choose(reason)}, `Show ${reason}`) : ''));
  list.replaceChildren(...(rows.length ? rows : [make('li', {class: 'good'}, 'Nothing.')]));
}
