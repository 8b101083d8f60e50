// What is wrong with an operator's file: all of it at once, each with its line and with what would be right.

export interface FileRemark {
  /** From 1. */
  readonly line: number;
  /** Of a mistake: what stands there, and what would be right. */
  readonly message: string;
}

export interface FileRefused {
  readonly kind: 'refused';
  /** By line; repeating the same file cannot help. */
  readonly mistakes: readonly FileRemark[];
  /** That were counted only. */
  readonly more: number;
}

const MISTAKES_MAX = 100;

export class FileMistakes {
  readonly #told: FileRemark[] = [];
  #more = 0;

  get count(): number {
    return this.#told.length + this.#more;
  }

  /** @returns undefined, which stands for what could not be read */
  tell(line: number, message: string): undefined {
    // What is quoted may have been made to confuse a terminal.
    const readable = message.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
    if (this.#told.length < MISTAKES_MAX) this.#told.push({ line, message: readable });
    else this.#more++;
    return undefined;
  }

  refusal(): FileRefused {
    const mistakes = this.#told.toSorted((one, other) => one.line - other.line);
    return { kind: 'refused', mistakes, more: this.#more };
  }
}
