// Asks the broker now and then whether this session is asked for a touch, and puts the question.
// It learns of an asking that is open, never of one to come. Asking is no activity.

import { announce } from './announce.js';
import { Problem, postJSON } from './http.js';
import { credentialJSON, requestOptions } from './webauthn.js';

const EVERY = 10000;
const CLOSER = [30, 10];
const PUT_OFF = 'doorward-put-off';
let shown = null;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

async function poll() {
  // A page that nobody looks at puts no question; it asks again as soon as somebody does.
  if (document.visibilityState === 'visible' && !shown && !onItsPage()) {
    try {
      const response = await fetch('/presence/now', {
        credentials: 'same-origin',
        headers: { Accept: 'application/json' },
      });
      if (response.status !== 200) return;
      const asked = await response.json();
      if (sessionStorage.getItem(PUT_OFF) !== asked.check) put(asked);
    } catch {
      // Not reachable now: the next turn tries again.
    }
  }
}

const onItsPage = () => /^\/presence\/[^/]+$/.test(location.pathname);

function put({ check, kind, seconds }) {
  const ends = performance.now() + seconds * 1000;
  const left = element('strong', { 'data-role': 'left' });
  const status = element('p', { role: 'status' });
  const problem = element('div', { role: 'alert' });
  const touch = element('button', { class: 'button button-primary', type: 'button' }, 'Touch my key');
  const later = element('button', { class: 'button button-quiet', type: 'button' }, 'Close');
  const why =
    kind === 'contention'
      ? 'Several people are asked at this same moment, each with a key of their own.'
      : 'You are asked at a random moment of your hours.';
  const dialog = element(
    'dialog',
    { class: 'asking flow', role: 'alertdialog', 'aria-labelledby': 'asking-title', 'aria-describedby': 'asking-text' },
    element('h2', { id: 'asking-title' }, 'Touch your key'),
    element('p', { id: 'asking-text' }, `This shows that you are at work now. ${why} Nothing else is signed by this touch.`),
    element('p', {}, 'Time left: ', left),
    problem,
    element('div', { class: 'buttons' }, touch, later),
    status,
    element('p', { class: 'fine' }, element('a', { href: `/presence/${check}` }, 'Why, and what happens if I do not')),
  );
  let controller = null;
  shown = dialog;
  document.body.append(dialog);
  dialog.showModal();
  touch.focus();

  const finish = (words) => {
    controller?.abort();
    clearInterval(timer);
    dialog.close();
    dialog.remove();
    document.querySelector('.asked')?.remove();
    if (words) announce(words);
    shown = null;
  };
  const say = ({ title, detail, remedy }) => {
    problem.replaceChildren(
      element('div', { class: 'problem' }, element('p', { class: 'problem-title' }, title), element('p', {}, [detail, remedy].filter(Boolean).join(' '))),
    );
  };

  let before = seconds;
  const tick = () => {
    const now = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    left.textContent = `${now} s`;
    if (CLOSER.some((each) => now <= each && before > each)) announce(`${now} seconds left to touch your key`);
    before = now;
    if (now === 0 && !controller) finish('The time to touch your key is over.');
  };
  const timer = setInterval(tick, 1000);
  tick();

  touch.addEventListener('click', async () => {
    controller = new AbortController();
    touch.disabled = true;
    problem.replaceChildren();
    status.textContent = 'Touch your key when it blinks';
    try {
      const { signal } = controller;
      const { publicKey, ceremony } = await postJSON(`/presence/${check}/options`, {}, { signal });
      const credential = await navigator.credentials.get({ publicKey: requestOptions(publicKey), signal });
      await postJSON(`/presence/${check}/finish`, { ceremony, credential: credentialJSON(credential) });
      controller = null;
      finish('Thank you. You touched your key in time.');
    } catch (error) {
      controller = null;
      if (shown !== dialog) return;
      touch.disabled = false;
      status.textContent = '';
      say(
        error instanceof Problem
          ? error
          : { title: 'Your key was not used', remedy: 'Plug in your key, press the button again, and touch it when it blinks.' },
      );
      touch.focus();
    }
  });
  // Closed by choice, the question stays as a line at the top of this page and the next.
  const putOff = () => {
    sessionStorage.setItem(PUT_OFF, check);
    const line = document.querySelector('.asked');
    finish('');
    document.body.prepend(line || banner(check));
  };
  later.addEventListener('click', putOff);
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    putOff();
  });
}

function banner(check) {
  return element(
    'aside',
    { class: 'asked', 'aria-label': 'A touch is asked of you' },
    element('p', {}, element('strong', {}, 'Touch your key'), ', to show that you are at work.'),
    element('a', { class: 'button button-primary button-small', href: `/presence/${check}` }, 'Why, and touch'),
  );
}

document.addEventListener('visibilitychange', poll);
setInterval(poll, EVERY);
poll();
