// Flags of V8 for processes that live for a test.

/**
 * V8 compiles whatever of the embedded Postgres runs often once more, for its best speed. That takes a fifth of the CPU of a
 * node's start and pays off later than the nodes of tests live.
 */
export const SHORT_LIFE: readonly string[] = ['--wasm-tiering-budget=1000000000'];
