// The last calls: filters, a row for each, and what is known of the one that is opened.
import {find, make, milliseconds, sentence, setText, withCode} from './page.js';

// The phases of a call in their order (docs/errors.md), and which part of the bar they belong to.
const kParts = {
  parse: 'gateway', authorize: 'gateway', validate: 'gateway', store: 'store', queue: 'queue', resolve: 'connect',
  connect: 'connect', tls: 'connect', send: 'upstream', wait: 'upstream', receive: 'upstream', decode: 'gateway',
};
const kPhaseTexts = {
  parse: 'read and check the request', authorize: 'find out who calls', validate: 'check the fields', store: 'the record of the request_id',
  queue: 'wait for a permit or the next attempt', resolve: 'look up the upstream’s name', connect: 'connect to the upstream',
  tls: 'TLS handshake with the upstream', send: 'send the request', wait: 'wait for the upstream’s answer',
  receive: 'receive the answer', decode: 'read the answer',
};
const kOutcomeKind = {applied: 'good', not_applied: 'warn', unknown: 'bad'};

// The phases with their times, and what is left of the duration: the way of the answer to the caller.
function phasesOf(call) {
  const phases = Object.entries(call.phasesMs).map(([name, ms]) => ({name, ms, part: kParts[name], text: kPhaseTexts[name]}));
  const left = call.durationMs - phases.reduce((sum, phase) => sum + phase.ms, 0);
  if (left >= 0.001 && !call.lateAnswer) phases.push({name: 'answer', ms: left, part: 'other', text: 'hand the answer to the caller, and what is in between'});
  return phases;
}

function bar(call, kind) {
  const phases = phasesOf(call);
  const label = phases.length ? `Phases: ${phases.map((phase) => `${phase.name} ${milliseconds(phase.ms)}`).join(', ')}` : 'No phases';
  const element = make('div', {class: `bar ${kind}`, role: 'img', 'aria-label': label, title: label});
  for (const phase of phases) {
    const part = make('span', {class: `part ${phase.part}`});
    part.style.flexGrow = String(1000 * Math.max(phase.ms, call.durationMs / 200));
    element.append(part);
  }
  return element;
}

const cell = (label, ...children) => make('td', {'data-label': label}, ...children);
const number = (label, ...children) => make('td', {'data-label': label, class: 'number'}, ...children);

function badges(call) {
  return [call.replayed ? 'replayed' : '', call.bypassed ? 'unprotected' : '', call.lateAnswer ? 'late answer' : '']
      .filter(Boolean).flatMap((text) => [' ', make('span', {class: 'badge'}, text)]);
}

function fact(name, value) {
  return value === undefined || value === '' || value === null ? [] : [make('dt', {}, name), make('dd', {}, String(value))];
}

// Everything about one call, below its row.
function details(call, about) {
  const legend = make('ul', {class: 'legend'}, ...phasesOf(call).map((phase) => make('li', {},
      make('span', {class: `swatch ${phase.part}`, 'aria-hidden': 'true'}), make('b', {}, phase.name), ` ${milliseconds(phase.ms)} `,
      make('span', {class: 'note'}, phase.text))));
  const facts = make('dl', {}, ...fact('Ended', call.ended), ...fact('Code', call.code), ...fact('Failed in', call.phase),
      ...fact('Detail', call.detail), ...fact('Caller', call.caller), ...fact('request_id', call.requestId),
      ...fact('Interaction', call.interactionId), ...fact('Trace', call.traceId), ...fact('Host', call.host),
      ...fact('HTTP status', call.httpStatus || 'no complete response'), ...fact('Attempts', call.attempts),
      ...fact('Message sizes', `${call.requestBytes} bytes in, ${call.replyBytes} out`));
  const why = about ? make('div', {class: 'why'}, make('p', {}, make('b', {}, 'What it means: '), about.message, ' (', ...withCode(sentence(about.meaning)), ')'),
      make('p', {}, make('b', {}, 'What to do: '), ...withCode(sentence(about.advice))),
      call.outcome === 'unknown' ? make('p', {class: 'bad'}, 'An interaction may have been opened: look at the vendor before anybody calls again.') : null) : null;
  return make('div', {class: 'details'}, bar(call, 'large'), legend, why, facts);
}

export class Calls {
  // `explain(reason)`: meaning and advice, or nothing.
  constructor(explain) {
    this.explain = explain;
    this.rows = new Map();  // by the call's id: {call, row, button, more}
    this.list = [];
    this.body = find('call-list').tBodies[0];
    this.form = find('filters');
    this.form.addEventListener('input', () => this.filter());
    this.form.addEventListener('submit', (event) => event.preventDefault());
    this.form.addEventListener('reset', () => setTimeout(() => this.filter()));
    find('newer').addEventListener('click', () => { this.render(true); find('calls').focus(); });
    this.readAddress();
  }

  // Filters are in the address, so that what is seen can be sent to somebody else.
  readAddress() {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      const field = this.form.elements[name];
      if (!field) continue;
      if (field.tagName === 'SELECT' && ![...field.options].some((option) => option.value === value)) field.append(make('option', {}, value));
      field.value = value;
    }
  }

  choose(values) {
    this.form.reset();
    for (const [name, value] of Object.entries(values)) {
      const field = this.form.elements[name];
      if (field.tagName === 'SELECT' && ![...field.options].some((option) => option.value === value)) field.append(make('option', {}, value));
      field.value = value;
    }
    setTimeout(() => {
      for (const [name, value] of Object.entries(values)) this.form.elements[name].value = value;
      this.filter();
      find('calls').scrollIntoView();
      find('calls').focus();
    });
  }

  filter() {
    const chosen = new URLSearchParams([...new FormData(this.form)].filter(([, value]) => value !== ''));
    history.replaceState(null, '', chosen.size ? `#${chosen}` : location.pathname);
    this.render(true);
  }

  fits(call) {
    const field = (name) => this.form.elements[name].value.trim().toLowerCase();
    const has = (value, wanted) => (value ?? '').toLowerCase().includes(wanted);
    return (!field('outcome') || call.outcome === field('outcome')) && (!field('reason') || call.reason.toLowerCase() === field('reason')) &&
        has(call.caller, field('caller')) && has(call.requestId, field('requestId')) && has(call.traceId, field('traceId'));
  }

  show(list, keeps) {
    this.list = list;
    setText(find('calls-note'), keeps ? '' : 'No calls are kept: admin.recent_calls is 0.');
    this.offerReasons();
    this.render(false);
  }

  offerReasons() {
    const select = this.form.elements.reason;
    const known = new Set([...select.options].map((option) => option.value));
    for (const reason of [...new Set(this.list.map((call) => call.reason))].sort()) {
      if (!known.has(reason)) select.append(make('option', {}, reason));
    }
  }

  isOpen() {
    return [...this.rows.values()].some((row) => row.more);
  }

  // Rows that stay are not touched, so that the focus and what is opened stay. While a call is open, newer ones wait until
  // they are asked for: nothing moves under the eyes of who reads.
  render(withNewer) {
    const fitting = this.list.filter((call) => this.fits(call));
    const wait = !withNewer && this.isOpen();
    const waiting = wait ? fitting.filter((call) => !this.rows.has(call.id)).length : 0;
    find('newer').hidden = waiting === 0;
    setText(find('newer'), `Show ${waiting} newer call${waiting === 1 ? '' : 's'}`);
    if (wait) return;
    const ids = new Set(fitting.map((call) => call.id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.more?.remove();
      row.row.remove();
      this.rows.delete(id);
    }
    let next = this.body.firstElementChild;
    for (const call of fitting) {
      let row = this.rows.get(call.id);
      if (!row) {
        row = this.add(call);
        this.body.insertBefore(row.row, next);
      }
      next = (row.more ?? row.row).nextElementSibling;
    }
    this.count(fitting.length);
  }

  count(fitting) {
    const text = fitting === this.list.length ? String(fitting) : `${fitting} of ${this.list.length}`;
    setText(find('count'), this.list.length ? text : 'none yet');
  }

  add(call) {
    const kind = kOutcomeKind[call.outcome];
    const failed = call.reason !== 'OK';
    const button = make('button', {type: 'button', class: 'open', 'aria-expanded': 'false', onclick: () => this.toggle(call.id)},
                        call.ended.slice(11, 23));
    const row = make('tr', {'data-id': call.id}, make('th', {scope: 'row'}, button), cell('Method', call.method),
        cell('Caller', call.caller ?? '–'),
        cell('Result', make('span', {class: `badge ${kind}`}, call.outcome.replace('_', ' ')), failed ? make('code', {class: 'reason'}, call.reason) : null, ...badges(call)),
        number('Duration', milliseconds(call.durationMs)), cell('Phases', bar(call, 'small')), cell('Host', call.host ?? '–'),
        number('HTTP', call.httpStatus || '–'), number('Attempts', call.attempts));
    const entry = {call, row, button, more: null};
    this.rows.set(call.id, entry);
    return entry;
  }

  toggle(id) {
    const entry = this.rows.get(id);
    entry.button.setAttribute('aria-expanded', String(!entry.more));
    if (entry.more) {
      entry.more.remove();
      entry.more = null;
      return;
    }
    const more = `call-${id}`;
    entry.button.setAttribute('aria-controls', more);
    entry.more = make('tr', {class: 'more', id: more}, make('td', {colspan: '9'}, details(entry.call, this.explain(entry.call.reason))));
    entry.row.after(entry.more);
  }
}
