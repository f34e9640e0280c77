// <button data-copy="...">: the whole value to the clipboard.

import { announce } from './announce.js';

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // No permission, or not a secure context: hand over the value to be copied by hand.
    const code = button.parentElement.querySelector('code');
    code.textContent = button.dataset.copy;
    getSelection().selectAllChildren(code);
    announce('Selected. Press Control or Command and C to copy.');
    return;
  }
  button.classList.add('copied');
  announce('Copied');
  setTimeout(() => {
    button.classList.remove('copied');
    announce('');
  }, 2000);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-copy]');
  if (button) copy(button);
});
