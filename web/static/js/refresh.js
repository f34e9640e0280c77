// [data-refresh="on"]: renews itself from the same page every few seconds while it is looked at.

const EVERY = 3000;

async function renew() {
  const here = document.querySelector('[data-refresh="on"]');
  if (!here) return;
  if (document.visibilityState === 'visible') {
    try {
      const response = await fetch(location.href, { credentials: 'same-origin' });
      const there = new DOMParser()
        .parseFromString(await response.text(), 'text/html')
        .querySelector('[data-refresh]');
      if (response.ok && there) here.replaceWith(document.adoptNode(there));
    } catch {
      // Not reachable now: the next turn tries again.
    }
  }
  setTimeout(renew, EVERY);
}

setTimeout(renew, EVERY);
