// An answer as plain data: the purchase path writes it to the socket itself, every other route makes a Response of it.

export interface Answer {
  readonly status: number;
  /** With a Content-Length where the body is ready-made. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Not through the context's `body` and `json`: those copy every header into a Headers object. */
export const responseOf = ({ status, headers, body }: Answer): Response =>
  new Response(body, { status, headers });
