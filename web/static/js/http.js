// JSON to the broker and back; every failure becomes a Problem with words for a person.

export class Problem extends Error {
  constructor({ title, detail = '', remedy = '', reference = '' }) {
    super(title);
    this.title = title;
    this.detail = detail;
    this.remedy = remedy;
    this.reference = reference;
  }
}

// Messages of the broker are lower case without a final stop (they also go to logs).
export function sentence(words) {
  const text = String(words || '').trim();
  if (!text) return '';
  const first = text[0].toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

export async function postJSON(url, body, { signal } = {}) {
  const token = document.querySelector('meta[name="csrf-token"]');
  let response;
  try {
    response = await fetch(url, {
      method: 'POST',
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json, application/problem+json',
        'Content-Type': 'application/json',
        ...(token ? { 'X-CSRF-Token': token.content } : {}),
      },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem({
      title: 'Doorward cannot be reached',
      remedy: 'Check your connection, then try again.',
    });
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  throw new Problem({
    title: answer?.title || 'The answer cannot be read',
    detail: sentence(answer?.detail),
    remedy: answer?.remedy || (answer ? '' : 'Load the page again.'),
    reference: answer?.request_id || response.headers.get('X-Request-Id') || '',
  });
}

export function fieldsOf(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) {
    if (name === 'csrf_token' || typeof value !== 'string') continue;
    if (name in fields) fields[name] = [].concat(fields[name], value);
    else fields[name] = value;
  }
  return fields;
}
