// Somebody who has no mouse: goes through a page with Tab until the focus is where they want it, sees where it is, and presses keys.

import type { Visit } from './browser.ts';

/** Longer than any page of the CMS. */
const TABS_MAX = 300;

interface Focused {
  readonly name: string;
  readonly type: string;
  /** Whether somebody sees where the focus is. */
  readonly isShown: boolean;
}

export class Keyboard {
  readonly #visit: Visit;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  /** @throws when Tab never leads there, or leads there unseen */
  async reach(name: string): Promise<Focused> {
    const met: string[] = [];
    for (let tabs = 0; tabs < TABS_MAX; tabs++) {
      await this.#visit.page.keyboard.press('Tab');
      const focused = await this.#focused();
      met.push(focused.name);
      if (focused.name !== name) continue;
      if (!focused.isShown) throw new Error(`the focus is on ${name}, and nobody sees it`);
      return focused;
    }
    throw new Error(`Tab does not lead to ${name}, but to ${[...new Set(met)].join(', ')}`);
  }

  /** A link or a button. */
  async press(name: string): Promise<void> {
    await this.reach(name);
    const loaded = this.#visit.page.waitForNavigation();
    await this.#visit.page.keyboard.press('Enter');
    await loaded;
  }

  async type(name: string, text: string): Promise<void> {
    const { type } = await this.reach(name);
    if (type === 'datetime-local') return this.#typeHour(name, text);
    await this.#visit.page.keyboard.press('ControlOrMeta+A');
    await this.#visit.page.keyboard.type(text);
  }

  /** The browser's own field of an hour: its parts stand in the order of the browser's language. */
  async #typeHour(name: string, text: string): Promise<void> {
    const { page } = this.#visit;
    const [, year, month, day, hours, minutes] = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+)$/.exec(text)!;
    const half = Number(hours) < 12 ? 'AM' : 'PM';
    const hoursOfHalf = String(Number(hours) % 12 || 12).padStart(2, '0');
    for (const part of [month!, day!, year!]) await page.keyboard.type(part);
    await page.keyboard.press('ArrowRight');
    for (const part of [hoursOfHalf, minutes!, half]) await page.keyboard.type(part);
    const value = await this.#visit.run<string>('document.activeElement.value');
    if (value !== text) throw new Error(`${name} has ${value} after ${text} was typed`);
  }

  #focused(): Promise<Focused> {
    return this.#visit.run<Focused>(`(() => {
      const element = document.activeElement;
      const name = element.getAttribute('aria-label') ?? element.labels?.[0]?.querySelector('span:not(.field-optional), .field-label')?.textContent
        ?? element.labels?.[0]?.textContent ?? element.textContent;
      const seen = element.type === 'radio' ? element.nextElementSibling ?? element : element;
      const { outlineStyle, outlineWidth } = getComputedStyle(seen);
      const frame = element.closest('.field-frame');
      const isShown = (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) ||
        (frame !== null && getComputedStyle(frame).outlineStyle !== 'none');
      return { name: name.trim().replace(/\\s+/g, ' ').replace(/ \\(?optional\\)?$/, ''), type: element.type ?? '', isShown };
    })()`);
  }
}
