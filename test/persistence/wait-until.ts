// Waits for a condition instead of for a time. Fails with what was last seen when the deadline passes.

const POLL_MS = 10;

export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  seen: () => unknown = () => undefined,
  deadlineMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`not in ${deadlineMs} ms: ${what}; seen: ${JSON.stringify(seen())}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
