// One connection that is kept, and so stays with one worker thread: to ask the living while another thread hangs.

import { Agent, request } from 'node:http';
import { ADMIN_TOKEN, type Engine } from '../harness/engine.ts';

/** The kernel deals connections out by chance: that none of so many reaches a given thread is out of the question. */
const LINES = 24;

export class LivingLine {
  readonly #engine: Engine;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Connected, each to whatever thread it got. */
  static async several(engine: Engine): Promise<LivingLine[]> {
    const lines = Array.from({ length: LINES }, () => new LivingLine(engine));
    await Promise.all(lines.map((line) => line.text('/livez')));
    return lines;
  }

  /** One whose thread answers. */
  static first(lines: readonly LivingLine[]): Promise<LivingLine> {
    return Promise.any(lines.map((line) => line.text('/livez').then(() => line)));
  }

  static closeAll(lines: readonly LivingLine[]): void {
    for (const line of lines) line.#agent.destroy();
  }

  async json<T = Record<string, unknown>>(path: string): Promise<T> {
    return JSON.parse(await this.text(path)) as T;
  }

  text(path: string): Promise<string> {
    return this.#send('GET', path);
  }

  async post<T>(path: string, body: object): Promise<T> {
    return JSON.parse(await this.#send('POST', path, JSON.stringify(body))) as T;
  }

  #send(method: string, path: string, body?: string): Promise<string> {
    // Elsewhere it would be the token of a shopper, and none that is let in.
    const headers = path.startsWith('/v1/admin') ? { Authorization: `Bearer ${ADMIN_TOKEN}` } : {};
    return new Promise((resolve, reject) => {
      const sent = request(this.#engine.url + path, { method, agent: this.#agent, headers });
      sent.on('error', reject);
      sent.on('response', (response) => {
        response.setEncoding('utf8');
        let text = '';
        response.on('data', (piece: string) => (text += piece));
        response.on('error', reject);
        response.on('end', () => resolve(text));
      });
      sent.end(body);
    });
  }
}
