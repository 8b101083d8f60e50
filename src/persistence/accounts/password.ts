// What a password must be like. Long, and nothing that everybody would try first; no rules about kinds of characters, which only
// make people write them down.

/** Characters. */
export const PASSWORD_MIN = 12;
/** Characters. */
export const PASSWORD_MAX = 200;

/** @returns what is wrong with it, for people */
export function passwordFault(password: string, email: string): string | undefined {
  if (!password.isWellFormed()) return 'must be well-formed text';
  if (password.length < PASSWORD_MIN) return `must have at least ${PASSWORD_MIN} characters`;
  if (password.length > PASSWORD_MAX) return `may have ${PASSWORD_MAX} characters at most`;
  if (new Set(password.toLowerCase()).size < 5) return 'must have at least 5 different characters';
  const known = [email.toLowerCase(), email.toLowerCase().split('@')[0]!, 'doorbuster'];
  const bare = password.toLowerCase();
  if (known.some((word) => word.length > 3 && bare.replaceAll(word, '').length < 6))
    return 'must be more than the e-mail or the name of this program with a few characters around it';
  return undefined;
}
