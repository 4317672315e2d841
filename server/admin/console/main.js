// Asks the gateway every two seconds, and shows what it answers.
import {showAttention} from './attention.js';
import {Calls} from './calls.js';
import {showOverview} from './overview.js';
import {age, find, forgetToken, hasToken, request, setText, setToken, Unauthorized} from './page.js';
import {TryIt} from './try_it.js';

const kPause = 2000;
const kFirstPause = 700;  // rates need two answers
let reasons = null;
let tryIt = null;
let paused = false;
let timer = null;
let lastAnswer = null;
let isFirst = true;
const calls = new Calls((reason) => reasons?.[reason]);

function showProcess(status) {
  const state = find('state');
  setText(state, status.state);
  state.className = `state badge ${status.state === 'serving' ? 'good' : 'warn'}`;
  const commit = status.commit ? ` (${status.commit.slice(0, 8)})` : '';
  setText(find('process'), `${status.address} · version ${status.version}${commit} · up ${age(status.uptimeSeconds)}`);
}

async function ask() {
  reasons ??= await request('/reasons');
  const status = await request('/statusz');
  const keeps = status.configuration['admin.recent_calls'] !== '0';
  const list = keeps ? (await request('/calls')).calls : [];
  find('sign-in').hidden = true;
  find('content').hidden = false;
  find('forget').hidden = !hasToken();
  showProcess(status);
  showOverview(status);
  showAttention(status, list, reasons, (reason) => calls.choose({reason}));
  calls.show(list, keeps);
  if (status.configuration['admin.try_it'] === 'true' && !tryIt) {
    tryIt = new TryIt(status);
    await tryIt.start();
  }
  isFirst = lastAnswer === null;
  lastAnswer = Date.now();
}

async function turn() {
  clearTimeout(timer);
  try {
    await ask();
    setText(find('updated'), paused ? 'Paused' : 'Live');
    find('updated').className = 'updated';
  } catch (error) {
    if (error instanceof Unauthorized) return signIn(hasToken() ? 'This is not the token.' : '');
    find('updated').className = 'updated bad';
    setText(find('updated'), `No answer${lastAnswer ? ` for ${age((Date.now() - lastAnswer) / 1000)}` : ''}: ${error.message}`);
  }
  if (!paused && !document.hidden) timer = setTimeout(turn, isFirst ? kFirstPause : kPause);
}

function signIn(why) {
  forgetToken();
  find('content').hidden = true;
  find('forget').hidden = true;
  find('sign-in').hidden = false;
  setText(find('token-error'), why);
  setText(find('updated'), 'Not signed in');
  find('token').focus();
}

find('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  setToken(find('token').value.trim());
  find('token').value = '';
  turn();
});
find('forget').addEventListener('click', () => signIn(''));
find('pause').addEventListener('click', () => {
  paused = !paused;
  find('pause').setAttribute('aria-pressed', String(paused));
  setText(find('updated'), paused ? 'Paused' : 'Live');
  if (!paused) turn();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && !paused && find('sign-in').hidden) turn();
});

const access = await request('/console/access');
if (access.needsToken && !hasToken()) signIn('');
else turn();
