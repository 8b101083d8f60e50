// Messages between nodes as bytes, version 1. Nodes of two versions run side by side while a cluster is brought up to date, so
// this layout must never change: another one gets another version byte and a decoder of its own beside this one.
//
//   byte 0     version, 1
//   bytes 1…   MessagePack: [1, from, reservations or nil, list of other commands]
//                           [2, from, acceptances or nil, refusals or nil, list of other answers]
//
// Commands and answers are never in one message, because they go to different subjects, and permissions rest on that.
// A message is taken whole or not at all: whatever is wrong with it (wire-reader.ts), nothing of it was done.

import { Packr } from 'msgpackr';
import type { Address, CommandEnvelope, Message, ReplyEnvelope } from '../ports.ts';
import { commandEntry, readCommand } from './other-commands.ts';
import { readReply, replyEntry } from './other-replies.ts';
import { AcceptedColumns, readAccepted, readRefused, RefusedColumns } from './reply-columns.ts';
import { readReserves, ReserveColumns } from './reserve-columns.ts';
import { ADDRESS_MAX, WIRE_BYTES_MAX, WIRE_ENVELOPES_MAX } from './wire-bounds.ts';
import { MessageRefused, WireReader } from './wire-reader.ts';

export const WIRE_VERSION = 1;

const COMMANDS = 1;
const REPLIES = 2;
const COMMANDS_FIELDS = 4;
const REPLIES_FIELDS = 5;

// useRecords off: msgpackr's own structures are shared state of one process.
const packr = new Packr({ useRecords: false });

/** As many messages as their bound wants. Reservations and their answers come before others, each in their order. */
export const encodeMessage = ({ from, commands, replies }: Message): Uint8Array[] => [
  ...encodeCommands(from, commands),
  ...encodeReplies(from, replies),
];

export const encodeCommands = (from: Address, commands: readonly CommandEnvelope[]): Uint8Array[] =>
  encodePart(commands, (part) => commandsLayout(from, part), []);

export const encodeReplies = (from: Address, replies: readonly ReplyEnvelope[]): Uint8Array[] =>
  encodePart(replies, (part) => repliesLayout(from, part), []);

/** @throws MessageRefused */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > WIRE_BYTES_MAX)
    throw new MessageRefused(
      `the message has ${bytes.length} bytes; at most ${WIRE_BYTES_MAX} were expected`,
    );
  if (bytes.length === 0) throw new MessageRefused('the message is empty');
  if (bytes[0] !== WIRE_VERSION)
    throw new MessageRefused(
      `the message is of version ${bytes[0]}, and this node knows version ${WIRE_VERSION}`,
    );
  const reader = new WireReader(bytes, 1);
  const fields = reader.list('the message', COMMANDS_FIELDS, REPLIES_FIELDS);
  const kind = reader.integer('the message’s kind', COMMANDS, REPLIES);
  const expected = kind === COMMANDS ? COMMANDS_FIELDS : REPLIES_FIELDS;
  if (fields !== expected)
    throw new MessageRefused(`the message has ${fields} fields; ${expected} were expected`);
  const from = reader.integer('the sender', 0, ADDRESS_MAX);
  const commands = kind === COMMANDS ? readCommands(reader) : [];
  const replies = kind === REPLIES ? readReplies(reader) : [];
  reader.end();
  const count = commands.length + replies.length;
  if (count === 0) throw new MessageRefused('nothing is in the message');
  if (count > WIRE_ENVELOPES_MAX)
    throw new MessageRefused(`${count} are in the message; at most ${WIRE_ENVELOPES_MAX} were expected`);
  return { from, commands, replies };
}

function encodePart<Envelope>(
  envelopes: readonly Envelope[],
  layoutOf: (part: readonly Envelope[]) => unknown[],
  encoded: Uint8Array[],
): Uint8Array[] {
  if (envelopes.length === 0) return encoded;
  if (envelopes.length <= WIRE_ENVELOPES_MAX) {
    const packed = packr.pack(layoutOf(envelopes));
    if (packed.length < WIRE_BYTES_MAX) {
      const bytes = new Uint8Array(packed.length + 1);
      bytes[0] = WIRE_VERSION;
      bytes.set(packed, 1);
      encoded.push(bytes);
      return encoded;
    }
    if (envelopes.length === 1)
      throw new RangeError(`one envelope needs ${packed.length} bytes, more than a message may have`);
  }
  const half = envelopes.length >>> 1;
  encodePart(envelopes.slice(0, half), layoutOf, encoded);
  return encodePart(envelopes.slice(half), layoutOf, encoded);
}

function commandsLayout(from: Address, commands: readonly CommandEnvelope[]): unknown[] {
  let reserves: ReserveColumns | undefined;
  const others: unknown[] = [];
  for (const envelope of commands) {
    const { command } = envelope;
    if (command.kind === 'reserve') (reserves ??= new ReserveColumns()).add(envelope, command);
    else others.push(commandEntry(envelope, command));
  }
  return [COMMANDS, from, reserves?.fields ?? null, others];
}

function repliesLayout(from: Address, replies: readonly ReplyEnvelope[]): unknown[] {
  let accepted: AcceptedColumns | undefined;
  let refused: RefusedColumns | undefined;
  const others: unknown[] = [];
  for (const { id, reply } of replies) {
    if (reply.outcome === 'reserved')
      (accepted ??= new AcceptedColumns()).add(id, reply.order, reply.replayed);
    else if (reply.outcome === 'refused') (refused ??= new RefusedColumns()).add(id, reply.refusal);
    else others.push(replyEntry(id, reply));
  }
  return [REPLIES, from, accepted?.fields ?? null, refused?.fields ?? null, others];
}

function readCommands(reader: WireReader): CommandEnvelope[] {
  const commands = reader.takesNil() ? [] : readReserves(reader);
  for (let left = readOthers(reader, commands); left > 0; left--) commands.push(readCommand(reader));
  return commands;
}

function readReplies(reader: WireReader): ReplyEnvelope[] {
  const replies = reader.takesNil() ? [] : readAccepted(reader);
  if (!reader.takesNil()) for (const refused of readRefused(reader)) replies.push(refused);
  for (let left = readOthers(reader, replies); left > 0; left--) replies.push(readReply(reader));
  return replies;
}

const readOthers = (reader: WireReader, before: readonly unknown[]): number =>
  reader.list('the others', 0, Math.max(0, WIRE_ENVELOPES_MAX - before.length));
