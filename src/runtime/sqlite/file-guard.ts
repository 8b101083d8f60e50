// Notices that a file was deleted or replaced under a process that has it open: it would go on writing, durably, into a
// file that nobody can ever open again.

import { statSync } from 'node:fs';

export class FileReplaced extends Error {
  override readonly name = 'FileReplaced';
}

export class FileGuard {
  readonly #identities = new Map<string, string>();

  /** The files as they are now, by device and inode. A few microseconds each. */
  constructor(paths: readonly string[]) {
    for (const path of paths) this.#identities.set(path, identityOf(path));
  }

  /** @throws FileReplaced */
  check(): void {
    for (const [path, identity] of this.#identities) {
      if (identityOf(path) === identity) continue;
      throw new FileReplaced(
        `${path} was deleted or replaced while this node had it open. It ends before it acknowledges anything that ` +
          'would be lost. Put the file back if you have it; what was acknowledged is in the file that was there.',
      );
    }
  }

  /** From now on the files may go: whoever closes the journal last takes its log away. */
  end(): void {
    this.#identities.clear();
  }
}

function identityOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'missing' : `${stat.dev}:${stat.ino}`;
}
