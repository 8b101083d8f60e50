// Purchase tickets as texts: what is read of them by every node, and what never is.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BAD_TICKET, customerKeyOf, keyOf, type Key } from '../../../src/actors/index.ts';
import {
  DEFAULT_TICKET_SETTINGS,
  TICKET_CHARACTERS,
  TicketOffice,
  ticketsFrom,
} from '../../../src/http/gate/tickets/index.ts';
import { KeyedHash } from '../../../src/http/keyed-hash.ts';
import { systemRandom } from '../../../src/runtime/index.ts';
import { createHmac } from 'node:crypto';

const SECRET = 'a-secret-of-all-nodes';
const ADA = customerKeyOf('ada');
const BOB = customerKeyOf('bob');
const KETTLE = 'ember-kettle';

class World {
  /** Epoch milliseconds. */
  now = Date.UTC(2031, 4, 1, 12);
  campaignId: string | undefined;
  readonly clock = { now: () => this.now, monotonic: () => this.now };

  office(secret = SECRET): TicketOffice {
    const campaignOf = () => (this.campaignId === undefined ? undefined : { campaignId: this.campaignId });
    return new TicketOffice(
      { secret, clock: this.clock, random: systemRandom, campaignOf },
      DEFAULT_TICKET_SETTINGS,
    );
  }

  ticket(id?: Key): string {
    return this.office().issue({ customerKey: ADA, productId: KETTLE, expiresAt: this.now + 60_000, id });
  }
}

describe('a ticket', () => {
  test('is read by every node that has the secret, as the same id', () => {
    const world = new World();
    const id = keyOf('an id');
    const ticket = world.ticket(id);
    expect(ticket).toMatch(new RegExp(`^[A-Za-z0-9_-]{${TICKET_CHARACTERS}}$`));
    expect(world.office().read(ticket, ADA, KETTLE)).toBe(id);
    expect(world.office().read(ticket, ADA, KETTLE)).toBe(id);
  });

  test('is another one each time, where nothing says which', () => {
    const world = new World();
    const office = world.office();
    const ids = Array.from({ length: 100 }, () => office.read(world.ticket(), ADA, KETTLE));
    expect(new Set(ids).size).toBe(100);
    expect(ids).not.toContain(BAD_TICKET);
  });

  test('is that of a product whose order came without one: none', () => {
    expect(new World().office().read(undefined, ADA, KETTLE)).toBeUndefined();
  });

  test('is good until its last second, and not in it', () => {
    const world = new World();
    const office = world.office();
    const ticket = world.ticket();
    world.now += 59_999;
    expect(office.read(ticket, ADA, KETTLE)).not.toBe(BAD_TICKET);
    world.now += 1;
    expect(office.read(ticket, ADA, KETTLE)).toBe(BAD_TICKET);
  });

  test('is worth nothing to another customer, for another product, in another campaign, or under another secret', () => {
    const world = new World();
    const ticket = world.ticket();
    expect(world.office().read(ticket, BOB, KETTLE)).toBe(BAD_TICKET);
    expect(world.office().read(ticket, ADA, 'ember-kettles')).toBe(BAD_TICKET);
    expect(world.office('another-secret').read(ticket, ADA, KETTLE)).toBe(BAD_TICKET);
    world.campaignId = 'spring';
    expect(world.office().read(ticket, ADA, KETTLE)).toBe(BAD_TICKET);
    const ofSpring = world.ticket();
    expect(world.office().read(ofSpring, ADA, KETTLE)).not.toBe(BAD_TICKET);
    world.campaignId = 'summer';
    expect(world.office().read(ofSpring, ADA, KETTLE)).toBe(BAD_TICKET);
  });

  test('with any letter changed, cut off or added is none', () => {
    const world = new World();
    const office = world.office();
    const ticket = world.ticket();
    for (let at = 0; at < ticket.length; at++) {
      const letter = ticket[at] === 'A' ? 'B' : 'A';
      expect(office.read(ticket.slice(0, at) + letter + ticket.slice(at + 1), ADA, KETTLE)).toBe(BAD_TICKET);
      expect(office.read(ticket.slice(0, at), ADA, KETTLE)).toBe(BAD_TICKET);
    }
    expect(office.read(`${ticket}A`, ADA, KETTLE)).toBe(BAD_TICKET);
    expect(office.read(`${ticket}=`, ADA, KETTLE)).toBe(BAD_TICKET);
    expect(office.read(ticket.repeat(1_000), ADA, KETTLE)).toBe(BAD_TICKET);
  });

  test('with letters whose low bytes are the right ones is none', () => {
    const world = new World();
    const ticket = world.ticket();
    for (let at = 0; at < ticket.length; at++) {
      const wide = String.fromCharCode(ticket.charCodeAt(at) + 0x100);
      const text = ticket.slice(0, at) + wide + ticket.slice(at + 1);
      expect(world.office().read(text, ADA, KETTLE)).toBe(BAD_TICKET);
    }
  });

  test('is no text that somebody makes up', () => {
    const office = new World().office();
    const letters = fc.string({
      unit: fc.constantFrom('A', 'B', 'a', 'b', '0', '9', '-', '_'),
      minLength: TICKET_CHARACTERS,
      maxLength: TICKET_CHARACTERS,
    });
    fc.assert(
      fc.property(fc.oneof(letters, fc.string({ unit: 'binary' })), (text) => {
        expect(office.read(text, ADA, KETTLE)).toBe(BAD_TICKET);
      }),
    );
  });

  test('has the id that follows from what it was given for, alike on all nodes and for one customer alone', () => {
    const world = new World();
    expect(world.office().idOf('a challenge')).toBe(world.office().idOf('a challenge'));
    expect(world.office().idOf('a challenge')).not.toBe(world.office().idOf('another'));
    expect(world.office('another-secret').idOf('a challenge')).not.toBe(world.office().idOf('a challenge'));
    expect(world.office().idOf('a challenge')).toHaveLength(16);
  });

  test('can be had from the lead on, and never before time began', () => {
    const { settings } = new World().office();
    expect(ticketsFrom({ startsAt: 100_000 }, { settings })).toBe(40_000);
    expect(ticketsFrom({ startsAt: 10 }, { settings })).toBe(0);
  });
});

test('a keyed hash is HMAC-SHA-256, of keys and texts of every length', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 256 }),
      (secret, text) => {
        const right = createHmac('sha256', secret).update(text).digest('base64url');
        expect(new KeyedHash(secret, 256).of(text, 'utf8')).toBe(right);
      },
    ),
  );
});
