// The reference of the HTTP scenarios, a process of its own: a bare Hono application that reads the posted JSON and sends
// it back, on as many worker threads as the engine has, behind the very listener of the engine. Ended by its parent.

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Hono } from 'hono';
import { DEFAULT_HTTP_LIMITS } from '../src/http/context.ts';
import { listen, supportsReusePort } from '../src/http/server.ts';

const HOST = '127.0.0.1';

if (isMainThread) {
  const workers = supportsReusePort ? Number(process.argv[2]) : 1;
  let port = 0;
  // One after the other: all take the port that the first one got.
  for (let number = 0; number < workers; number++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: port, name: `echo-${number}` });
    port = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  }
  process.send!(port);
  process.once('disconnect', () => process.exit());
} else {
  const app = new Hono();
  app.post('/v1/orders', async (c) => c.json(await c.req.json(), 201));
  const { headerBytesMax } = DEFAULT_HTTP_LIMITS;
  const options = { host: HOST, port: workerData as number, reusePort: supportsReusePort, headerBytesMax };
  const { port } = await listen(app, options);
  parentPort!.postMessage(port);
}
