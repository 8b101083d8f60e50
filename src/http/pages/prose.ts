// Descriptions as they are written in code: paragraphs parted by empty lines, and `code` between backticks. Nothing
// else is interpreted, and everything is escaped.

import { html } from 'hono/html';
import type { Markup } from './layout.ts';

export function prose(text: string): Markup {
  return html`${text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => html`<p>${withCode(paragraph)}</p>`)}`;
}

export function withCode(text: string): Markup {
  return html`${text.split('`').map((piece, index) => (index % 2 === 1 ? html`<code>${piece}</code>` : piece))}`;
}
