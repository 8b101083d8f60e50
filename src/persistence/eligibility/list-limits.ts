// What a list of customers may be, and what taking one in may cost.

export const LIST_LIMITS = {
  /** Lines with a customer on them, repeated ones too. */
  customersMax: 5_000_000,
  /** Of the file. */
  bytesMax: 256 * 1024 * 1024,
  lineBytesMax: 4_096,
  /** Bad lines that are told; all are counted. */
  badLinesToldMax: 100,
  /** Of what a bad line says, as it is told. */
  toldTextCharactersMax: 40,
  /** Keys of one part, which one statement writes or reads. */
  keysPerPart: 16_384,
  /** Files that are taken in at once, a thread. */
  loadsMax: 2,
  /** On their way from the caller to the thread that reads lines. */
  piecesInFlightMax: 8,
  /** A list that is not in force, and has been written to for so long no more, is what a dead load left. */
  leftOverAfterMs: 10 * 60_000,
} as const;
