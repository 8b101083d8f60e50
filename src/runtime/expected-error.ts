/** What whoever started the program can mend, by what its message says. Anything else is a fault of the program, and is shown with its stack. */
export abstract class ExpectedError extends Error {}
