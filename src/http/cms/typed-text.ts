// Texts and numbers as somebody typed them into a form or a file: what is wrong with each is told in words that follow its label.

import { isPlainLines, isPlainText } from '../../actors/index.ts';

/** What a form sent under a name; empty when there is nothing. */
export type FieldOf = (name: string) => string;

/** What a text means, or what is wrong with it. */
export type Read<T> = { readonly value: T } | { readonly problem: string };

/** Forms send line breaks as CR LF, whatever was typed. */
export const withLineFeeds = (text: string): string => text.replaceAll(/\r\n?/g, '\n');

/** @returns what is wrong, if anything is */
export function lineProblem(text: string, charactersMax: number): string | undefined {
  if (text.length > charactersMax) return tooLong(text, charactersMax);
  return isPlainText(text) ? undefined : 'must be one line of plain text, without control characters';
}

/** Of a text that may have several lines. */
export function linesProblem(text: string, charactersMax: number): string | undefined {
  if (text.length > charactersMax) return tooLong(text, charactersMax);
  return isPlainLines(text) ? undefined : 'must be plain text, without control characters';
}

const tooLong = (text: string, charactersMax: number): string =>
  `must have at most ${charactersMax} characters; it has ${text.length}`;

export function readWhole(text: string, min: number, max: number): Read<number> {
  const range = `must be a whole number from ${min} to ${max}`;
  const written = text.trim();
  if (!/^-?\d{1,15}$/.test(written)) return { problem: `${range}, in digits alone` };
  const value = Number(written);
  return value < min || value > max ? { problem: range } : { value };
}
