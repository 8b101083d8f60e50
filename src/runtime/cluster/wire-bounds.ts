// What a message between nodes may hold. The edge (src/http/schemas.ts) lets nothing else in, so nothing else is ever sent by a
// node in good order; but whoever may publish commands could send anything, and a NUL in a product's name alone would stop
// the projection of its shard. test/runtime/message-codec.test.ts holds both against each other.

/** Of one message, below the megabyte that a NATS server takes by default. */
export const WIRE_BYTES_MAX = 512 * 1024;
/** In one message. */
export const WIRE_ENVELOPES_MAX = 16_384;
/** As the setting COMMAND_TIMEOUT_MS: whoever says that there is more time is given this much. */
export const TIME_LEFT_MS_MAX = 60_000;
/** As the setting SHARDS. */
export const SHARDS_MAX = 4_096;
export const ADDRESS_MAX = 2 ** 31 - 1;
export const QUANTITY_MAX = 10_000;
export const STOCK_CHANGE_MAX = 10_000_000;
/** In one check: the lines of a batch, BATCH_LINES_MAX. */
export const STOCK_CHECKS_MAX = 128;
export const AMOUNT_MAX = 1_000_000_000_000;
export const HOLD_SECONDS_MAX = 7 * 24 * 60 * 60;
export const OPEN_HOLDS_MAX = 1_000;
export const ATTEMPTS_MAX = 10_000;
export const COOL_DOWN_SECONDS_MAX = 24 * 60 * 60;
/** The last that a Date can hold. */
export const EPOCH_MS_MAX = 8_640_000_000_000_000;
export const PRODUCT_NAME_CHARACTERS_MAX = 200;
export const DESCRIPTION_CHARACTERS_MAX = 5_000;
export const CUSTOMER_CHARACTERS_MAX = 128;
export const REQUEST_KEY_CHARACTERS_MAX = 128;

/** A character of UTF-16 is three bytes of UTF-8 at most. */
export const BYTES_PER_CHARACTER_MAX = 3;

export const PRODUCT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const PRODUCT_ID_BYTES_MAX = 64;
export const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
export const CURRENCY = /^[A-Z]{3}$/;
// oxlint-disable-next-line no-control-regex -- control characters are just what must not be there
export const CONTROLS = /[\u0000-\u001f\u007f]/;
// oxlint-disable-next-line no-control-regex -- as above; a description may have tabs and lines
export const CONTROLS_BUT_LINES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
