// [data-editor]: line numbers, and what the server finds in the text while somebody types: problems, marked
// where they stand, and in [data-panel] what the text would change. [data-draft] says whether that is about
// the text as saved or as typed. Without this file the form still submits and the page lists the same.

import { announce } from './announce.js';
import { fieldsOf, postJSON } from './http.js';

const PAUSE = 400; // milliseconds without a key press before the text is checked
const QUIET = 1500; // and before the result is spoken, so that nobody is talked over while typing
const WORD = /^(?:[^\s,;{}()]+|\S)/;

function enlist(editor) {
  const part = (role) => editor.querySelector(`[data-role="${role}"]`);
  const text = editor.querySelector('textarea');
  const [gutter, marks, summary, list, template] = ['gutter', 'marks', 'summary', 'problems', 'problem'].map(part);
  const panel = document.querySelector('[data-panel]');
  let problems = [...list.children].map((item) => {
    const { line, column } = item.querySelector('a').dataset;
    const fix = item.querySelector('[data-fix]');
    return {
      line: Number(line),
      column: Number(column),
      fix: fix && JSON.parse(fix.dataset.fix),
      severity: item.classList.contains('code-warning') ? 'warning' : 'error',
    };
  });
  let drawn = '';
  let newest = 0; // counts checks: an answer counts only if none was asked for after it
  let checkTimer;
  let speechTimer;
  let spoken = summary.textContent;
  let controller;

  function drawGutter() {
    const wrong = new Map();
    for (const { line, severity } of problems) {
      if (wrong.get(line) !== 'error') wrong.set(line, severity || 'error');
    }
    const count = text.value.split('\n').length;
    const key = `${count}:${[...wrong]}`;
    if (key === drawn) return;
    drawn = key;
    const numbers = document.createDocumentFragment();
    for (let line = 1; line <= count; line += 1) {
      if (wrong.has(line)) {
        const mark = document.createElement('mark');
        mark.className = `editor-${wrong.get(line)}`;
        mark.textContent = line;
        numbers.append(mark);
      } else {
        numbers.append(`${line}\n`);
      }
    }
    gutter.replaceChildren(numbers);
    gutter.normalize();
    follow();
  }

  // Where a finding stands in its line: the word that a suggestion replaces, the word at its column, or all.
  function placeOf({ column, fix }, line) {
    if (fix) return { start: fix.column - 1, length: fix.length };
    if (!(column > 1)) return { start: 0, length: line.length };
    const found = WORD.exec(line.slice(column - 1));
    return { start: column - 1, length: found ? found[0].length : 0 };
  }

  // Every letter is as wide as any other, so a place is a number of lines and letters.
  function drawMarks() {
    const lines = text.value.split('\n');
    marks.replaceChildren(
      ...problems.map((problem) => {
        const { start, length } = placeOf(problem, lines[problem.line - 1] ?? '');
        const mark = document.createElement('span');
        mark.className = `editor-mark editor-${problem.severity || 'error'}`;
        mark.style.setProperty('inline-size', `${Math.max(1, length)}ch`);
        mark.style.setProperty('inset-block-start', `${(problem.line - 1) * 1.5}rem`);
        mark.style.setProperty('inset-inline-start', `${start}ch`);
        return mark;
      }),
    );
    follow();
  }

  function follow() {
    gutter.scrollTop = text.scrollTop;
    marks.style.setProperty('inset-inline-start', `${-text.scrollLeft}px`);
    marks.style.setProperty('inset-block-start', `${-text.scrollTop}px`);
  }

  function goTo(problem) {
    const lines = text.value.split('\n');
    const line = problem.line || 1;
    const { start, length } = placeOf(problem, lines[line - 1] ?? '');
    const from = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + start;
    text.focus({ preventScroll: true });
    text.setSelectionRange(from, from + length);
    const height = parseFloat(getComputedStyle(text).lineHeight);
    text.scrollTop = Math.max(0, (line - 1) * height - text.clientHeight / 3);
    text.scrollIntoView({ block: 'nearest' });
    follow();
  }

  function write({ line, fix }) {
    const { column, text: word } = fix;
    goTo({ line, fix });
    insert(word);
    goTo({ line, fix: { column, length: word.length } });
    check();
  }

  function append(row) {
    const end = text.value.length;
    text.focus({ preventScroll: true });
    text.setSelectionRange(end, end);
    insert(`${end && !text.value.endsWith('\n') ? '\n' : ''}${row}\n`);
    goTo({ line: text.value.split('\n').length - 1 });
    check();
  }

  // The one way that leaves the writer's undo alone.
  function insert(words) {
    if (document.execCommand('insertText', false, words)) return;
    text.setRangeText(words, text.selectionStart, text.selectionEnd, 'end');
    text.dispatchEvent(new Event('input', { bubbles: true }));
  }

  function itemOf(problem) {
    const item = template.content.cloneNode(true);
    item.firstElementChild.classList.toggle('code-warning', problem.severity === 'warning');
    const link = item.querySelector('a');
    link.textContent = problem.line ? `Line ${problem.line}` : 'The text';
    link.dataset.line = problem.line || 1;
    item.querySelector('[data-role="message"]').textContent = `: ${problem.message}`;
    item.querySelector('.code-suggestion').textContent = problem.suggestion || '';
    const button = item.querySelector('button');
    if (problem.fix) {
      button.hidden = false;
      button.dataset.fix = '';
      button.querySelector('code').textContent = problem.fix.text;
    } else {
      button.remove();
    }
    return item;
  }

  function show(answer) {
    problems = answer.problems.filter((each) => !each.file || each.file === text.name);
    const focused = list.contains(document.activeElement);
    list.replaceChildren(...problems.map(itemOf));
    list.hidden = problems.length === 0;
    if (focused) text.focus();
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    say(answer.summary || (problems.length ? count : 'No problems found.'));
    drawGutter();
    drawMarks();
    if (panel && typeof answer.panel === 'string') {
      const there = new DOMParser().parseFromString(answer.panel, 'text/html');
      panel.replaceChildren(...[...there.body.childNodes].map((node) => document.adoptNode(node)));
    }
  }

  function say(words) {
    summary.textContent = words;
    clearTimeout(speechTimer);
    speechTimer = setTimeout(() => {
      if (words !== spoken) announce(words);
      spoken = words;
    }, QUIET);
  }

  async function check() {
    clearTimeout(checkTimer);
    controller?.abort();
    controller = new AbortController();
    newest += 1;
    const mine = newest;
    panel?.setAttribute('aria-busy', 'true');
    try {
      const answer = await postJSON(editor.dataset.checkUrl, fieldsOf(text.form), { signal: controller.signal });
      if (mine !== newest) return;
      show(answer);
    } catch (error) {
      if (mine !== newest) return;
      say(`Not checked: ${error.title || 'the answer cannot be read'}.`);
      const stale = document.createElement('p');
      stale.textContent = 'Not known: the text could not be checked.';
      panel?.replaceChildren(stale);
    }
    panel?.removeAttribute('aria-busy');
  }

  function tellSaved() {
    const changed = text.value !== text.defaultValue;
    for (const each of document.querySelectorAll('[data-draft]')) {
      each.hidden = (each.dataset.draft === 'saved') === changed;
    }
  }

  text.addEventListener('input', () => {
    drawGutter();
    drawMarks();
    tellSaved();
    clearTimeout(speechTimer);
    if (!editor.dataset.checkUrl) return;
    clearTimeout(checkTimer);
    checkTimer = setTimeout(check, PAUSE);
  });
  text.addEventListener('scroll', follow);
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-fix]');
    const keep = event.target.closest('[data-append]');
    const link = event.target.closest('a[data-line]');
    const found = problems[[...list.children].indexOf(event.target.closest('li'))];
    if (button && found) {
      write(found);
    } else if (keep && panel?.contains(keep)) {
      append(keep.dataset.append);
    } else if (link && (found || panel?.contains(link))) {
      event.preventDefault();
      goTo(found || { line: Number(link.dataset.line) });
    }
  });
  for (const button of list.querySelectorAll('[data-fix]')) button.hidden = false;
  drawGutter();
  drawMarks();
  tellSaved();
}

document.querySelectorAll('[data-editor]').forEach(enlist);
