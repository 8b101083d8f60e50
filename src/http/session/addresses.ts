// The addresses of signing in and out.

export const SIGN_IN_PATH = '/sign-in';
/** Takes the shop's short-lived token, or a name in demo mode, and makes it a session. */
export const SESSION_PATH = '/session';
export const SIGN_OUT_PATH = '/session/end';
export const PROVIDER_PATH = '/session/start';
export const CALLBACK_PATH = '/session/callback';

/** @param next path at this server to come back to */
export const signInAddress = (next: string): string => `${SIGN_IN_PATH}?next=${encodeURIComponent(next)}`;

/** The same for whoever sent a form: it says first that nothing was changed. */
export const signedOutAddress = (next: string): string =>
  `${SIGN_IN_PATH}?signed-out&next=${encodeURIComponent(next)}`;
