// Nobody waits for ever: what is awaited ends with an error when no answer comes from anywhere for too long.

const LOOK_MS = 250;

export class Silence extends Error {
  override readonly name = 'Silence';
}

/** @throws Silence @param answeredAt when the last answer came, as `performance.now` counts */
export async function unlessSilent<T>(
  work: Promise<T>,
  { answeredAt, limitMs, who }: { answeredAt: () => number; limitMs: number; who: string },
): Promise<T> {
  const since = performance.now();
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setInterval(() => {
    const quietMs = performance.now() - Math.max(since, answeredAt());
    if (quietMs < limitMs) return;
    reject(new Silence(`no answer came from ${who} for ${limitMs / 1_000} s`));
  }, LOOK_MS);
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearInterval(timer);
  }
}
