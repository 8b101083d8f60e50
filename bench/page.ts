// page: the page of a campaign as a node serves it, each request with the session of another customer, against a bare Hono application
// that answers with the same page as one constant text. Both take turns.

import { availableParallelism } from 'node:os';
import { Sessions } from '../src/http/index.ts';
import { systemClock, systemRandom } from '../src/runtime/index.ts';
import type { ServePage } from './bare-page.ts';
import { newSide, percentileMs, rate, type Side } from './duel-side.ts';
import { EMBEDDED_MODE } from './environment.ts';
import { Forked } from './forked.ts';
import type { Rush, RushReport, UseRequests } from './load.ts';
import { auditNode, startOwnNode, type OwnNode } from './own-node.ts';
import { cpuTimeOf, plus, since, total } from './process-cpu.ts';
import { round, type Scenario, type ScenarioOptions, type ScenarioResult } from './scenario.ts';

const SECRET = 'secret-of-the-benchmark';
/** Of the demonstration those for everyone. */
const CAMPAIGNS = /href="(\/c\/[a-z0-9-]+)"/g;
const CUSTOMERS = 5_000;
const CONNECTIONS = [64, 256];
const TURN_SECONDS = 2.5;
const WARM_UP_MS_MAX = 1_000;
const CAMPAIGN_MS_MAX = 60_000;
const LOOK_MS = 200;

interface Sides {
  readonly ours: Side;
  readonly bare: Side;
}

export const page: Scenario = {
  modes: { sqlite: EMBEDDED_MODE },
  async run(options) {
    const workers = process.env['WORKERS'] ?? String(availableParallelism());
    const node = await startOwnNode({
      AUTH_SECRET: SECRET,
      SESSION_SECRET: SECRET,
      WORKERS: workers,
      SAMPLE_CAMPAIGNS: 'true',
    });
    const [load, bare] = [new Forked('./load.ts'), new Forked('./bare-page.ts', [workers])];
    try {
      const path = await campaignPath(node);
      const requests = requestsOf(path);
      const text = await pageOf(node, path, requests[0]!);
      const port = await bare.ask<number>({ page: text } satisfies ServePage);
      await load.ask({ kind: 'use', requests } satisfies UseRequests);
      return await new PageTurns({ node, bare, port, load, text }, options).run();
    } finally {
      await Promise.all([load.stop(), bare.stop()]);
      await node.stop();
    }
  },
};

interface Parts {
  readonly node: OwnNode;
  readonly bare: Forked;
  /** Of the bare application. */
  readonly port: number;
  readonly load: Forked;
  readonly text: string;
}

class PageTurns {
  readonly #parts: Parts;
  readonly #options: ScenarioOptions;

  constructor(parts: Parts, options: ScenarioOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  async run(): Promise<ScenarioResult> {
    const { seconds, connections = CONNECTIONS, say } = this.#options;
    const { node, text } = this.#parts;
    const turns = Math.max(1, Math.round(seconds / TURN_SECONDS));
    const turnMs = (seconds * 1_000) / turns;
    const figures: Record<string, number> = { bytes: Buffer.byteLength(text) };
    const ratios: number[] = [];
    let otherAnswers = 0;
    say('  one turn to warm up');
    await this.#turn(connections[0]!, turnMs, { ours: newSide(), bare: newSide() });
    for (const lanes of connections) {
      const sides: Sides = { ours: newSide(), bare: newSide() };
      for (let turn = 0; turn < turns; turn++) {
        // oxlint-disable-next-line no-await-in-loop -- sides take turns
        await this.#turn(lanes, turnMs, sides);
        say(
          `  ${lanes} connections, after turn ${turn + 1} of ${turns}: ${rate(sides.ours)} pages/s, ${rate(sides.bare)} bare pages/s`,
        );
      }
      const { ours, bare } = sides;
      ratios.push(rate(ours) / rate(bare));
      otherAnswers += ours.others + bare.others;
      Object.assign(figures, {
        [`pagesPerSecond${lanes}`]: rate(ours),
        [`barePerSecond${lanes}`]: rate(bare),
        [`ratio${lanes}`]: round(rate(ours) / rate(bare)),
        [`p99Ms${lanes}`]: percentileMs(ours, 0.99),
        [`bareP99Ms${lanes}`]: percentileMs(bare, 0.99),
        [`cpuMicros${lanes}`]: round(total(ours.cpu) / ours.all),
        [`bareCpuMicros${lanes}`]: round(total(bare.cpu) / bare.all),
        ...(this.#options.threads ? threadFigures(lanes, ours) : {}),
      });
    }
    const violations = await auditNode(node);
    return { ratio: round(Math.min(...ratios)), ...figures, otherAnswers, violations };
  }

  async #turn(connections: number, measureMs: number, { ours, bare }: Sides): Promise<void> {
    const warmUpMs = Math.min(WARM_UP_MS_MAX, measureMs);
    const rush = {
      kind: 'rush',
      connections,
      warmUpMs,
      measureMs,
      status: 200,
      text: '</html>',
      repeat: true,
    } as const;
    const { node, bare: process, port } = this.#parts;
    await this.#rush({ ...rush, port: Number(new URL(node.url).port) }, node.pid, ours);
    await this.#rush({ ...rush, port }, process.pid, bare);
  }

  async #rush(rush: Rush, pid: number, side: Side): Promise<void> {
    const before = cpuTimeOf(pid);
    const report = await this.#parts.load.ask<RushReport>(rush);
    side.cpu = plus(side.cpu, since(before, cpuTimeOf(pid)));
    side.counted += report.counted;
    side.elapsedMs += report.elapsedMs;
    side.all += report.all;
    side.others += Object.values(report.others).reduce((sum, count) => sum + count, 0);
    for (const micros of report.latencies) side.latencies.push(micros);
  }
}

function threadFigures(lanes: number, { cpu, all }: Side): Record<string, number> {
  const byTime = [...cpu].filter(([, micros]) => micros > 0).sort(([, one], [, other]) => other - one);
  return Object.fromEntries(
    byTime.map(([thread, micros]) => [`cpuMicros${lanes} of ${thread}`, round(micros / all)]),
  );
}

/** The shop links a campaign for everyone, as soon as the demonstration has made its campaigns; then come the pictures of all. */
async function campaignPath(node: OwnNode): Promise<string> {
  const deadline = performance.now() + CAMPAIGN_MS_MAX;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- the shop is looked at now and then
    const shop = await textAt(node, '/');
    const paths = [...shop.matchAll(CAMPAIGNS)].map(([, path]) => path!);
    // oxlint-disable-next-line no-await-in-loop -- the same
    const pages = await Promise.all(paths.map((path) => textAt(node, path)));
    const isWhole = pages.length > 0 && pages.every((text) => !text.includes('ticket-no-picture'));
    if (isWhole) return paths[0]!;
    if (performance.now() > deadline) throw new Error(`the shop’s campaigns are not whole:\n${shop}`);
    // oxlint-disable-next-line no-await-in-loop -- the same
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const textAt = async (node: OwnNode, path: string): Promise<string> =>
  (await fetch(new URL(path, node.url))).text();

/** Each with the session of another customer. */
function requestsOf(path: string): string[] {
  const sessions = new Sessions(SECRET, systemClock, systemRandom);
  return Array.from({ length: CUSTOMERS }, (_, number) => {
    const session = sessions.begin({ customerId: `customer-${number}`, name: undefined, claims: {} });
    return (
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nAccept-Language: de-AT,de;q=0.9,en;q=0.8\r\n` +
      `Cookie: doorbuster_session=${sessions.sign(session)}\r\n\r\n`
    );
  });
}

async function pageOf(node: OwnNode, path: string, request: string): Promise<string> {
  const headers = Object.fromEntries(
    request
      .split('\r\n')
      .slice(2)
      .filter((line) => line !== '')
      .map((line) => line.split(': ') as [string, string]),
  );
  // Of an address whose name is localhost the cookie has the same name as of 127.0.0.1.
  const answer = await fetch(new URL(path, node.url), { headers, redirect: 'manual' });
  const text = await answer.text();
  if (answer.status !== 200 || !text.includes('customer-0'))
    throw new Error(`the page is answered ${answer.status}, not for customer-0:\n${text}`);
  return text;
}
