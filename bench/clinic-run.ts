// One run of a clinic tool: the engine on one thread as its program, the load in a third process, and at the end a report that
// was looked into. clinic exits with 0 when it did nothing; here that is an error.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeFile } from '../src/main.ts';
import { callNode } from '../src/node-client.ts';
import { dataFiles } from '../src/runtime/data-folder.ts';
import { Forked } from './forked.ts';
import { openHotSale } from './hot-sale.ts';
import type { Preparation, Rush, RushReport } from './load.ts';

export const CLINIC_TOOLS = ['doctor', 'flame', 'bubbleprof', 'heapprofiler'] as const;
export type ClinicTool = (typeof CLINIC_TOOLS)[number];

export interface ClinicRun {
  readonly tool: ClinicTool;
  readonly seconds: number;
  readonly connections: number;
  /** Folder of the reports; made when it is not there. */
  readonly out: string;
}

export interface ClinicReport {
  /** An HTML page that needs nothing else. */
  readonly path: string;
  readonly purchases: number;
}

/** Nothing to look at came of it. */
export class ClinicFailed extends Error {
  override readonly name = 'ClinicFailed';
}

/** What the page of a tool that has seen the engine at work holds. */
const EVIDENCE: Record<
  ClinicTool,
  { readonly what: string; readonly pattern: RegExp; readonly min: number }
> = {
  doctor: { what: 'samples of the process', pattern: /"timestamp":\d/g, min: 10 },
  flame: { what: 'functions of the engine', pattern: /\/src\/[\w/-]+\.ts\?\.js/g, min: 10 },
  bubbleprof: { what: 'functions of the engine', pattern: /\/src\/[\w/-]+\.ts\?\.js/g, min: 10 },
  heapprofiler: { what: 'functions of the engine', pattern: /\/src\/[\w/-]+\.ts\?\.js/g, min: 1 },
};

const PRODUCT = 'hot';
const SECRET = 'secret-of-the-profile';
/** Orders in the memory of one run. */
const UNITS = 10_000_000;
/** More than one thread answers under a profiler; without requests left the rush would end early. */
const REQUESTS_PER_SECOND_MAX = 30_000;
const START_MS_MAX = 60_000;
/** bubbleprof reads tens of megabytes of traces for each second. */
const REPORT_MS_MAX = 240_000;
const POLL_MS = 20;
/** clinic shows it as the program's name. */
const WORK_FOLDER = 'doorbuster';

/** @throws ClinicFailed with what clinic said */
export async function runClinic({ tool, seconds, connections, out }: ClinicRun): Promise<ClinicReport> {
  const work = join(out, WORK_FOLDER);
  // Whatever an earlier run left: with an old trace beside it clinic refuses to begin, or reads that one.
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const load = new Forked('./load.ts');
  try {
    const preparation: Preparation = {
      kind: 'prepare',
      productId: PRODUCT,
      secret: SECRET,
      from: 0,
      count: Math.ceil(seconds * REQUESTS_PER_SECOND_MAX),
    };
    await load.ask(preparation);
    const clinic = new ClinicProcess(tool, work);
    const purchases = await clinic.watch(async (node) => {
      await openHotSale(node, PRODUCT, UNITS);
      const rush: Rush = {
        kind: 'rush',
        port: Number(new URL(node.url).port),
        connections,
        warmUpMs: 0,
        measureMs: seconds * 1_000,
        status: 201,
        text: '"reserved"',
        repeat: false,
      };
      return accountFor(await load.ask<RushReport>(rush), node);
    });
    const page = join(work, `${tool}.clinic-${tool}.html`);
    clinic.assertEvidence(page);
    const path = join(out, `${tool}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.html`);
    renameSync(page, path);
    return { path, purchases };
  } finally {
    await load.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

class ClinicProcess {
  readonly #tool: ClinicTool;
  readonly #dataDir: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';
  #hasEnded = false;

  constructor(tool: ClinicTool, work: string) {
    this.#tool = tool;
    this.#dataDir = join(work, 'data');
    const clinic = createRequire(import.meta.url).resolve('clinic/bin.js');
    const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
    const program = [process.execPath, '--import', here('./clinic-names.ts'), here('./single-thread.ts')];
    const args = [clinic, tool, '--open=false', '--dest', '.', '--name', tool, '--', ...program];
    this.#child = spawn(process.execPath, args, {
      cwd: work,
      env: {
        ...process.env,
        // Without it clinic asks whether it may report its use, and where nobody can answer it ends having run nothing.
        NO_INSIGHT: '1',
        NO_UPDATE_NOTIFIER: '1',
        DATA_DIR: this.#dataDir,
        PORT: '0',
        HOST: '127.0.0.1',
        AUTH_SECRET: SECRET,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (text: Buffer) => (this.#output += text.toString()));
    this.#ended = new Promise((resolve) =>
      this.#child.once('close', () => {
        this.#hasEnded = true;
        resolve();
      }),
    );
  }

  /** Waits for the engine, does the work, ends the engine, and waits for the report. */
  async watch<T>(work: (node: NodeFile) => Promise<T>): Promise<T> {
    let node: NodeFile | undefined;
    try {
      node = await this.#engine();
      const result = await work(node);
      process.kill(node.pid, 'SIGTERM');
      await this.#end();
      return result;
    } finally {
      if (!this.#hasEnded) {
        this.#child.kill('SIGKILL');
        if (node !== undefined) endAtOnce(node.pid);
        await this.#ended;
      }
    }
  }

  /** @throws ClinicFailed when the page says nothing of the engine */
  assertEvidence(page: string): void {
    const html = readIfThere(page);
    const missing = html === undefined ? 'it ended without a report' : missingEvidence(this.#tool, html);
    if (missing !== undefined) throw this.#failed(missing);
  }

  async #engine(): Promise<NodeFile> {
    const until = performance.now() + START_MS_MAX;
    const { nodeFile } = dataFiles(this.#dataDir);
    for (;;) {
      const file = readIfThere(nodeFile);
      if (file !== undefined) return JSON.parse(file) as NodeFile;
      if (this.#hasEnded) throw this.#failed('it ended before the engine ran');
      if (performance.now() > until)
        throw this.#failed(`the engine was not there after ${START_MS_MAX / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #end(): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(this.#failed(`it made no report within ${REPORT_MS_MAX / 1_000} s`));
    }, REPORT_MS_MAX);
    try {
      await Promise.race([this.#ended, late]);
    } finally {
      clearTimeout(timer);
    }
    const { exitCode } = this.#child;
    if (exitCode !== 0) throw this.#failed(`it ended with code ${exitCode}`);
  }

  #failed(why: string): ClinicFailed {
    return new ClinicFailed(
      `clinic ${this.#tool} did not do its work: ${why}. It said:\n${this.#output.trim()}`,
    );
  }
}

/** @returns what is wrong with a page that looks like a report and is none */
export function missingEvidence(tool: ClinicTool, html: string): string | undefined {
  const { what, pattern, min } = EVIDENCE[tool];
  const found = html.match(pattern)?.length ?? 0;
  return found < min ? `its report holds ${found} ${what}` : undefined;
}

/** @returns purchases; each of them an order of the actor @throws ClinicFailed */
async function accountFor({ all, others }: RushReport, node: NodeFile): Promise<number> {
  const path = `/v1/admin/products/${PRODUCT}/stock`;
  const { reserved } = await callNode<{ reserved: number }>(node, 'GET', path);
  if (all > 0 && reserved === all && Object.keys(others).length === 0) return all;
  const told = `${all} purchases were acknowledged, ${reserved} are orders`;
  throw new ClinicFailed(`The load failed: ${told}; other answers: ${JSON.stringify(others)}.`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8') || undefined;
  } catch {
    return undefined;
  }
}

function endAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}
