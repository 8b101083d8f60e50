// The pages of campaigns as one thread serves them. What is the same for everybody is rendered once, and again when something of it is
// another; what is each reader's own is put into the gaps: their name, the secret and the key of their forms, the time, and what came of
// their last try. So a page costs little more than its bytes, and a product's actor four questions a second.

import { LRUCache } from 'lru-cache';
import { phaseOf, type CampaignPhase, type Door } from '../../persistence/index.ts';
import type { Clock } from '../../runtime/index.ts';
import {
  campaignPath,
  campaignPage,
  campaignTicket,
  escaped,
  Gaps,
  rendered,
  ticketNotice,
  timeLeft,
  type Assets,
  type CampaignView,
  type EncodedPieces,
  type Locale,
  type OfferView,
  type Pieces,
  type ProductView,
  type SaleState,
  type TicketRefusal,
  type VisitorView,
} from '../pages/index.ts';
import { signInAddress } from '../session/addresses.ts';
import type { CampaignContents } from './campaign-contents.ts';
import { READING_LIMITS, type ProductReadings } from './product-readings.ts';

/** Of all pages of one thread, rendered; those that nobody asked for longest make room. */
export const PAGES_CHARACTERS_MAX = 16 * 1024 * 1024;
/** A campaign, in a language, with or without somebody signed in. */
export const PAGES_KEPT_MAX = 500;

/** What one reader finds in the gaps. */
export interface Reader {
  readonly visitor: VisitorView | undefined;
  readonly locale: Locale;
  /** Of their next wish. */
  readonly key: string;
  /** What came of the form that they sent. */
  readonly refused?: TicketRefusal | undefined;
}

/** UTF-8. */
export type Page = Uint8Array<ArrayBuffer>;

type GapKind = 'name' | 'customer' | 'csrf' | 'key' | 'clock' | 'left' | 'notice' | 'quantity';

interface Kept {
  pieces: Pieces<GapKind>;
  /** The same with the gaps of time closed, for the second that it is. */
  timed: { readonly second: number; readonly pieces: EncodedPieces<GapKind> } | undefined;
  view: CampaignView;
  phase: CampaignPhase;
  /** What each ticket was made of, and its text. */
  readonly tickets: Map<
    string,
    { live: ProductView | undefined; state: SaleState; offer: OfferView; text: string }
  >;
  readonly gaps: Gaps<GapKind>;
  /** Monotonic milliseconds. */
  freshUntil: number;
  /** The same, for a crowd, while it is read again. */
  shownUntil: number;
  refreshing: Promise<void> | undefined;
}

export interface CampaignPagesOptions {
  readonly assets: Assets;
  readonly clock: Clock;
  readonly contents: CampaignContents;
  readonly readings: ProductReadings;
}

export class CampaignPages {
  readonly #options: CampaignPagesOptions;
  readonly #kept = new LRUCache<string, Kept>({
    max: PAGES_KEPT_MAX,
    maxSize: PAGES_CHARACTERS_MAX,
    sizeCalculation: ({ pieces }) => Math.max(1, pieces.characters),
  });
  /** Pages that are made for the first time. */
  readonly #making = new Map<string, Promise<Kept>>();

  constructor(options: CampaignPagesOptions) {
    this.#options = options;
  }

  /** @param door that opens to this reader */
  html(door: Door, reader: Reader): Page | Promise<Page> {
    const name = nameOf(door, reader);
    const kept = this.#kept.get(name);
    if (kept === undefined) return this.#made(name, door, reader);
    if (this.#options.clock.monotonic() < kept.freshUntil) return this.#filled(kept, reader);
    return this.#refreshed(name, door, reader, kept).then(() => this.#filled(kept, reader));
  }

  /** The same without waiting: while a crowd looks, they see it as it was until it is read again. @returns undefined when it is too old */
  ready(door: Door, reader: Reader): Page | undefined {
    const name = nameOf(door, reader);
    const kept = this.#kept.get(name);
    const now = this.#options.clock.monotonic();
    if (kept === undefined || now >= kept.shownUntil) return undefined;
    // Should it fail, whoever has to wait for it is told.
    if (now >= kept.freshUntil) this.#refreshed(name, door, reader, kept).catch(() => undefined);
    return this.#filled(kept, reader);
  }

  #refreshed(name: string, door: Door, reader: Reader, kept: Kept): Promise<void> {
    kept.refreshing ??= this.#refresh(name, door, reader, kept).finally(() => (kept.refreshing = undefined));
    return kept.refreshing;
  }

  async #made(name: string, door: Door, reader: Reader): Promise<Page> {
    let making = this.#making.get(name);
    if (making === undefined) {
      const kept = emptyPage();
      making = this.#refresh(name, door, reader, kept)
        .then(() => kept)
        .finally(() => this.#making.delete(name));
      this.#making.set(name, making);
    }
    return this.#filled(await making, reader);
  }

  /** Renders what is another than it was. */
  async #refresh(name: string, door: Door, { locale, visitor }: Reader, kept: Kept): Promise<void> {
    const { clock, contents, readings } = this.#options;
    const found = contents.of(door);
    const view = found instanceof Promise ? await found : found;
    const askedAt = clock.monotonic();
    await readings.refresh(view.offers.map(({ id }) => id));
    const now = clock.now();
    const phase = phaseOf(door, now);
    // At its hour it is another page, not a quarter of a second later.
    const change = [door.startsAt, door.endsAt].map((at) => at - now).filter((inMs) => inMs > 0);
    const changesAt = clock.monotonic() + Math.min(...change);
    kept.freshUntil = Math.min(askedAt + READING_LIMITS.periodMs, changesAt);
    kept.shownUntil = Math.min(askedAt + READING_LIMITS.shownMsMax, changesAt);
    const isSignedIn = visitor !== undefined;
    const isAnother = await this.#tickets(view, phase, isSignedIn, locale, kept);
    if (!isAnother && kept.view === view && kept.phase === phase) return;
    kept.view = view;
    kept.phase = phase;
    kept.pieces = await this.#page(view, phase, isSignedIn, locale, kept);
    kept.timed = undefined;
    // Its size may be another.
    this.#kept.set(name, kept);
  }

  /** @returns whether any of them is another */
  async #tickets(
    view: CampaignView,
    phase: CampaignPhase,
    isSignedIn: boolean,
    locale: Locale,
    kept: Kept,
  ): Promise<boolean> {
    const { readings, clock } = this.#options;
    const { gaps, tickets } = kept;
    let isAnother = false;
    for (const offer of view.offers) {
      const live = readings.of(offer.id);
      const state = live?.sale.state ?? stateOf(offer, phase, clock.now());
      const known = tickets.get(offer.id);
      if (known?.offer === offer && known.live === live && known.state === state) continue;
      isAnother = true;
      const action = isSignedIn
        ? ({
            kind: 'buy',
            href: `${campaignPath(view.slug)}/orders`,
            csrf: gaps.mark('csrf'),
            key: gaps.mark('key'),
          } as const)
        : ({ kind: 'sign-in', href: signInAddress(campaignPath(view.slug)) } as const);
      const shown = {
        offer,
        live,
        state,
        timeZone: view.timeZone,
        action,
        moment: momentOf(gaps),
        notice: gaps.mark('notice', offer.id),
        quantity: gaps.mark('quantity', offer.id),
      };
      // oxlint-disable-next-line no-await-in-loop -- a template is ready at once
      const text = String(await campaignTicket(shown, locale));
      tickets.set(offer.id, { live, state, offer, text: compact(text) });
    }
    return isAnother;
  }

  async #page(
    campaign: CampaignView,
    phase: CampaignPhase,
    isSignedIn: boolean,
    locale: Locale,
    { gaps, tickets }: Kept,
  ): Promise<Pieces<GapKind>> {
    const visitor = isSignedIn
      ? { customerId: gaps.mark('customer'), name: gaps.mark('name'), csrf: gaps.mark('csrf') }
      : undefined;
    const view = {
      campaign,
      phase,
      moment: momentOf(gaps),
      visitor,
      signInHref: signInAddress(campaignPath(campaign.slug)),
      tickets: campaign.offers.map(({ id }) => rendered(tickets.get(id)!.text)),
    };
    return gaps.cut(compact(String(await campaignPage(this.#options.assets, view, locale))));
  }

  #filled(kept: Kept, { visitor, locale, key, refused }: Reader): Page {
    const now = this.#options.clock.now();
    const second = Math.floor(now / 1_000);
    if (kept.timed?.second !== second) kept.timed = { second, pieces: timed(kept, now, locale) };
    return kept.timed.pieces.fill(({ kind, about }) => {
      switch (kind) {
        case 'csrf':
          return visitor!.csrf;
        case 'key':
          // Of a form that was refused, and then whatever somebody wrote there.
          return escaped(key);
        case 'name':
          return escaped(visitor!.name);
        case 'customer':
          return escaped(visitor!.customerId);
        case 'notice':
          return refused?.productId === about ? ticketNotice(refused.text) : '';
        case 'quantity':
          return refused?.productId === about ? String(refused.quantity) : '1';
        default:
          throw new Error(`the gap ${kind} is closed once a second`);
      }
    });
  }
}

const nameOf = ({ campaignId, stamp }: Door, { visitor, locale }: Reader): string =>
  `${visitor === undefined ? '-' : '+'} ${locale.tag} ${campaignId} ${stamp}`;

const emptyPage = (): Kept => ({
  pieces: undefined as never,
  timed: undefined,
  view: undefined as never,
  phase: 'scheduled',
  tickets: new Map(),
  gaps: new Gaps<GapKind>(),
  freshUntil: 0,
  shownUntil: 0,
  refreshing: undefined,
});

const momentOf = (gaps: Gaps<GapKind>) => ({
  clock: gaps.mark('clock'),
  left: (epochMs: number) => gaps.mark('left', String(epochMs)),
});

function timed({ pieces, view }: Kept, now: number, locale: Locale): EncodedPieces<GapKind> {
  const closed = pieces.close(({ kind, about }) => {
    if (kind === 'clock') return escaped(locale.clock(now, view.timeZone));
    return kind === 'left' ? timeLeft(Number(about) - now) : undefined;
  });
  return closed.encoded();
}

/** Before its actor has said anything. */
function stateOf({ startsAt, endsAt }: OfferView, phase: CampaignPhase, now: number): SaleState {
  if (phase === 'paused' || phase === 'cancelled') return phase;
  if (endsAt !== undefined && endsAt <= now) return 'ended';
  return startsAt === undefined || startsAt > now ? 'upcoming' : 'on_sale';
}

/** Templates are indented for those who write them. What people wrote keeps its lines. */
const compact = (text: string): string => text.replaceAll(/\n[ \t]+/g, '\n');
