// While commands wait in a mailbox, those whose time is up are taken out and told so. Armed by the shard with each command; it
// ends by itself when nothing waits.

import type { Entry, Mailbox } from './mailbox.ts';
import type { Clock, Timers } from './ports.ts';

const LATE_CHECK_MS = 250;

export class LateCheck {
  readonly #mailbox: Mailbox;
  readonly #ports: { readonly clock: Clock; readonly timers: Timers };
  readonly #tell: (late: Entry) => void;
  #isArmed = false;

  /** @param tell surely nobody has decided it */
  constructor(
    mailbox: Mailbox,
    ports: { readonly clock: Clock; readonly timers: Timers },
    tell: (late: Entry) => void,
  ) {
    this.#mailbox = mailbox;
    this.#ports = ports;
    this.#tell = tell;
  }

  arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#ports.timers.after(LATE_CHECK_MS, () => {
      this.#isArmed = false;
      for (const late of this.#mailbox.takeLate(this.#ports.clock.monotonic())) this.#tell(late);
      if (this.#mailbox.depth > 0) this.arm();
    });
  }
}
