// An authority of the tests' own, and certificates of servers that it signed, made by openssl in a temporary folder. They are
// true for a day. Whoever makes it removes it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export interface ServerCertificate {
  readonly key: string;
  readonly certificate: string;
}

export class Certificates {
  readonly #folder = mkdtempSync(join(tmpdir(), 'doorbuster-test-certificates-'));

  constructor() {
    this.#openssl([
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '1',
      '-subj',
      '/CN=tests',
    ]);
  }

  /** The file with its certificate. */
  get authority(): string {
    return join(this.#folder, 'ca.pem');
  }

  /** @param host such as IP:127.0.0.1 or DNS:example.com @returns files */
  forHost(host: string): ServerCertificate {
    const name = host.replaceAll(/[^a-z0-9]/gi, '-');
    const [key, request, certificate] = [`${name}.key`, `${name}.csr`, `${name}.pem`];
    writeFileSync(join(this.#folder, `${name}.ext`), `subjectAltName=${host}\n`);
    this.#openssl(['req', '-new', ...KEY, '-keyout', key, '-out', request, '-subj', '/CN=redis']);
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1'];
    const files = ['-in', request, '-out', certificate, '-extfile', `${name}.ext`];
    this.#openssl(['x509', '-req', ...signing, ...files]);
    return { key: join(this.#folder, key), certificate: join(this.#folder, certificate) };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #openssl(args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }
}
