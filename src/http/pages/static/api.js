// One HTTP call and what is known after it. There are three outcomes and no exception: an answer, a refusal that the
// shop has spelled out, or `lost`, which says nothing at all about what the shop has done.

const timeoutMs = 10_000;

/**
 * Gives `{kind: 'answer', status, body}`, `{kind: 'refused', status, code, detail, retryAfterMs}` or
 * `{kind: 'lost', retryAfterMs}`.
 */
export async function call(method, path, { token, key, body } = {}) {
  try {
    const response = await fetch(path, {
      method,
      headers: {
        Accept: 'application/json, application/problem+json',
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(key ? { 'Idempotency-Key': key } : {}),
        ...(body ? { 'Content-Type': 'application/json' } : {}),
      },
      body: body ? JSON.stringify(body) : undefined,
      cache: 'no-store',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const content = await response.json();
    if (response.ok) return { kind: 'answer', status: response.status, body: content };
    return refusal(response, content);
  } catch {
    return { kind: 'lost', retryAfterMs: 0 };
  }
}

export function wait(delayMs) {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** How long to wait before asking again: what the shop says, else longer with each time, never all shoppers at once. */
export function patienceMs(answer, round) {
  const backoffMs = Math.min(10_000, 500 * 2 ** round);
  return Math.max(answer.retryAfterMs, backoffMs) * (1 + Math.random() / 4);
}

// An error without a code comes from something in front of the shop, so the shop may have acted all the same.
function refusal(response, content) {
  const retryAfterMs = readRetryAfterMs(response.headers.get('Retry-After'));
  if (typeof content?.code !== 'string') return { kind: 'lost', retryAfterMs };
  const { code, detail } = content;
  return {
    kind: 'refused',
    status: response.status,
    code,
    detail: detail ?? content.title ?? '',
    retryAfterMs,
  };
}

function readRetryAfterMs(header) {
  if (header === null) return 0;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(60_000, Math.max(0, ms)) : 0;
}
