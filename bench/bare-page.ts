// The reference of the scenario page, a process of its own: a bare Hono application that answers with the very page of the engine, as
// one text that it was given, on as many worker threads and behind the very listener of the engine. Ended by its parent.

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Hono } from 'hono';
import { DEFAULT_HTTP_LIMITS, listen, supportsReusePort } from '../src/http/index.ts';

/** Sent to the process: the page to answer with. It answers with its port. */
export interface ServePage {
  readonly page: string;
}

interface Data extends ServePage {
  readonly port: number;
}

const HOST = '127.0.0.1';

if (isMainThread) {
  process.once('message', ({ page }: ServePage) => void serve(page));
  process.once('disconnect', () => process.exit());
} else {
  const { page, port: wanted } = workerData as Data;
  const app = new Hono();
  app.get('/c/:slug', (c) => c.html(page));
  const { headerBytesMax } = DEFAULT_HTTP_LIMITS;
  const options = { host: HOST, port: wanted, reusePort: supportsReusePort, headerBytesMax };
  const { port } = await listen(app, options);
  parentPort!.postMessage(port);
}

async function serve(page: string): Promise<void> {
  const workers = supportsReusePort ? Number(process.argv[2]) : 1;
  let port = 0;
  // One after the other: all take the port that the first one got.
  for (let number = 0; number < workers; number++) {
    const data: Data = { page, port };
    const worker = new Worker(new URL(import.meta.url), { workerData: data, name: `bare-${number}` });
    // oxlint-disable-next-line no-await-in-loop
    port = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  }
  process.send!(port);
}
