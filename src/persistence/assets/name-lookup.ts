// Which names are files: those that are asked about while a question is under way are the next question together, so that however
// many names strangers make up, Postgres hears one question at a time.

const NAMES_ASKED_MAX = 500;

interface Asked {
  readonly name: string;
  readonly resolve: (isThere: boolean) => void;
  readonly reject: (error: unknown) => void;
}

export class NameLookup {
  readonly #known: (names: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly #waiting: Asked[] = [];
  #isAsking = false;

  /** @param known those of these names that are there */
  constructor(known: (names: readonly string[]) => Promise<ReadonlySet<string>>) {
    this.#known = known;
  }

  /** The caller bounds how many wait. */
  has(name: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, resolve, reject });
      if (!this.#isAsking) void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) {
      const asked = this.#waiting.splice(0, NAMES_ASKED_MAX);
      try {
        const known = await this.#known(asked.map(({ name }) => name));
        for (const { name, resolve } of asked) resolve(known.has(name));
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.#isAsking = false;
  }
}
