// The process that works on one picture and ends: reads it from standard input, writes the answer to standard output. It is the
// only code that reads pictures of strangers, so it has no secrets, little memory and little time, and yields to all others.

import { setPriority } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { encodePictureAnswer } from './picture-answer.ts';
import type { PictureLimits } from './picture-limits.ts';

/** Threads that begin later inherit it, those of libvips among them. */
const LOWEST_PRIORITY = 19;
/** Between two looks whether whoever started it is alive. */
const PARENT_LOOK_MS = 250;

/** An exit would wait for what libvips has in hand. */
const end = (): unknown => process.kill(process.pid, 'SIGKILL');

setPriority(0, LOWEST_PRIORITY);
const limits = JSON.parse(process.argv[2]!) as PictureLimits;
// Whoever started it ends it when it is late, unless they have died: then nobody waits for the picture.
setTimeout(end, limits.workMs + 5_000).unref();
const parent = Number(process.argv[3]);
setInterval(() => process.ppid !== parent && end(), PARENT_LOOK_MS).unref();

const bytes = await buffer(process.stdin);
// Loaded by now, so that its threads have the lowest priority too.
const { makePicture } = await import('./picture.ts');
for (const piece of encodePictureAnswer(await makePicture(bytes, limits))) process.stdout.write(piece);
