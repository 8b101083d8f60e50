// The one document from which every node reads who is a member and where each shard lives: a value, changed by pure
// functions. It is kept in one place and changed by compare-and-set (cluster-store.ts), so that of two changes at once the
// second is made anew upon the first.
//
//   members, the operators' file ──targetOf──▶ where the shards belong
//   homes                                      where they are: shard by shard they are brought to where they belong
//
// The revision rises with each change. A claim carries it, and nobody claims over a higher one.

import * as z from 'zod';
import { addressOf, memberOf, NOBODY, WORKERS_MAX, workerOf } from '../address.ts';
import { placementOf, type ClusterFacts, type Placement } from '../cluster-placement.ts';
import { parsePlacementFile } from '../placement-file.ts';
import type { PlacementRules } from '../placement-rules.ts';
import type { Address } from '../ports.ts';

/** Threads read it as 32 bits. */
const REVISION_MAX = 2 ** 31 - 1;

const Member = z.strictObject({
  node: z.string().min(1).max(64),
  number: z.int().min(1),
  life: z.string().min(1).max(64),
  workers: z.int().min(1).max(WORKERS_MAX),
  takesShards: z.boolean(),
  projects: z.boolean(),
});

const Document = z.strictObject({
  format: z.literal(1),
  id: z.string().min(1).max(64),
  revision: z.int().min(1).max(REVISION_MAX),
  lastNumber: z.int().min(0),
  members: z.array(Member),
  homes: z.array(z.int().min(NOBODY)),
  since: z.array(z.int().min(0).max(REVISION_MAX)),
  wanted: z.strictObject({
    revision: z.int().min(0),
    appliedAt: z.int().nullable(),
    file: z.string().nullable(),
  }),
});

/** A process that is one of the cluster. */
export interface Member {
  /** Unique among members. */
  readonly node: string;
  /** Above 0, never given to another member; its addresses begin with it. */
  readonly number: number;
  /** Drawn anew by a node that was declared dead and comes back: what ends one life cannot end the next. */
  readonly life: string;
  readonly workers: number;
  /** False for a node without actors, for one that leaves, and for one whose clock is off. */
  readonly takesShards: boolean;
  /** Whether it may write to Postgres. */
  readonly projects: boolean;
}

export interface ClusterDocument {
  readonly format: 1;
  /** Drawn when it was made: one that was lost and made anew has nothing in common with it, not even numbers. */
  readonly id: string;
  readonly revision: number;
  readonly lastNumber: number;
  readonly members: readonly Member[];
  /** By shard. */
  readonly homes: readonly Address[];
  /** The revision that made them so: what was claimed before it is somebody else's, though the address may be the same. */
  readonly since: readonly number[];
  readonly wanted: {
    /** Rises with everything that changes where the shards belong: a plan belongs to one of these. */
    readonly revision: number;
    /** Epoch milliseconds. */
    readonly appliedAt: number | null;
    /** As the operator wrote it. */
    readonly file: string | null;
  };
}

/** What is there is no document of a cluster: somebody wrote something else, or another version did. */
export class DocumentUnreadable extends Error {
  override readonly name = 'DocumentUnreadable';
}

/** @throws DocumentUnreadable */
export function parseDocument(text: string): ClusterDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DocumentUnreadable('the cluster’s document is not JSON');
  }
  const parsed = Document.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DocumentUnreadable(`the cluster’s document cannot be read: ${z.prettifyError(parsed.error)}`);
}

/** @param revision above that of every claim in the journal */
export const firstDocument = (shards: number, revision: number, id: string): ClusterDocument => ({
  format: 1,
  id,
  revision,
  lastNumber: 0,
  members: [],
  homes: Array<Address>(shards).fill(NOBODY),
  since: Array<number>(shards).fill(0),
  wanted: { revision: 0, appliedAt: null, file: null },
});

export const memberNamed = ({ members }: ClusterDocument, node: string): Member | undefined =>
  members.find((member) => member.node === node);

export const memberOfNumber = ({ members }: ClusterDocument, number: number): Member | undefined =>
  members.find((member) => member.number === number);

/** Whoever makes an archive takes part under this name, without shards: no node is a member meanwhile. */
export const ARCHIVER = '(archive)';

/** Members that must be gone before `node` may be one: an archive is made while no node runs. */
export const rivalsOf = ({ members }: ClusterDocument, node: string): readonly Member[] =>
  members.filter((member) => member.node !== node && (node === ARCHIVER || member.node === ARCHIVER));

/** Who writes to Postgres: the one that has been here longest. Records of a shard are a chain, so two would wait for each other. */
export const projectorOf = ({ members }: ClusterDocument): Member | undefined =>
  members.filter(({ projects }) => projects).toSorted((one, other) => one.number - other.number)[0];

/** @param number that this process had before it was declared dead */
export function admit(
  document: ClusterDocument,
  member: Omit<Member, 'number'>,
  number = document.lastNumber + 1,
): ClusterDocument {
  const lastNumber = Math.max(document.lastNumber, number);
  const others = document.members.filter((other) => other.number !== number);
  return changed({ ...document, lastNumber, members: [...others, { ...member, number }] });
}

/** What lived there goes where it belongs now. */
export function remove(
  document: ClusterDocument,
  { number, life }: Pick<Member, 'number' | 'life'>,
): ClusterDocument {
  const members = document.members.filter((member) => member.number !== number || member.life !== life);
  if (members.length === document.members.length) return document;
  return changed({ ...document, members });
}

/** Its shards stay until others fetch them. */
export function takeShards(document: ClusterDocument, number: number, takesShards: boolean): ClusterDocument {
  if (memberOfNumber(document, number)?.takesShards === takesShards) return document;
  const members = document.members.map((member) =>
    member.number === number ? { ...member, takesShards } : member,
  );
  return changed({ ...document, members });
}

export function applyFile(document: ClusterDocument, file: string, appliedAt: number): ClusterDocument {
  return changed({ ...document, wanted: { ...document.wanted, appliedAt, file } });
}

/** Shards that are fetched, all by one member. */
export function rehome(document: ClusterDocument, homes: ReadonlyMap<number, Address>): ClusterDocument {
  const all = document.homes.map((home, shard) => homes.get(shard) ?? home);
  return moved({ ...document, revision: document.revision + 1 }, all);
}

/** Where each shard belongs, by who is there and what the operators want; NOBODY when nobody may take it. */
export function targetOf(document: ClusterDocument): Address[] {
  const numbers = new Map(document.members.map(({ node, number }) => [node, number]));
  return placementOf(rulesOf(document.wanted.file), factsOf(document)).map((home) =>
    home === undefined ? NOBODY : addressOf(numbers.get(home.node)!, home.worker),
  );
}

/** `targetOf`, computed once for each of the documents that want the same. Of one cluster. */
export class Target {
  #known = '';
  #homes: readonly Address[] = [];

  of(document: ClusterDocument): readonly Address[] {
    const wanted = `${document.id} ${document.wanted.revision}`;
    if (wanted !== this.#known) {
      this.#homes = targetOf(document);
      this.#known = wanted;
    }
    return this.#homes;
  }
}

/** Where each shard is, as people name it. */
export const presentOf = (document: ClusterDocument): Placement =>
  document.homes.map((address) => {
    const member = memberOfNumber(document, memberOf(address));
    return member && { node: member.node, worker: workerOf(address) };
  });

/** Members that may have shards. */
export const factsOf = ({ homes, members }: ClusterDocument): ClusterFacts => ({
  shards: homes.length,
  nodes: new Map(
    members.filter(({ takesShards }) => takesShards).map(({ node, workers }) => [node, workers]),
  ),
});

const EVEN: PlacementRules = { strategy: 'rendezvous', nodes: undefined, nodesLine: 1, pins: [] };

function rulesOf(file: string | null): PlacementRules {
  if (file === null) return EVEN;
  const parsed = parsePlacementFile(file);
  return parsed.kind === 'rules' ? parsed.rules : EVEN;
}

/** Where shards belong has changed; those without a home find one at once, since nobody has to hand them over. */
function changed(document: ClusterDocument): ClusterDocument {
  const { revision, wanted } = document;
  const next = {
    ...document,
    revision: revision + 1,
    wanted: { ...wanted, revision: wanted.revision + 1 },
  };
  const target = targetOf(next);
  const numbers = new Set(next.members.map(({ number }) => number));
  const homes = next.homes.map((home, shard) => (numbers.has(memberOf(home)) ? home : target[shard]!));
  return moved(next, homes);
}

/** @param document of the new revision, with the homes of before */
function moved(document: ClusterDocument, homes: readonly Address[]): ClusterDocument {
  const { revision, homes: before } = document;
  const since = document.since.map((known, shard) => (homes[shard] === before[shard] ? known : revision));
  return { ...document, homes, since };
}
