// Makes one script of a script and all that it imports, so that a browser on a slow line waits for one answer and not for thirty. It
// knows the forms of import and export that our scripts have, and refuses any other: nothing may work differently in one piece.

import { posix } from 'node:path';

/** Names of the modules in one script are local to it: each stands in a function of its own, which gives its exports. */
const IMPORT = /^import\s*\{([^}]*)\}\s*from\s*'(\.\/[\w/-]+\.[jt]s)';?/gm;
const EXPORT_FROM = /^export\s*\{([^}]*)\}\s*from\s*'(\.\/[\w/-]+\.[jt]s)';?/gm;
const EXPORT = /^export\s+((?:async\s+)?function|class|const)\s+([\w$]+)/gm;
const ANY_LEFT = /^\s*(?:import\b[^(]|export\b).*/m;

interface Module {
  readonly code: string;
  readonly exported: readonly string[];
}

/** @param textOf a script by its name, without types @throws when a script has an import or export of another form */
export function bundle(entry: string, textOf: (name: string) => string): string {
  const numbers = new Map<string, number>();
  const pieces: string[] = [];
  const add = (name: string, importers: readonly string[]): number => {
    const present = numbers.get(name);
    if (present !== undefined) return present;
    if (importers.includes(name)) throw new Error(`Static scripts import each other in a circle at ${name}`);
    const { code, exported } = moduleOf(name, textOf(name), (imported) =>
      add(fileOf(name, imported), [...importers, name]),
    );
    const number = numbers.size;
    numbers.set(name, number);
    // The first one, which nobody imports, may wait for something.
    if (importers.length === 0) pieces.push(code);
    else pieces.push(`const $${number} = (() => {\n${code}\nreturn { ${exported.join(', ')} };\n})();`);
    return number;
  };
  add(entry, []);
  return `${pieces.join('\n')}\n`;
}

const fileOf = (importer: string, imported: string): string =>
  posix.join(posix.dirname(importer), imported.replace(/\.ts$/, '.js'));

function moduleOf(name: string, text: string, numberOf: (imported: string) => number): Module {
  const exported: string[] = [];
  const code = text
    .replaceAll(EXPORT_FROM, (_, names: string, path: string) => {
      const number = numberOf(path);
      return namesOf(names)
        .map(([own, other]) => {
          exported.push(other);
          return `const ${other} = $${number}.${own};`;
        })
        .join(' ');
    })
    .replaceAll(IMPORT, (_, names: string, path: string) => {
      const number = numberOf(path);
      const own = namesOf(names).map(([own, other]) => (own === other ? own : `${own}: ${other}`));
      return `const { ${own.join(', ')} } = $${number};`;
    })
    .replaceAll(EXPORT, (_, kind: string, own: string) => {
      exported.push(own);
      return `${kind} ${own}`;
    });
  const left = ANY_LEFT.exec(code)?.[0];
  if (left !== undefined) throw new Error(`${name} cannot become part of one script: ${left.trim()}`);
  return { code, exported };
}

/** @returns each name there, and the one that it has here */
const namesOf = (names: string): [string, string][] =>
  names
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)
    .map((each) => {
      const [own, other = own] = each.split(/\s+as\s+/);
      return [own!, other!];
    });
