// Server-sent events out of the pieces of a response, as the HTML standard reads them: lines end with LF, CRLF or CR, and
// an empty line ends an event. One that never ends is given up at the bound.

/** A product with the longest description is far below it. */
const EVENT_CHARACTERS_MAX = 65_536;

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

export class EventText {
  #rest = '';
  #name = '';
  #data: string[] = [];
  #characters = 0;
  #retryMs: number | undefined;

  /** How long to wait before another connection, when the server has said it. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** @throws when an event is longer than any that the shop sends */
  read(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    if (this.#rest.length + this.#characters > EVENT_CHARACTERS_MAX)
      throw new Error(`an event has more than ${EVENT_CHARACTERS_MAX} characters`);
    return events;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    this.#characters += line.length;
    if (field === 'event') this.#name = value;
    if (field === 'data') this.#data.push(value);
    if (field === 'retry' && /^\d{1,9}$/.test(value)) this.#retryMs = Number(value);
    return undefined;
  }

  #end(): ServerEvent | undefined {
    const event = { name: this.#name || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#name = '';
    this.#data = [];
    this.#characters = 0;
    return isEmpty ? undefined : event;
  }
}
