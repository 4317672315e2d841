// Rates, errors and durations, and the table of upstreams: from the counts of /statusz, by their growth within a minute.
import {age, find, make, milliseconds, percent, quantile, rate, setText} from './page.js';

const kWindow = 60_000;
const kHistory = 5 * 60_000;
const kManyErrors = 0.05;  // callers' own mistakes are among them
const samples = [];  // {time, status}, the oldest first

// Counts that have grown since `earlier`; null if there is nothing to compare with.
function growth(now, earlier) {
  if (!earlier) return null;
  const counts = now.durations.counts.map((count, i) => count - earlier.durations.counts[i]);
  const ended = {};
  for (const outcome of ['applied', 'not_applied', 'unknown']) ended[outcome] = now[outcome] - earlier[outcome];
  return {counts, ended, all: counts.reduce((sum, count) => sum + count, 0)};
}

function add(a, b) {
  if (!a || !b) return a ?? b;
  const ended = {};
  for (const outcome of Object.keys(a.ended)) ended[outcome] = a.ended[outcome] + b.ended[outcome];
  return {counts: a.counts.map((count, i) => count + b.counts[i]), ended, all: a.all + b.all};
}

function between(earlier, later) {
  return later.status.rpcs.map((rpc, i) => growth(rpc, earlier.status.rpcs[i])).reduce(add, null);
}

function remember(time, status) {
  const last = samples.at(-1);
  if (last && last.status.started !== status.started) samples.length = 0;  // another process
  samples.push({time, status});
  while (samples[0].time < time - kHistory) samples.shift();
}

const startOfWindow = (time) => samples.find((sample) => sample.time >= time - kWindow);

// Curves of the last minutes, from each sample to the next.
function curve(values) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 120 24');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const highest = Math.max(...values.map((value) => value ?? 0), 1e-9);
  const points = values.map((value, i) => `${(120 * i / Math.max(values.length - 1, 1)).toFixed(1)},${(22 - 20 * (value ?? 0) / highest).toFixed(1)}`);
  const line = document.createElementNS(space, 'polyline');
  line.setAttribute('points', points.join(' '));
  svg.append(line);
  return svg;
}

function tile(name, value, note, values, kind) {
  return make('div', {class: `tile ${kind ?? ''}`}, make('span', {class: 'name'}, name), make('strong', {}, value),
              make('span', {class: 'note'}, note), values && values.length > 1 ? curve(values) : null);
}

function showTiles(status, total, seconds) {
  const steps = samples.slice(1).map((sample, i) => {
    const grown = between(samples[i], sample);
    return {grown, seconds: (sample.time - samples[i].time) / 1000};
  });
  const failed = total ? total.ended.not_applied + total.ended.unknown : 0;
  const bounds = status.durationBounds;
  const unknown = status.rpcs.reduce((sum, rpc) => sum + rpc.unknown, 0);
  const inAll = status.rpcs.reduce((sum, rpc) => sum + rpc.durations.count, 0);
  find('tiles').replaceChildren(
      tile('Calls/s', total ? rate(total.all / seconds) : '–', `${inAll.toLocaleString('en')} since the start`,
           steps.map((step) => step.grown.all / step.seconds)),
      tile('Errors', total && total.all ? percent(failed / total.all) : '–', total ? `${failed} of ${total.all}` : '',
           steps.map((step) => step.grown.all ? 1 - step.grown.ended.applied / step.grown.all : 0),
           total && failed > kManyErrors * total.all ? 'bad' : ''),
      tile('p50', milliseconds(total && quantile(total.counts, bounds, 0.5)), 'of all calls',
           steps.map((step) => quantile(step.grown.counts, bounds, 0.5))),
      tile('p95', milliseconds(total && quantile(total.counts, bounds, 0.95)), 'of all calls',
           steps.map((step) => quantile(step.grown.counts, bounds, 0.95))),
      tile('In flight', String(status.callsInFlight), status.clientConnections === undefined ? '' : `${status.clientConnections} connections`,
           samples.map((sample) => sample.status.callsInFlight)),
      tile('Outcome unknown', total ? String(total.ended.unknown) : '–', `${unknown} since the start`,
           steps.map((step) => step.grown.ended.unknown), total && total.ended.unknown ? 'bad' : ''));
}

const cell = (label, ...children) => make('td', {'data-label': label}, ...children);
const number = (label, ...children) => make('td', {'data-label': label, class: 'number'}, ...children);

const kBreaker = {closed: ['closed', 'good'], open: ['open', 'bad'], half_open: ['trying', 'warn']};

function credentialText(upstream) {
  if (upstream.credentials.length === 0) return 'of the caller';
  return upstream.credentials.map((one) => `${age(one.ageSeconds)} old (${one.file.split('/').pop()})`).join(', ');
}

function permitText(status, name) {
  const permits = status.permits.find((one) => one.upstream === name);
  if (!permits) return ['no limit'];
  const texts = [`${permits.active} active, ${permits.waiting} waiting`];
  if (permits.parkedCredentials) texts.push(' ', make('span', {class: 'badge bad'}, `${permits.parkedCredentials} parked`));
  return texts;
}

function lastFailure(upstream, now) {
  if (!upstream.lastFailure) return ['none'];
  return [make('code', {}, upstream.lastFailure.reason), ` ${age((now - Date.parse(upstream.lastFailure.time)) / 1000)} ago`];
}

function showUpstreams(status, earlier, seconds, now) {
  const rows = status.upstreams.map((upstream) => {
    const before = earlier?.upstreams.find((one) => one.upstream === upstream.upstream && one.host === upstream.host);
    const grown = earlier ? growth(upstream, before ?? zero(upstream)) : null;
    const failed = grown ? grown.ended.not_applied + grown.ended.unknown : null;
    const [word, kind] = kBreaker[upstream.breaker] ?? [upstream.breaker, 'warn'];
    return make('tr', {},
        make('th', {scope: 'row'}, make('span', {class: 'upstream'}, upstream.upstream), ' ', make('span', {class: 'host'}, upstream.host)),
        cell('Breaker', make('span', {class: `badge ${kind}`}, word)),
        number('Requests/s', grown ? rate(grown.all / seconds) : '–'),
        number('Failed', grown && grown.all ? percent(failed / grown.all) : '–'),
        number('p50', milliseconds(grown && quantile(grown.counts, status.durationBounds, 0.5))),
        number('p95', milliseconds(grown && quantile(grown.counts, status.durationBounds, 0.95))),
        cell('Last failure', ...lastFailure(upstream, now)), cell('Credential', credentialText(upstream)),
        cell('Permits', ...permitText(status, upstream.upstream)));
  });
  find('upstreams').tBodies[0].replaceChildren(...rows);
}

const zero = (upstream) => ({applied: 0, not_applied: 0, unknown: 0, durations: {counts: upstream.durations.counts.map(() => 0)}});

// Shows a new answer of /statusz.
export function showOverview(status) {
  const time = performance.now();
  remember(time, status);
  const first = startOfWindow(time);
  const seconds = (time - first.time) / 1000;
  const total = first.status === status ? null : between(first, samples.at(-1));
  setText(find('window'), total ? `in the last ${Math.round(seconds)} s` : 'from the next answer on');
  showTiles(status, total, seconds);
  showUpstreams(status, total ? first.status : null, seconds, Date.now());
}
