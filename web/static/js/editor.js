// [data-editor]: line numbers, and problems found while typing. What the page says about the
// text as saved ([data-draft]) gives way to a word of that while the text is another. Without this file the
// form still submits and the server's answer lists the same problems.

import { fieldsOf, postJSON } from './http.js';

const PAUSE = 400; // milliseconds without a key press before the text is checked

function enlist(editor) {
  const part = (role) => editor.querySelector(`[data-role="${role}"]`);
  const text = editor.querySelector('textarea');
  const [gutter, summary, list, template] = ['gutter', 'summary', 'problems', 'problem'].map(part);
  let wrong = new Set([...list.querySelectorAll('[data-line]')].map((each) => Number(each.dataset.line)));
  let drawn = '';
  let timer;
  let controller;

  function drawGutter() {
    const count = text.value.split('\n').length;
    const key = `${count}:${[...wrong]}`;
    if (key === drawn) return;
    drawn = key;
    const numbers = document.createDocumentFragment();
    for (let line = 1; line <= count; line += 1) {
      if (wrong.has(line)) {
        const mark = document.createElement('mark');
        mark.textContent = line;
        numbers.append(mark);
      } else {
        numbers.append(`${line}\n`);
      }
    }
    gutter.replaceChildren(numbers);
    gutter.normalize();
    gutter.scrollTop = text.scrollTop;
  }

  function goTo(line) {
    const lines = text.value.split('\n');
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    text.focus({ preventScroll: true });
    text.setSelectionRange(start, start + (lines[line - 1] ?? '').length);
    const height = parseFloat(getComputedStyle(text).lineHeight);
    text.scrollTop = Math.max(0, (line - 1) * height - text.clientHeight / 3);
    text.scrollIntoView({ block: 'nearest' });
  }

  function show(problems) {
    wrong = new Set(problems.map((each) => each.line));
    list.replaceChildren(
      ...problems.map((each) => {
        const item = template.content.cloneNode(true);
        item.firstElementChild.classList.toggle('code-warning', each.severity === 'warning');
        const link = item.querySelector('a');
        link.textContent = each.line ? `Line ${each.line}` : 'The text';
        link.dataset.line = each.line || 1;
        item.querySelector('[data-role="message"]').textContent = `: ${each.message}`;
        item.querySelector('.code-suggestion').textContent = each.suggestion || '';
        return item;
      }),
    );
    list.hidden = problems.length === 0;
    drawGutter();
  }

  async function check() {
    controller?.abort();
    controller = new AbortController();
    const { signal } = controller;
    try {
      const answer = await postJSON(editor.dataset.checkUrl, fieldsOf(text.form), { signal });
      const mine = answer.problems.filter((each) => !each.file || each.file === text.name);
      show(mine);
      const count = mine.length === 1 ? '1 problem' : `${mine.length} problems`;
      summary.textContent = answer.summary || (mine.length ? count : 'No problems found.');
    } catch (error) {
      if (error.name === 'AbortError') return;
      summary.textContent = `Not checked: ${error.title || 'the answer cannot be read'}.`;
    }
  }

  function tellSaved() {
    const changed = text.value !== text.defaultValue;
    for (const each of document.querySelectorAll('[data-draft]')) {
      each.hidden = (each.dataset.draft === 'saved') === changed;
    }
  }

  text.addEventListener('input', () => {
    drawGutter();
    tellSaved();
    if (!editor.dataset.checkUrl) return;
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE);
  });
  text.addEventListener('scroll', () => {
    gutter.scrollTop = text.scrollTop;
  });
  list.addEventListener('click', (event) => {
    const link = event.target.closest('[data-line]');
    if (!link) return;
    event.preventDefault();
    goTo(Number(link.dataset.line));
  });
  drawGutter();
  tellSaved();
}

document.querySelectorAll('[data-editor]').forEach(enlist);
