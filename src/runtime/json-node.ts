// JSON whose every value knows its line, so that a mistake in an operator's file is told where it stands. It accepts
// what JSON.parse accepts, but for values nested deeper than DEPTH_MAX. A name that comes twice in an object is kept
// twice: the reader judges.

export type JsonNode = { readonly line: number } & (
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
  | { readonly kind: 'list'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null }
);

export interface JsonMember {
  readonly name: string;
  /** Of the name. */
  readonly line: number;
  readonly node: JsonNode;
}

/** Not JSON, from this line on. */
export interface JsonFault {
  readonly kind: 'fault';
  readonly line: number;
  readonly message: string;
}

const DEPTH_MAX = 32;

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?/;
const TOKEN = new RegExp(`${STRING.source}|${NUMBER.source}|true|false|null|[[\\]{},:]`, 'y');

export function readJson(text: string): JsonNode | JsonFault {
  return new JsonReader(text).read();
}

class JsonReader {
  readonly #text: string;
  #at = 0;
  #line = 1;
  /** The one to be read next; empty at the end of the text, or before something that is no token. */
  #token = '';
  #fault: JsonFault | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  read(): JsonNode | JsonFault {
    this.#advance();
    const node = this.#node(1);
    if (node !== undefined && this.#at < this.#text.length) this.#fail('nothing but the end');
    return this.#fault ?? node!;
  }

  /** @returns undefined behind a fault */
  #node(depth: number): JsonNode | undefined {
    if (depth > DEPTH_MAX) return this.#fail(`nothing nested deeper than ${DEPTH_MAX} levels`);
    const line = this.#line;
    if (this.#take('{')) {
      const members = this.#listOf('}', () => this.#member(depth));
      return members && { kind: 'object', line, members };
    }
    if (this.#take('[')) {
      const items = this.#listOf(']', () => this.#node(depth + 1));
      return items && { kind: 'list', line, items };
    }
    if (!/^["\-\dtfn]/.test(this.#token)) return this.#fail('a value');
    const value = JSON.parse(this.#token) as string | number | boolean | null;
    this.#advance();
    return { kind: 'scalar', line, value };
  }

  #member(depth: number): JsonMember | undefined {
    const line = this.#line;
    if (!this.#token.startsWith('"')) return this.#fail('a name in double quotes');
    const name = JSON.parse(this.#token) as string;
    this.#advance();
    if (!this.#take(':')) return this.#fail('a colon');
    const node = this.#node(depth + 1);
    return node && { name, line, node };
  }

  #listOf<T>(end: ']' | '}', next: () => T | undefined): T[] | undefined {
    const list: T[] = [];
    if (this.#take(end)) return list;
    do {
      const one = next();
      if (one === undefined) return undefined;
      list.push(one);
    } while (this.#take(','));
    return this.#take(end) ? list : this.#fail(`a comma or ${end}`);
  }

  #take(token: string): boolean {
    if (this.#token !== token) return false;
    this.#advance();
    return true;
  }

  /** Goes behind the token, to the next one; `#at` stays before that. */
  #advance(): void {
    SPACE.lastIndex = this.#at + this.#token.length;
    const space = SPACE.exec(this.#text)![0];
    this.#at = SPACE.lastIndex;
    for (const character of space) if (character === '\n') this.#line++;
    TOKEN.lastIndex = this.#at;
    this.#token = TOKEN.exec(this.#text)?.[0] ?? '';
  }

  #fail(expected: string): undefined {
    const found = this.#text.codePointAt(this.#at);
    const shown = found === undefined ? 'the text ends' : `there is ${characterText(found)}`;
    const message = `this is not JSON: ${expected} must stand where ${shown}`;
    this.#fault ??= { kind: 'fault', line: this.#line, message };
    return undefined;
  }
}

const characterText = (codePoint: number): string =>
  codePoint > 0x20 && codePoint < 0x7f
    ? String.fromCodePoint(codePoint)
    : `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
