// The steps of the Dockerfile, carried out one after the other in a clean folder, without Docker. What is Docker's own is stood
// in for: a base image by the Node that runs this, absolute paths by folders below the image's, the image's user by its numbers
// where that is allowed (root may become anybody, others stay who they are).
//
// An instruction that is not known here is an error, so that the file and this cannot drift apart.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { DockerfileParser, type Copy, type From, type Instruction } from 'dockerfile-ast';
import { ROOT } from './compose-file.ts';
import { copyContext } from './build-context.ts';

/** What `docker build` would leave of a stage. */
interface Stage {
  readonly folder: string;
  readonly base: string;
  readonly env: Record<string, string>;
  workdir: string;
  user: string;
  volumes: string[];
  healthcheck: string[];
  command: string[];
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of this machine in place of folders of the image. */
  readonly volumes?: Readonly<Record<string, string>>;
}

const isRoot = process.getuid?.() === 0;
const STEP_MS_MAX = 300_000;

export class Image {
  readonly #build: string;
  readonly stage: Stage;

  private constructor(build: string, stage: Stage) {
    this.#build = build;
    this.stage = stage;
  }

  /** @param onStep told of each instruction before it is carried out @throws with what a step printed; nothing is left then */
  static build(onStep: (step: string) => void = () => undefined): Image {
    const build = mkdtempSync(join(tmpdir(), 'doorbuster-test-image-'));
    try {
      // The image's user looks into it.
      chmodSync(build, 0o755);
      const context = join(build, 'context');
      mkdirSync(context);
      copyContext(context);
      const stages = new Map<string, Stage>();
      let stage: Stage | undefined;
      for (const step of DockerfileParser.parse(readDockerfile()).getInstructions()) {
        onStep(step.toString());
        if (step.getKeyword() === 'FROM') {
          stage = newStage(build, stages.size, step as From);
          stages.set((step as From).getBuildStage() ?? '', stage);
        } else carryOut(step, stage!, { context, stages });
      }
      return new Image(build, stage!);
    } catch (error) {
      rmSync(build, { recursive: true, force: true });
      throw error;
    }
  }

  /** A path of the image on this machine. */
  path(inside: string): string {
    return join(this.stage.folder, inside);
  }

  /** As a container of the image would, with its environment and its user. */
  run(command: readonly string[], { env = {}, volumes = {} }: RunOptions = {}): ChildProcess {
    const { stage } = this;
    const outside = (text: string): string => {
      const mounted = Object.keys(volumes).find((path) => text === path || text.startsWith(`${path}/`));
      return mounted === undefined ? placed(text, stage) : volumes[mounted]! + text.slice(mounted.length);
    };
    const own = Object.entries({ ...stage.env, ...env }).map(([name, value]) => [
      name,
      stage.volumes.includes(value) ? outside(value) : value,
    ]);
    for (const folder of Object.values(volumes)) handTo(folder, stage.user);
    const [program, ...args] = command;
    return spawn(program!, args, {
      cwd: join(stage.folder, stage.workdir),
      env: { ...(Object.fromEntries(own) as Record<string, string>), PATH: pathOf(stage) },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...identity(stage.user),
    });
  }

  remove(): void {
    rmSync(this.#build, { recursive: true, force: true });
  }
}

const readDockerfile = (): string => readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

/** What a container of the image runs when it is told nothing else. */
export function commandOfImage(): string[] {
  const commands = DockerfileParser.parse(readDockerfile()).getCMDs();
  return JSON.parse(commands.at(-1)!.getArgumentsContent() ?? '') as string[];
}

/** In place of the base image: a folder with nothing but Node. */
function newStage(build: string, number: number, from: From): Stage {
  const folder = join(build, `stage-${number}`);
  mkdirSync(join(folder, 'usr/local/bin'), { recursive: true });
  cpSync(process.execPath, join(folder, 'usr/local/bin/node'));
  const base = from.getImage() ?? '';
  return { folder, base, env: {}, workdir: '/', user: '0:0', volumes: [], healthcheck: [], command: [] };
}

interface Surroundings {
  readonly context: string;
  readonly stages: ReadonlyMap<string, Stage>;
}

function carryOut(step: Instruction, stage: Stage, { context, stages }: Surroundings): void {
  const content = step.getArgumentsContent() ?? '';
  switch (step.getKeyword()) {
    case 'WORKDIR':
      stage.workdir = content;
      mkdirSync(join(stage.folder, content), { recursive: true });
      return;
    case 'ENV':
      for (const pair of content.split(/\s+/))
        stage.env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1);
      return;
    case 'COPY':
      return copy(step as Copy, stage, { context, stages });
    case 'RUN':
      return run(content, stage);
    case 'VOLUME':
      stage.volumes.push(content);
      return;
    case 'USER':
      stage.user = content;
      return;
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(content.slice(content.indexOf('['))) as string[];
      return;
    case 'CMD':
      stage.command = JSON.parse(content) as string[];
      return;
    case 'EXPOSE':
    case 'STOPSIGNAL':
      return;
    default:
      throw new Error(`the Dockerfile has ${step.getKeyword()}, which this does not know how to carry out`);
  }
}

function copy(step: Copy, stage: Stage, { context, stages }: Surroundings): void {
  const from = step.getFromFlag()?.getValue() ?? undefined;
  const source = from === undefined ? context : stages.get(from)?.folder;
  if (source === undefined) throw new Error(`there is no stage ${from}`);
  const paths = step.getArguments().map((argument) => argument.getValue());
  const target = paths.pop()!;
  for (const path of paths) {
    const found = join(source, path);
    if (!existsSync(found))
      throw new Error(`${path} is not there to be copied: does .dockerignore let it through?`);
    const to = target.endsWith('/') ? join(target, path) : target;
    cpSync(found, join(stage.folder, to.startsWith('/') ? '' : stage.workdir, to), {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
}

function run(script: string, stage: Stage): void {
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', placed(script, stage)], {
    cwd: join(stage.folder, stage.workdir),
    // npm looks for its cache where it always does.
    env: { ...process.env, ...stage.env, NODE_ENV: '', PATH: pathOf(stage) },
    encoding: 'utf8',
    timeout: STEP_MS_MAX,
  });
  if (status !== 0) throw new Error(`RUN ${script} ended with ${status}: ${stdout}${stderr}`);
}

/** Absolute paths are those of the image. */
const placed = (text: string, stage: Stage): string =>
  text.replaceAll(/(?<![\w./@-])\/(?=[a-z])/g, `${stage.folder}/`);

/** The image's Node comes first. Whoever is not root gives nothing away: `chown` does nothing then. */
function pathOf(stage: Stage): string {
  const own = join(stage.folder, 'usr/local/bin');
  if (isRoot) return own + delimiter + process.env['PATH'];
  const shims = join(stage.folder, '..', 'shims');
  mkdirSync(shims, { recursive: true });
  writeFileSync(join(shims, 'chown'), '#!/bin/sh\n', { mode: 0o755 });
  return [shims, own, process.env['PATH']].join(delimiter);
}

function identity(user: string): { uid?: number; gid?: number } {
  const [uid, gid] = user.split(':').map(Number);
  return isRoot ? { uid: uid!, gid: gid! } : {};
}

function handTo(folder: string, user: string): void {
  if (isRoot) spawnSync('chown', ['-R', user, folder]);
}
