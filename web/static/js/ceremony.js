// <form data-ceremony="register|activate|login|sign">: options from the broker, a touch of
// the key, the answer back, then on to where the broker says.

import { Problem, fieldsOf, postJSON } from './http.js';
import { creationOptions, credentialJSON, requestOptions } from './webauthn.js';

const REGISTER = 'register';

// What a person can do about each failure that WebAuthn names (Level 3, sections 5.1.3 and 5.1.4).
const FAILURES = {
  NotAllowedError: {
    title: 'Your key was not used',
    detail: 'It was not touched in time, the PIN was not entered, the question was closed, or it is not a key we know for you.',
    remedy: 'Plug in the key we sent you, try again, and touch it when it blinks.',
  },
  AbortError: {
    title: 'Stopped',
    detail: 'You stopped before the key was touched. Nothing has changed.',
    calm: true,
  },
  SecurityError: {
    title: 'Your key does not belong to this address',
    detail: 'A key answers only to the site that it was registered with.',
    remedy: 'Look at the address bar. If it is not the address you were given, close this page and tell security.',
  },
  NotSupportedError: {
    title: 'This key cannot do what is asked',
    detail: 'It does not offer a signature that we accept.',
    remedy: 'Use the key we sent you, or another browser.',
  },
  ConstraintError: {
    title: 'Your key has no PIN yet',
    detail: 'A PIN keeps the key yours if it is lost.',
    remedy: "Set a PIN in your computer's security key settings, then try again.",
  },
};

const ALREADY_REGISTERED = {
  title: 'This key is registered already',
  detail: 'One registration is enough.',
  remedy: 'Log in with it, or plug in a different key.',
};

function explain(error, kind) {
  if (error instanceof Problem) return error;
  if (error.name === 'InvalidStateError' && kind === REGISTER) return ALREADY_REGISTERED;
  return FAILURES[error.name] || {
    title: 'Your key could not be used',
    detail: `The browser says: ${error.name}.`,
    remedy: 'Unplug the key, plug it in again and try once more. If that fails, use another browser.',
  };
}

function show(region, { title, detail, remedy, reference, calm }) {
  const box = document.createElement('div');
  box.className = calm ? 'problem problem-calm' : 'problem';
  const line = (words, className) => {
    if (!words) return;
    const paragraph = document.createElement('p');
    paragraph.className = className;
    paragraph.textContent = words;
    box.append(paragraph);
  };
  line(title, 'problem-title');
  line(detail, '');
  line(remedy, '');
  line(reference && `Reference ${reference}`, 'fine');
  // One reference to read out: that of what failed, not that of the page.
  if (reference) document.querySelector('.site-footer [data-role="reference"]')?.remove();
  region.replaceChildren(box);
}

function follow(location) {
  const target = new URL(location, document.baseURI);
  if (target.origin !== window.location.origin) {
    throw new Problem({ title: 'The answer cannot be read', remedy: 'Load the page again.' });
  }
  window.location.assign(target);
}

function enlist(form) {
  const kind = form.dataset.ceremony;
  const part = (role) => form.querySelector(`[data-role="${role}"]`);
  const [alert, status, submit, stop] = ['alert', 'status', 'submit', 'abort'].map(part);
  let controller = null;

  const rest = () => {
    controller = null;
    form.removeAttribute('aria-busy');
    submit.disabled = false;
    status.textContent = '';
    stop.hidden = true;
  };

  async function run() {
    const { signal } = controller;
    const { publicKey, ceremony } = await postJSON(form.dataset.optionsUrl, fieldsOf(form), { signal });
    status.textContent = form.dataset.waiting;
    const credential =
      kind === REGISTER
        ? await navigator.credentials.create({ publicKey: creationOptions(publicKey), signal })
        : await navigator.credentials.get({ publicKey: requestOptions(publicKey), signal });
    // From here the broker may have acted: stopping would only hide the outcome.
    stop.hidden = true;
    status.textContent = 'One moment…';
    const answer = await postJSON(form.dataset.finishUrl, {
      credential: credentialJSON(credential),
      ceremony,
    });
    follow(answer.location);
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (controller) return;
    controller = new AbortController();
    form.setAttribute('aria-busy', 'true');
    submit.disabled = true;
    stop.hidden = false;
    alert.replaceChildren();
    status.textContent = 'One moment…';
    try {
      await run();
    } catch (error) {
      rest();
      show(alert, explain(error, kind));
      // The disabled button lost the focus; the next try must be one key press away.
      submit.focus({ preventScroll: true });
    }
  });
  stop.addEventListener('click', () => controller?.abort());
  // Back from the next page: the browser may show this one as it was left, mid-ceremony.
  window.addEventListener('pageshow', (event) => event.persisted && rest());

  if (window.PublicKeyCredential && navigator.credentials) {
    submit.disabled = false;
  } else {
    show(alert, {
      title: 'This browser cannot use security keys',
      detail: window.isSecureContext ? '' : 'The page was not loaded over a secure connection.',
      remedy: 'Use a current Firefox, Chrome, Edge or Safari.',
    });
  }
}

document.querySelectorAll('form[data-ceremony]').forEach(enlist);
