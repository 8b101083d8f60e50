// The forms of a page of the CMS, as a browser without JavaScript sends them: every field with what the page put into it, and what
// a test fills in over it.

import { textOf, type CmsBrowser, type Page } from './cms-browser.ts';

export interface PageForm {
  readonly action: string;
  readonly isMultipart: boolean;
  readonly fields: ReadonlyMap<string, string>;
}

/** @param action of the form that is meant; without it the page's first after the sign-out */
export function formOf({ html }: Page, action?: string | RegExp): PageForm {
  const forms = [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head, body]) => ({
    action: attribute(head!, 'action') ?? '',
    isMultipart: attribute(head!, 'enctype') === 'multipart/form-data',
    fields: fieldsOf(body!),
  }));
  const found = forms.find((form) =>
    action === undefined
      ? form.action !== '/cms/sign-out'
      : typeof action === 'string'
        ? form.action === action
        : action.test(form.action),
  );
  if (found === undefined) throw new Error(`no form ${String(action)} in:\n${mainOf({ html })}`);
  return found;
}

export interface ChosenFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Sends it with these fields over its own. @throws when it has no such field */
export function send(
  browser: CmsBrowser,
  form: PageForm,
  filled: Readonly<Record<string, string | ChosenFile>> = {},
): Promise<Page> {
  const values = new Map<string, string | ChosenFile>(form.fields);
  for (const [name, value] of Object.entries(filled)) {
    if (!values.has(name)) throw new Error(`the form ${form.action} has no field ${name}`);
    values.set(name, value);
  }
  if (!form.isMultipart)
    return browser.post(form.action, Object.fromEntries(values) as Record<string, string>);
  const body = new FormData();
  for (const [name, value] of values) {
    if (typeof value === 'string') body.append(name, value);
    else body.append(name, new Blob([value.bytes]), value.name);
  }
  return browser.post(form.action, body);
}

function fieldsOf(html: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [, tag, head, body] of html.matchAll(
    /<(input|textarea|select)\b([^>]*)>(?:(?<=<(?:textarea|select)\b[^>]*>)(.*?)<\/(?:textarea|select)>)?/gs,
  )) {
    const name = attribute(head!, 'name');
    if (name === undefined) continue;
    const type = attribute(head!, 'type');
    const isChoice = type === 'radio' || type === 'checkbox';
    if (tag === 'textarea') fields.set(name, textOf(body!.replace(/^\n/, '')));
    else if (tag === 'select') fields.set(name, chosenIn(body!));
    else if (!isChoice) fields.set(name, attribute(head!, 'value') ?? '');
    else if (/\schecked\b/.test(head!) || !fields.has(name))
      fields.set(name, /\schecked\b/.test(head!) ? (attribute(head!, 'value') ?? 'on') : '');
  }
  return fields;
}

function chosenIn(options: string): string {
  const chosen = /<option\b([^>]*\sselected\b[^>]*)>/.exec(options) ?? /<option\b([^>]*)>/.exec(options);
  return attribute(chosen?.[1] ?? '', 'value') ?? '';
}

function attribute(head: string, name: string): string | undefined {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(` ${head}`)?.[1];
  return found === undefined ? undefined : textOf(found);
}

/** What people read of it, in one line. */
export function mainOf({ html }: Pick<Page, 'html'>): string {
  const main = /<main\b.*?<\/main>/s.exec(html)?.[0] ?? html;
  return textOf(main.replaceAll(/<option\b.*?<\/option>/gs, '').replaceAll(/<[^>]*>/g, ' '))
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Where it leads. @throws when it leads nowhere */
export function placeOf(page: Page): string {
  const place = page.headers.get('location');
  if (page.status !== 303 || place === null) throw new Error(`${page.status}: ${mainOf(page)}`);
  return place;
}
