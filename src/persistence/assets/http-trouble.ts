// What went wrong between this node and a server over HTTP, in words that fit behind the server's name. Addresses and keys are
// never part of them.

/** Of an answer that is told. */
const ANSWER_BYTES_MAX = 16 * 1024;
const TOLD_CHARACTERS_MAX = 200;

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections: is it running, and is the port right?',
  ENOTFOUND: 'is not known by this name: is the address right?',
  EAI_AGAIN: 'cannot be looked up just now: does this machine reach its name server?',
  ECONNRESET: 'ended the connection before it had answered',
  UND_ERR_SOCKET: 'ended the connection before it had answered',
  EPIPE: 'ended the connection before it had everything',
  EHOSTUNREACH: 'cannot be reached from this machine',
  ENETUNREACH: 'cannot be reached from this machine',
  ETIMEDOUT: 'does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'does not take the connection',
  CERT_HAS_EXPIRED: 'shows a certificate that is out of date',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'shows a certificate that nobody known has signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'shows a certificate that nobody known has signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'shows a certificate for another name',
};

/** @param error as `fetch` throws it */
export function causeOf(error: unknown, timeoutMs: number): string {
  const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  if (name === 'TimeoutError') return `did not answer within ${timeoutMs / 1_000} seconds`;
  if (name === 'AbortError') return 'was left, since this node stops';
  const code = cause?.code ?? '';
  return CAUSES[code] ?? `could not be asked: ${(cause?.message || message).slice(0, TOLD_CHARACTERS_MAX)}`;
}

/** What the answer says, in a bounded number of bytes: never all of a page. */
export async function answerOf(response: Response): Promise<{ text: string; whole: string }> {
  let whole = '';
  try {
    const decoder = new TextDecoder();
    let length = 0;
    for await (const piece of response.body ?? []) {
      whole += decoder.decode(piece, { stream: true });
      length += piece.byteLength;
      if (length > ANSWER_BYTES_MAX) break; // the rest is not fetched
    }
  } catch {
    // The status says enough.
  }
  const text = whole.replaceAll(/\s+/g, ' ').trim().slice(0, TOLD_CHARACTERS_MAX);
  return { text, whole };
}
