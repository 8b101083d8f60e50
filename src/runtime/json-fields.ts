// Objects in an operator's file, field by field: what is unknown, twice, or of another kind is told where it stands.

import type { FileMistakes } from './file-mistakes.ts';
import type { JsonMember, JsonNode } from './json-node.ts';

export type Fields = ReadonlyMap<string, JsonMember>;

const SHOWN_CHARACTERS_MAX = 40;

/** @returns undefined for what is no object */
export function fieldsOf(
  node: JsonNode,
  what: string,
  known: readonly string[],
  mistakes: FileMistakes,
): Fields | undefined {
  const members = membersOf(node, what, mistakes);
  for (const { name, line } of members?.values() ?? [])
    if (!known.includes(name))
      mistakes.tell(
        line,
        `${what} has a field ${quoted(name)}; it may have ${known.map((each) => `"${each}"`).join(', ')}`,
      );
  return members;
}

/** Whatever their names; of members of one name, the first. @returns undefined for what is no object */
export function membersOf(node: JsonNode, what: string, mistakes: FileMistakes): Fields | undefined {
  if (node.kind !== 'object')
    return mistakes.tell(node.line, `${what} is ${shown(node)}; it must be an object: { … }`);
  const members = new Map<string, JsonMember>();
  for (const member of node.members) {
    const first = members.get(member.name);
    if (first === undefined) members.set(member.name, member);
    else
      mistakes.tell(
        member.line,
        `${what} has ${quoted(member.name)} already in line ${first.line}; each name may come once`,
      );
  }
  return members;
}

/** Of a scalar; undefined for everything else. */
export const valueOf = (node: JsonNode): unknown => (node.kind === 'scalar' ? node.value : undefined);

export const quoted = (name: string): string => cut(JSON.stringify(name));

export const shown = (node: JsonNode): string =>
  node.kind === 'object' ? 'an object' : node.kind === 'list' ? 'a list' : cut(JSON.stringify(node.value));

const cut = (text: string): string =>
  text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
