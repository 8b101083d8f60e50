// Where a built function was written: a profile of a node that runs what `npm run build` made names the sources all the same.

import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';

/** Of a profile, as V8 writes it: lines and columns count from 0. */
interface CallFrame {
  url: string;
  lineNumber: number;
  columnNumber: number;
}

interface ProfileNode {
  readonly callFrame: CallFrame;
  readonly children?: readonly (ProfileNode | number)[];
}

/** A CPU profile is a list of nodes, a heap profile a tree. */
export interface Profile {
  readonly nodes?: readonly ProfileNode[];
  readonly head?: ProfileNode;
}

/** Changes the call frames of built files that are on this machine, with their maps; the others stay. */
export function nameSources(profile: Profile): void {
  const maps = new Map<string, SourceMap | undefined>();
  const waiting = [...(profile.nodes ?? []), ...(profile.head ? [profile.head] : [])];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { callFrame, children = [] } = node;
    const { url } = callFrame;
    if (!maps.has(url)) maps.set(url, mapOf(url));
    const entry = maps.get(url)?.findEntry(callFrame.lineNumber, callFrame.columnNumber);
    if (entry !== undefined && 'originalSource' in entry) {
      callFrame.url = new URL(entry.originalSource, url).href;
      callFrame.lineNumber = entry.originalLine;
      callFrame.columnNumber = entry.originalColumn;
    }
    for (const child of children) if (typeof child !== 'number') waiting.push(child);
  }
}

function mapOf(url: string): SourceMap | undefined {
  if (!url.startsWith('file:') || !url.includes('/dist/node/')) return undefined;
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${url}.map`), 'utf8')) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
