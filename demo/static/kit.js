// The demo's band: who one is, from where, and a soft key in place of a real one.
// Served by the demo's proxy only; the broker knows nothing of it.

// The band submits the page's form: the script that answers it has to be there first.
import '/static/js/ceremony.js';
import { toBase64url } from '/static/js/webauthn.js';

const OWN_KEY = 'demo-own-key';
const root = document.getElementById('demo-kit');
const ownKey = () => localStorage.getItem(OWN_KEY) === 'yes';

async function ask(path, body) {
  const response = await fetch(path, body && {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw new DOMException(answer.detail, answer.code === 'NotAllowedError' ? answer.code : 'UnknownError');
}

// ---- the soft key ----------------------------------------------------------

const plain = (bytes) => toBase64url(bytes.buffer ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) : bytes);
const descriptors = (list) => (list || []).map(({ type, id }) => ({ type, id: plain(id) }));

function creationJSON({ rp, user, challenge, pubKeyCredParams, excludeCredentials }) {
  return {
    rp,
    user: { ...user, id: plain(user.id), name: user.name, displayName: user.displayName },
    challenge: plain(challenge),
    pubKeyCredParams,
    excludeCredentials: descriptors(excludeCredentials),
  };
}

function requestJSON({ challenge, rpId, allowCredentials }) {
  return { challenge: plain(challenge), rpId, allowCredentials: descriptors(allowCredentials) };
}

async function answerWith(path, publicKey) {
  const json = await ask(path, { publicKey });
  return { id: json.id, type: json.type, toJSON: () => json };
}

const container = navigator.credentials;
if (container) {
  const real = { create: container.create.bind(container), get: container.get.bind(container) };
  const soft = (name, toJSON) => (options) =>
    ownKey() || !options?.publicKey
      ? real[name](options)
      : answerWith(`/demo/softkey/${name}`, toJSON(options.publicKey));
  container.create = soft('create', creationJSON);
  container.get = soft('get', requestJSON);
}

// ---- the band --------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  Object.assign(made, attributes);
  made.append(...children);
  return made;
}

const signOut = () => document.querySelector('form[action="/sign-out"]');
const loginForm = () => document.querySelector('form[data-ceremony="login"]');

async function choose(change) {
  root.setAttribute('aria-busy', 'true');
  const chosen = await ask('/demo/scene', change);
  // A session keeps the address that it began with: whoever is somebody else, or elsewhere, logs in anew.
  if ((chosen.moved || change.person !== undefined) && signOut()) signOut().requestSubmit();
  else window.location.reload();
}

function picker(label, options, value, onPick) {
  const select = element('select', { className: 'demo-select', id: `demo-${label.toLowerCase()}` });
  for (const [key, text] of options) {
    select.append(element('option', { value: key, textContent: text, selected: key === value }));
  }
  select.addEventListener('change', () => onPick(select.value).catch(fail));
  return element('span', { className: 'demo-pick' }, element('label', { htmlFor: select.id, textContent: label }), select);
}

function fail(error) {
  root.removeAttribute('aria-busy');
  root.append(element('p', { role: 'alert', className: 'demo-line', textContent: error.message || String(error) }));
}

function logInButton(person) {
  const form = loginForm();
  const name = form.elements.namedItem('login_name');
  name.value = person.login;
  const button = element('button', { type: 'button', className: 'demo-button' });
  button.textContent = `Log in as ${person.name.split(' ')[0]}`;
  button.addEventListener('click', () => {
    name.value = person.login;
    form.requestSubmit();
  });
  return button;
}

function draw(state) {
  const person = state.people.find((each) => each.login === state.person);
  const people = [['', 'yourself'], ...state.people.map((each) => [each.login, each.name])];
  const scenes = state.scenes.map((each) => [each.name, `${each.label} (${each.address})`]);
  const own = element('input', { type: 'checkbox', checked: ownKey() });
  own.addEventListener('change', () => localStorage.setItem(OWN_KEY, own.checked ? 'yes' : 'no'));
  const parts = [
    picker('Be', people, state.person, (login) => choose({ person: login })),
    picker('From', scenes, state.scene, (scene) => choose({ scene })),
    element('label', { className: 'demo-pick' }, own, ' use my own key instead'),
  ];
  if (person && loginForm() && !signOut()) parts.push(logInButton(person));
  else if (person && !signOut()) parts.push(element('a', { href: '/login', textContent: `Log in as ${person.name.split(' ')[0]}` }));
  for (const { label, url } of state.links) parts.push(element('a', { href: url, textContent: label }));
  if (person) parts.push(element('p', { className: 'demo-line', textContent: `${person.name} ${person.story}` }));
  else parts.push(element('p', { className: 'demo-line', textContent: 'Choose one of six people to be; each meets something else.' }));
  root.removeAttribute('aria-busy');
  root.replaceChildren(...parts);
}

if (root) {
  if (!document.querySelector('link[href="/demo/kit.css"]')) {
    document.head.append(element('link', { rel: 'stylesheet', href: '/demo/kit.css' }));
  }
  ask('/demo/state').then(draw).catch(fail);
}
