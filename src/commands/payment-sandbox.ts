// `doorbuster payment-sandbox`: a payment provider that takes no money, as a process of its own, until a signal ends it.

import { InvalidArgumentError, type Command } from 'commander';
import { SANDBOX_LATER_MS } from '../demo-payments.ts';
import { CommandError } from '../node-client.ts';
import { Sandbox } from '../payments/sandbox/sandbox.ts';
import { systemClock, systemRandom, systemTimers } from '../runtime/system.ts';

interface SandboxCommandOptions {
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly laterMs: number;
  readonly webhookUrl?: string;
}

const SECRET_CHARACTERS_MIN = 16;

const wholeNumber =
  (max: number) =>
  (text: string): number => {
    if (!/^\d{1,9}$/.test(text) || Number(text) > max)
      throw new InvalidArgumentError(`It must be a whole number from 0 to ${max}.`);
    return Number(text);
  };

export function addPaymentSandbox(program: Command): void {
  program
    .command('payment-sandbox')
    .description(
      'a payment provider that takes no money and misbehaves as payments’ tokens ask it to; its secrets come from PAYMENT_SECRET and ' +
        'PAYMENT_WEBHOOK_SECRET',
    )
    .option('--port <number>', 'TCP port; 0 takes a free one', wholeNumber(65_535), 0)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--data <file>', 'its SQLite file', './payment-sandbox.db')
    .option('--webhook-url <address>', 'of the node: …/v1/payments/webhook; without it none are sent')
    .option('--later-ms <number>', 'how long “after a while” is', wholeNumber(3_600_000), SANDBOX_LATER_MS)
    .action(run);
}

async function run({ port, host, data, laterMs, webhookUrl }: SandboxCommandOptions): Promise<void> {
  const { PAYMENT_SECRET: secret = '', PAYMENT_WEBHOOK_SECRET: webhookSecret = '' } = process.env;
  if (secret.length < SECRET_CHARACTERS_MIN)
    throw new CommandError(
      `PAYMENT_SECRET must have at least ${SECRET_CHARACTERS_MIN} characters: nodes send it, the same there.`,
    );
  if (webhookUrl !== undefined && !webhookSecret.startsWith('whsec_'))
    throw new CommandError('PAYMENT_WEBHOOK_SECRET must be set, as for the node, since webhooks are signed.');
  const sandbox = await Sandbox.open({
    path: data,
    host,
    port,
    secret,
    laterMs,
    webhooks: webhookUrl === undefined ? undefined : { url: webhookUrl, secret: webhookSecret },
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
  });
  console.log(`The payment sandbox is ready at ${sandbox.url}`);
  const stop = (): void => void sandbox.stop().then(() => process.exit(0));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.once('disconnect', stop);
}
