// The operators' file: JSON to rules. What can be judged without knowing the cluster is judged here; the rest is
// placement-check.ts.

import { FileMistakes, type FileRefused } from './file-mistakes.ts';
import { fieldsOf, membersOf, quoted, shown, valueOf, type Fields } from './json-fields.ts';
import { readJson, type JsonNode } from './json-node.ts';
import type { NodeWeight, Pin, PinnedShard, PlacementRules } from './placement-rules.ts';

export type PlacementFile = { readonly kind: 'rules'; readonly rules: PlacementRules } | FileRefused;

const FILE_CHARACTERS_MAX = 1_048_576;
const NODES_MAX = 100;
const PINS_MAX = 10_000;
const WEIGHT_MAX = 1_000_000;
/** As for a product id over HTTP, and for NODE_ID. */
const NAME_CHARACTERS_MAX = 64;

/** All mistakes are told at once, unless the text is not JSON. */
export function parsePlacementFile(text: string): PlacementFile {
  const mistakes = new FileMistakes();
  const rules = new PlacementFileReader(mistakes).read(text);
  return rules === undefined || mistakes.count > 0 ? mistakes.refusal() : { kind: 'rules', rules };
}

/** Each method tells what is wrong with its part, and gives undefined, or less, for what could not be read. */
class PlacementFileReader {
  readonly #mistakes: FileMistakes;

  constructor(mistakes: FileMistakes) {
    this.#mistakes = mistakes;
  }

  read(text: string): PlacementRules | undefined {
    if (text.length > FILE_CHARACTERS_MAX)
      return this.#tell(1, `the file has ${text.length} characters; it may have ${FILE_CHARACTERS_MAX}`);
    const root = readJson(text);
    if (root.kind === 'fault') return this.#tell(root.line, root.message);
    const fields = this.#fieldsOf(root, 'the file', ['strategy', 'nodes', 'pins']);
    if (fields === undefined) return undefined;
    this.#strategy(fields.get('strategy')?.node, root.line);
    const nodes = fields.get('nodes');
    const pins = fields.get('pins');
    return {
      strategy: 'rendezvous',
      nodes: nodes && this.#nodes(nodes.node),
      nodesLine: nodes?.line ?? root.line,
      pins: pins === undefined ? [] : this.#pins(pins.node),
    };
  }

  #strategy(node: JsonNode | undefined, line: number): void {
    const right = 'it must be "rendezvous"';
    if (node === undefined) this.#tell(line, `"strategy" is missing; ${right}`);
    else if (valueOf(node) !== 'rendezvous')
      this.#tell(node.line, `the strategy is ${shown(node)}; ${right}`);
  }

  #nodes(node: JsonNode): ReadonlyMap<string, NodeWeight> {
    const weights = new Map<string, NodeWeight>();
    const members = membersOf(node, '"nodes"', this.#mistakes);
    if (members !== undefined && members.size > NODES_MAX)
      this.#tell(node.line, `"nodes" names ${members.size} nodes; it may name ${NODES_MAX}`);
    for (const { name, line, node } of members?.values() ?? []) {
      this.#name(name, line, 'the name of a node');
      const what = `node ${quoted(name)}`;
      const weight = this.#fieldsOf(node, what, ['weight']);
      if (weight !== undefined)
        weights.set(name, { line, weight: this.#weight(weight.get('weight')?.node, line, what) });
    }
    return weights;
  }

  #weight(node: JsonNode | undefined, line: number, what: string): number {
    const right = `it must be a number above 0 and at most ${WEIGHT_MAX}`;
    const weight = node && valueOf(node);
    if (typeof weight === 'number' && weight > 0 && weight <= WEIGHT_MAX) return weight;
    if (node === undefined) this.#tell(line, `${what} has no "weight"; ${right}`);
    else this.#tell(node.line, `the weight of ${what} is ${shown(node)}; ${right}`);
    return 0;
  }

  #pins(node: JsonNode): Pin[] {
    if (node.kind !== 'list') {
      this.#tell(node.line, `"pins" is ${shown(node)}; it must be a list of pins`);
      return [];
    }
    if (node.items.length > PINS_MAX)
      this.#tell(node.line, `"pins" has ${node.items.length} pins; it may have ${PINS_MAX}`);
    return node.items
      .map((pin, index) => this.#pin(pin, `pin ${index + 1}`))
      .filter((pin) => pin !== undefined);
  }

  #pin(pin: JsonNode, what: string): Pin | undefined {
    const fields = this.#fieldsOf(pin, what, ['product', 'shards', 'node', 'worker']);
    if (fields === undefined) return undefined;
    const where = { line: pin.line, ...this.#destination(fields, pin.line, what) };
    const product = fields.get('product')?.node;
    const shards = fields.get('shards')?.node;
    if (product !== undefined && shards !== undefined)
      return this.#tell(pin.line, `${what} has "product" and "shards"; it must have one of them`);
    if (product !== undefined)
      return { ...where, kind: 'product', product: this.#nameIn(product, `the product of ${what}`) };
    if (shards !== undefined) return { ...where, kind: 'shards', shards: this.#shards(shards, what) };
    return this.#tell(pin.line, `${what} has neither "product" nor "shards"; it must have one of them`);
  }

  #destination(fields: Fields, line: number, what: string): Pick<Pin, 'node' | 'worker'> {
    const node = fields.get('node')?.node;
    if (node === undefined) this.#tell(line, `${what} has no "node"; it must name the node to go to`);
    const worker = fields.get('worker')?.node;
    return {
      node: node === undefined ? '' : this.#nameIn(node, `the node of ${what}`),
      worker: worker && this.#whole(worker, `the worker of ${what}`),
    };
  }

  #shards(node: JsonNode, what: string): PinnedShard[] {
    if (node.kind !== 'list' || node.items.length === 0) {
      const found = node.kind === 'list' ? 'empty' : shown(node);
      this.#tell(node.line, `"shards" of ${what} is ${found}; it must be a list of shards, such as [7, 8]`);
      return [];
    }
    return node.items.map((item) => ({ line: item.line, shard: this.#whole(item, `a shard of ${what}`) }));
  }

  #whole(node: JsonNode, what: string): number {
    const value = valueOf(node);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    this.#tell(node.line, `${what} is ${shown(node)}; it must be a whole number from 0`);
    return 0;
  }

  #nameIn(node: JsonNode, what: string): string {
    const value = valueOf(node);
    if (typeof value === 'string') return this.#name(value, node.line, what);
    this.#tell(node.line, `${what} is ${shown(node)}; it must be a name in double quotes`);
    return '';
  }

  #name(name: string, line: number, what: string): string {
    if (name.length === 0 || name.length > NAME_CHARACTERS_MAX)
      this.#tell(
        line,
        `${what} has ${name.length} characters (${quoted(name)}); it must have 1 to ${NAME_CHARACTERS_MAX}`,
      );
    return name;
  }

  #fieldsOf(node: JsonNode, what: string, known: readonly string[]): Fields | undefined {
    return fieldsOf(node, what, known, this.#mistakes);
  }

  #tell(line: number, message: string): undefined {
    return this.#mistakes.tell(line, message);
  }
}
