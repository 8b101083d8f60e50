// `doorbuster user`: the people who work in the CMS. A password comes from a file or from standard input, or is made up and shown
// once; on a command line everybody on the machine could read it.

import { Argument, Option, type Command } from 'commander';
import { USER_ROLES, type UserRole } from '../persistence/accounts/user.ts';
import { makePassword } from '../made-up-password.ts';
import { callNode, requireNode } from '../node-client.ts';
import { readPassword } from './password-file.ts';
import { reaching, reachOf, type ReachOptions } from './reach.ts';

interface PasswordOptions extends ReachOptions {
  readonly passwordFile?: string;
}

interface AddOptions extends PasswordOptions {
  readonly name?: string;
  readonly role: UserRole;
}

export interface ListedUser {
  readonly email: string;
  readonly name: string;
  readonly role: UserRole;
  readonly disabled: boolean;
}

export function addUser(program: Command): void {
  const user = program.command('user').description('people who work in the CMS');
  withPassword(reaching(user.command('add <email>')))
    .description('add somebody')
    .option('--name <name>', 'as colleagues see it; by default what stands before the @')
    .addOption(new Option('--role <role>', 'what they may do').choices(USER_ROLES).default('editor'))
    .action(add);
  reaching(user.command('list')).description('everybody, disabled ones too').action(list);
  reaching(user.command('role <email>'))
    .addArgument(new Argument('<role>').choices(USER_ROLES))
    .description('give another role; it holds at once')
    .action((email: string, role: UserRole, options: ReachOptions) => change(email, { role }, options));
  reaching(user.command('disable <email>'))
    .description('end all sessions, and allow no other')
    .action((email: string, options: ReachOptions) => change(email, { disabled: true }, options));
  reaching(user.command('enable <email>'))
    .description('allow to sign in again, also after too many failed tries')
    .action((email: string, options: ReachOptions) => change(email, { disabled: false }, options));
  withPassword(reaching(user.command('password <email>')))
    .description('give another password; all sessions end')
    .action(givePassword);
}

const withPassword = (command: Command): Command =>
  command.option('--password-file <file>', 'read it from a file, or from standard input: -');

async function add(email: string, { name, role, passwordFile, json, ...reach }: AddOptions): Promise<void> {
  const { password, isMadeUp } = passwordFrom(passwordFile);
  const body = { email, name: name ?? email.split('@')[0]!, role, password };
  const node = requireNode(reachOf(reach));
  const user = await callNode<ListedUser>(node, 'POST', '/v1/admin/users', { body });
  if (json) return console.log(JSON.stringify(isMadeUp ? { ...user, password } : user));
  console.log(`${user.email} can sign in at ${node.url}/cms as ${user.role}.`);
  if (isMadeUp) tellOnce(password);
}

async function list({ json, ...reach }: ReachOptions): Promise<void> {
  const node = requireNode(reachOf(reach));
  const { users } = await callNode<{ users: ListedUser[] }>(node, 'GET', '/v1/admin/users');
  if (json) return console.log(JSON.stringify(users));
  if (users.length === 0) return console.log('Nobody yet: npx doorbuster user add EMAIL --role publisher');
  const width = Math.max(...users.map(({ email }) => email.length));
  for (const { email, name, role, disabled } of users)
    console.log(`${email.padEnd(width)}  ${role.padEnd(9)}  ${name}${disabled ? '  (disabled)' : ''}`);
}

async function givePassword(email: string, { passwordFile, ...options }: PasswordOptions): Promise<void> {
  const { password, isMadeUp } = passwordFrom(passwordFile);
  await change(email, { password }, options, isMadeUp);
}

async function change(
  email: string,
  body: { role?: UserRole; disabled?: boolean; password?: string },
  { json, ...reach }: ReachOptions,
  isMadeUp = false,
): Promise<void> {
  const path = `/v1/admin/users/${encodeURIComponent(email)}`;
  const user = await callNode<ListedUser>(requireNode(reachOf(reach)), 'PATCH', path, { body });
  const { role, disabled, password } = body;
  if (json) return console.log(JSON.stringify(isMadeUp ? { ...user, password } : user));
  const { email: kept } = user;
  if (role !== undefined) console.log(`${kept} is ${role} now${user.disabled ? ', and disabled' : ''}.`);
  if (disabled === true) console.log(`${kept} is disabled; their sessions have ended.`);
  if (disabled === false) console.log(`${kept} can sign in as ${user.role}.`);
  if (password === undefined) return;
  console.log(`${kept} has another password; their sessions have ended.`);
  if (isMadeUp) tellOnce(password);
}

const tellOnce = (password: string): void => console.log(`Password, shown this once: ${password}`);

function passwordFrom(file: string | undefined): { password: string; isMadeUp: boolean } {
  return file === undefined
    ? { password: makePassword(), isMadeUp: true }
    : { password: readPassword(file), isMadeUp: false };
}
