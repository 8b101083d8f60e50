// What a process did to the files of one folder, in order, as strace saw it.

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Names are those of files in the folder. */
export type FileOperation =
  | { readonly kind: 'create'; readonly name: string }
  | { readonly kind: 'write'; readonly name: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly name: string; readonly size: number }
  | { readonly kind: 'unlink'; readonly name: string }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string }
  | { readonly kind: 'sync'; readonly name: string }
  | { readonly kind: 'syncFolder' };

/** No write of a journal is longer. */
const BYTES_SHOWN = 1_000_000;
const OUTPUT_BYTES_MAX = 1024 * 1024 * 1024;
const CALLS =
  'openat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,fsync,fdatasync';
/** pid, call, arguments, result */
const LINE = /^\d+ +(\w+)\((.*)\) += (-?\d+)/;
const HEX = String.raw`(?:\\x[0-9a-f]{2})*`;
const TEXT = new RegExp(`"(${HEX})"`, 'g');
const DESCRIPTOR = new RegExp(`^\\d+<(${HEX})>`);

/** Runs a script of Node to its end under strace. It must use its files on one thread. */
export function recordOperations(folder: string, script: readonly string[]): FileOperation[] {
  const output = `${folder}.strace`;
  const options = [
    '-f',
    '--seccomp-bpf',
    '-y',
    '-xx',
    '-s',
    String(BYTES_SHOWN),
    '-e',
    `trace=${CALLS}`,
    '-o',
    output,
  ];
  const run = spawnSync('strace', [...options, process.execPath, ...script], {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    // Node would write what it compiled when the script kills itself, on another thread.
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
  });
  if (run.status !== 0) throw new Error(`${script.join(' ')} ended with ${run.status}: ${run.stderr}`);
  try {
    return new Parser(folder).parse(readFileSync(output, 'latin1').split('\n'));
  } finally {
    rmSync(output);
  }
}

class Parser {
  readonly #folder: string;
  readonly #operations: FileOperation[] = [];
  /** Where a write without a place goes. */
  readonly #ends = new Map<string, number>();
  readonly #known = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  parse(lines: readonly string[]): FileOperation[] {
    const folderInHex = hexOf(this.#folder);
    for (const line of lines) {
      if (!line.includes(folderInHex)) continue;
      if (line.includes('<unfinished')) throw new Error(`two threads at once: ${line.slice(0, 200)}`);
      const [, call, parameters, result] = LINE.exec(line) ?? [];
      if (call === undefined) throw new Error(`not understood: ${line.slice(0, 200)}`);
      if (Number(result) >= 0) this.#take(call, parameters!, Number(result));
    }
    return this.#operations;
  }

  #take(call: string, parameters: string, result: number): void {
    const texts = [...parameters.matchAll(TEXT)].map(([, hex]) => hex!);
    const opened = DESCRIPTOR.exec(parameters)?.[1];
    const path = opened === undefined ? undefined : bytesOf(opened).toString();
    const name = path && basename(path);
    switch (call) {
      case 'openat':
        if (parameters.includes('O_CREAT')) this.#create(this.#nameOf(texts[0]!), parameters);
        return;
      case 'unlink':
      case 'unlinkat':
        return this.#push({ kind: 'unlink', name: this.#nameOf(texts[0]!) });
      case 'rename':
      case 'renameat':
      case 'renameat2':
        return this.#push({ kind: 'rename', name: this.#nameOf(texts[0]!), to: this.#nameOf(texts[1]!) });
      case 'fsync':
      case 'fdatasync':
        return this.#push(path === this.#folder ? { kind: 'syncFolder' } : { kind: 'sync', name: name! });
      case 'ftruncate':
        return this.#push({ kind: 'truncate', name: name!, size: lastNumber(parameters) });
      case 'write':
      case 'pwrite64':
        return this.#write(
          name!,
          bytesOf(texts[0]!).subarray(0, result),
          call === 'write' ? undefined : lastNumber(parameters),
        );
      default:
        throw new Error(`${call} is not understood`);
    }
  }

  #create(name: string, parameters: string): void {
    if (!this.#known.has(name)) this.#push({ kind: 'create', name });
    this.#known.add(name);
    if (!parameters.includes('O_TRUNC')) return;
    this.#ends.delete(name);
    this.#push({ kind: 'truncate', name, size: 0 });
  }

  #write(name: string, bytes: Buffer, place: number | undefined): void {
    const at = place ?? this.#ends.get(name) ?? 0;
    this.#ends.set(name, at + bytes.length);
    this.#push({ kind: 'write', name, at, bytes });
  }

  #push(operation: FileOperation): void {
    if (operation.kind === 'unlink') this.#known.delete(operation.name);
    this.#operations.push(operation);
  }

  #nameOf(hex: string): string {
    const path = bytesOf(hex).toString();
    if (path !== join(this.#folder, basename(path))) throw new Error(`${path} is not in ${this.#folder}`);
    return basename(path);
  }
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll('\\x', ''), 'hex');
const hexOf = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
const lastNumber = (parameters: string): number => Number(/(\d+)$/.exec(parameters)![1]);
