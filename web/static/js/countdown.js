// Keeps "in 41 min" and "3 min ago" true. The server's clock counts, not this machine's:
// data-now says what the server's was when the page was made.

import { announce } from './announce.js';

const THRESHOLDS = [600, 300, 60];
const loaded = performance.now();

// The same words as the duration macro in components/text.html.
function duration(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) {
    const minutes = Math.floor((seconds % 3600) / 60);
    return `${Math.floor(seconds / 3600)} h${minutes ? ` ${minutes} min` : ''}`;
  }
  return `${Math.floor(seconds / 86400)} days`;
}

// What is left is rounded up: a grant of five minutes begins with "5 min".
function remaining(seconds, exact) {
  if (exact && seconds < 120) return `${seconds} s`;
  return duration(seconds < 60 ? seconds : Math.ceil(seconds / 60) * 60);
}

function relative(seconds, exact) {
  if (seconds > 0) return `in ${remaining(seconds, exact)}`;
  return seconds > -10 ? 'just now' : `${duration(-seconds)} ago`;
}

// A page that nobody looks at waits until somebody does.
function reload() {
  if (document.visibilityState === 'visible') location.reload();
  else document.addEventListener('visibilitychange', () => location.reload(), { once: true });
}

function clock(element) {
  const ends = 'until' in element.dataset;
  const moment = Date.parse(ends ? element.dataset.until : element.dataset.moment);
  const started = Date.parse(element.dataset.now);
  const what = element.closest('tr, .card, .notice')?.querySelector('th, .card-title, .notice-title')?.innerText.trim().split('\n')[0];
  let before = Infinity;
  return () => {
    const left = Math.ceil((moment - started - (performance.now() - loaded)) / 1000);
    const over = ends && left <= 0;
    const words = over ? element.dataset.ended : relative(left, 'seconds' in element.dataset);
    if (element.textContent !== words) element.textContent = words;
    if (!ends) return true;
    const crossed = THRESHOLDS.find((each) => left <= each && before > each && before !== Infinity);
    // Over from the start is no end: loading again would show the same.
    const ended = over && before !== Infinity;
    before = left;
    const name = what || 'Your session';
    if (over) {
      announce(`${name}: ${element.dataset.ended}`);
      element.dispatchEvent(new CustomEvent('doorward:ended', { bubbles: true }));
      if (ended && 'reload' in element.dataset) reload();
    } else if (crossed) {
      announce(`${name} ends in ${remaining(left)}`);
    }
    return !over;
  };
}

let clocks = [...document.querySelectorAll('[data-until], [data-moment]')].map(clock);
function tick() {
  clocks = clocks.filter((update) => update());
  if (clocks.length) setTimeout(tick, 1000);
}
tick();
