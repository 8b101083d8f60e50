// Waits for a condition instead of for a time, and says what it waited for when it never comes.

const PERIOD_MS = 20;

/**
 * @param seen what to tell when the deadline passes
 * @returns the condition's first value that is not undefined, null or false
 */
export async function waitUntil<T>(
  what: string,
  condition: () => T | Promise<T>,
  seen: () => unknown = () => undefined,
  deadlineMs = 120_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const until = performance.now() + deadlineMs;
  let failure: Error | undefined;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false)
        return value as NonNullable<Exclude<T, false>>;
      failure = undefined;
    } catch (error) {
      failure = error as Error;
    }
    if (performance.now() > until) {
      const last = failure?.message ?? JSON.stringify(seen());
      throw new Error(`${what}: not within ${deadlineMs} ms${last === undefined ? '' : `, at last ${last}`}`);
    }
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  }
}
