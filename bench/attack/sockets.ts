// Waiting for what may never come.

/** @returns undefined when it did not come in time, or failed */
export async function until<T>(what: Promise<T>, msMax: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), msMax)));
  try {
    return await Promise.race([what.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
