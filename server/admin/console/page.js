// What all parts of the page use: elements, numbers for people, and requests with the token.

// Makes an element. `attributes` whose value is false, null or undefined are left out; a function is a listener:
// {onclick: f}. `children` are elements or texts.
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === 'function') element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

export const find = (id) => document.getElementById(id);

// Replaces the text only if it differs, so that screen readers hear of changes alone.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Text with `code` between backticks, as docs/errors.md has it.
export function withCode(text) {
  return text.split('`').map((part, i) => (i % 2 ? make('code', {}, part) : part));
}

export const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

export function milliseconds(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (value >= 1000) return `${(value / 1000).toFixed(value >= 10000 ? 1 : 2)} s`;
  if (value >= 100) return `${Math.round(value)} ms`;
  return `${value.toFixed(value >= 10 ? 1 : 2)} ms`;
}

export function rate(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  return value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2);
}

export function percent(value) {
  if (value === null || value === undefined) return '–';
  return value === 0 ? '0 %' : `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;
}

export function age(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

// How many calls there were between two counts, by bucket, and the value that the share of them does not exceed, in
// milliseconds; null without calls.
export function quantile(counts, bounds, share) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  const rank = share * all;
  let below = 0;
  for (let i = 0; i < bounds.length; ++i) {
    const lower = i === 0 ? 0 : bounds[i - 1];
    if (counts[i] > 0 && below + counts[i] >= rank) {
      return 1000 * (lower + (bounds[i] - lower) * (rank - below) / counts[i]);
    }
    below += counts[i];
  }
  return 1000 * bounds.at(-1);
}

// --- requests ---------------------------------------------------------------------------------------------------------

export class Unauthorized extends Error {}

// In sessionStorage, so that a reload of this tab does not ask for the token again. Other tabs do not see it, and it is
// gone with the tab; a cookie would be sent by any page that links here.
const kToken = 'admin-token';
export const hasToken = () => sessionStorage.getItem(kToken) !== null;
export const setToken = (token) => sessionStorage.setItem(kToken, token);
export const forgetToken = () => sessionStorage.removeItem(kToken);

export async function request(path, options = {}) {
  const headers = hasToken() ? {Authorization: `Bearer ${sessionStorage.getItem(kToken)}`} : {};
  const answer = await fetch(path, {...options, headers, cache: 'no-store', credentials: 'omit'});
  if (answer.status === 401) throw new Unauthorized();
  if (!answer.ok) throw new Error((await answer.text()).trim() || `status ${answer.status}`);
  return answer.json();
}
