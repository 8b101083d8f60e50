// docker-compose.yml as docker compose reads it: anchors merged, names of .env replaced.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface HealthCheck {
  readonly test?: string[];
  readonly disable?: boolean;
}

export interface Service {
  readonly image: string;
  readonly command?: string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: string[];
  readonly tmpfs?: string[];
  readonly ports?: string[];
  readonly networks?: string[];
  readonly user?: string;
  readonly healthcheck?: HealthCheck;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly restart?: string;
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, object>>;
}

export type Settings = Readonly<Record<string, string>>;

/** `${NAME}`, `${NAME:-default}` and `${NAME:?}`: what this file uses. */
const REFERENCE = /\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g;

export const composeText = (): string => readFileSync(`${ROOT}/docker-compose.yml`, 'utf8');

/** @throws for a name that is required and not given */
export function readCompose(settings: Settings, text = composeText()): ComposeFile {
  const replaced = (value: unknown): unknown => {
    if (typeof value === 'string') return interpolated(value, settings);
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, replaced(of)]));
  };
  return replaced(parse(text, { merge: true })) as ComposeFile;
}

/** Names that the file asks of .env. */
export const namesIn = (text: string): string[] => [
  ...new Set([...text.matchAll(REFERENCE)].map(([, name]) => name!)),
];

function interpolated(value: string, settings: Settings): string {
  return value.replaceAll(REFERENCE, (_, name: string, kind?: string, otherwise = '') => {
    const given = settings[name];
    if (given !== undefined && given !== '') return given;
    if (kind !== '-') throw new Error(`${name} is missing in .env`);
    return otherwise;
  });
}

/** NAME=value lines; comments and empty lines are none. */
export function readEnv(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
