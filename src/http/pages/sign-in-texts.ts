// The words of the pages around a shopper's sign-in, in one place for translation, as texts.ts is for all others. They are a file of
// their own since no script needs them. A further language is a further object of the shape of `en`.

interface Trouble {
  readonly title: string;
  /** @param detail what the shop has to mend, in English, as in an answer of the API */
  readonly text: (detail: string) => string;
}

const nobody = 'Nobody was signed in';

export const en = {
  demo: {
    title: 'Sign in – Doorbuster',
    description: 'Choose a customer of the demonstration.',
    heading: 'Who is at the door?',
    intro: 'This is a demonstration: be whom you like. A real shop signs its customers in itself.',
    signedInAs: 'You are signed in as',
    anyName: 'Or under any name',
    signIn: 'Sign in',
    badName: 'Type a name of 1 to 128 characters.',
  },
  again: 'Sign in again',
  toShop: 'To the shop',
  titleOf: (title: string) => `${title} – Doorbuster`,
  troubles: {
    no_way_in: {
      title: 'Come through the shop’s door',
      text: () =>
        'This shop signs its customers in at its own site and leads them here from there. Open the sale from the shop’s site.',
    },
    signed_out: {
      title: 'You are signed out',
      text: () =>
        'What you sent just now ordered and changed nothing. Sign in again, and you come back to where you were; what you ordered before is among your orders.',
    },
    foreign_form: {
      title: 'This form is of another page',
      text: () =>
        'Nobody was signed in. Load the sign-in page again, allow cookies for this address, and send it from there.',
    },
    foreign_sign_out: {
      title: 'This form is not of your session',
      text: () => 'You are still signed in. Load the page again and sign out from there.',
    },
    not_handed_over: { title: nobody, text: (detail) => `This is a mistake of the shop’s: ${detail}` },
    token_refused: {
      title: nobody,
      text: (detail) => `The shop’s token ${detail} Sign in at the shop again.`,
    },
    not_begun: {
      title: 'This sign-in was not begun here',
      text: () =>
        'Nobody was signed in. It was begun in another browser or too long ago, or this browser takes no cookies from here.',
    },
    not_finished: { title: nobody, text: () => 'The sign-in was ended before it was finished.' },
    not_as_asked: {
      title: nobody,
      text: () =>
        'What came back from the shop’s sign-in was not what was asked for. It may have been begun twice: begin it again.',
    },
    provider_away: {
      title: 'Sign-in is not possible just now',
      text: () =>
        'The shop’s sign-in does not answer. Whoever is signed in stays so, and sales go on. Try again in a moment.',
    },
    no_provider: { title: 'Nothing is here', text: () => 'This shop signs its customers in elsewhere.' },
    refused: { title: nobody, text: (detail) => detail },
    failed: {
      title: 'This did not work just now',
      text: () => 'Nobody was signed in. Try again in a few seconds.',
    },
  } satisfies Record<string, Trouble>,
};

export type SignInTexts = typeof en;
export type SignInTrouble = keyof SignInTexts['troubles'];

const LANGUAGES: ReadonlyMap<string, SignInTexts> = new Map([['en', en]]);

/** @param language of the reader's other texts */
export const signInTextsFor = (language: string): SignInTexts => LANGUAGES.get(language) ?? en;
