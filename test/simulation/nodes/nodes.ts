// The machines of a simulated cluster, what runs on them, and what can happen to them. Whatever ends, for whatever reason, is
// started again after a while, as a service manager does.

import { memberOf, workerOf } from '../../../src/runtime/address.ts';
import type { Address, Message, SnapshotName } from '../../../src/runtime/ports.ts';
import type { World } from '../world.ts';
import { Bucket } from './bucket.ts';
import { NodeProcess } from './process.ts';
import { Network, SharedLog } from './servers.ts';
import type { Hosted, Host, Surroundings } from './surroundings.ts';
import type { Thread } from './thread.ts';

const RATE_ERROR = 0.01;

export interface Machine extends Host {
  process: NodeProcess | undefined;
  /** Nobody starts it again. */
  isOff: boolean;
}

export class Nodes implements Surroundings {
  readonly world: World;
  readonly log: SharedLog;
  readonly network: Network;
  readonly bucket: Bucket;
  readonly snapshots = new Map<SnapshotName, Uint8Array>();
  readonly machines: Machine[] = [];
  readonly counts = {
    declaredDead: 0,
    clocksOff: 0,
    fetched: 0,
    waiting: 0,
    failedFetches: 0,
    ended: 0,
  };
  /** A lease, a table, an owner or a shard's phase changed. */
  isTouched = false;
  /** Tells a person what happens; by hand. */
  trace: (what: string) => void = () => undefined;
  /** What ended processes by themselves. */
  readonly failures: string[] = [];

  constructor(world: World) {
    this.world = world;
    this.log = new SharedLog(world);
    this.network = new Network(world);
    this.bucket = new Bucket(world);
  }

  add(name: string, workers: number): Machine {
    const { dice } = this.world;
    const clock = { offsetMs: (dice.next() - 0.5) * 300, rate: 1 + (dice.next() - 0.5) * 2 * RATE_ERROR };
    const machine: Machine = { name, workers, clock, process: undefined, isOff: false };
    this.machines.push(machine);
    this.start(machine);
    return machine;
  }

  start(machine: Machine): void {
    if (machine.process !== undefined || machine.isOff) return;
    const process = new NodeProcess(this, machine);
    machine.process = process;
    process.run().catch((error: unknown) => {
      this.counts.ended++;
      this.trace(`${machine.name} ends: ${(error as Error).message}`);
      this.failures.push(`${machine.name}: ${(error as Error).message}`);
      this.#restart(machine, process, 300);
    });
  }

  /** Kill -9: memory, timers and what has not left yet are gone. */
  kill(machine: Machine, downMs: number): void {
    this.trace(`${machine.name} is killed`);
    if (machine.process !== undefined) this.#restart(machine, machine.process, downMs);
  }

  /** SIGTERM, and the supervisor starts it again. */
  leave(machine: Machine, downMs: number): void {
    const { process } = machine;
    if (process === undefined || !process.isServing) return;
    process.life.reach(() => void process.leave().then(() => this.#restart(machine, process, downMs)));
  }

  get threads(): Thread[] {
    return this.machines.flatMap(({ process }) => process?.threads?.living ?? []);
  }

  carry(from: Hosted, to: Address, message: Message): void {
    const target = this.#processOf(memberOf(to));
    const arrive = (): void => {
      const thread = target?.threads?.at(workerOf(to));
      thread?.life.reach(() => thread.router.receive(message));
    };
    if (target === from) this.world.at(this.world.dice.next(), arrive);
    else if (target !== undefined) this.network.carry(from.machine.name, target.machine.name, arrive);
  }

  /** @throws when there is no answer in time, or a failure */
  call(from: Hosted, member: number, name: string, value: unknown, withinMs: number): Promise<void> {
    const target = this.#processOf(member);
    return new Promise((resolve, reject) => {
      from.life.after(withinMs, () => reject(new Error('no answer')));
      if (target === undefined) return;
      const [here, there] = [from.machine.name, target.machine.name];
      const back = (run: () => void): void => this.network.carry(there, here, () => from.life.reach(run));
      this.network.carry(here, there, () =>
        target.life.reach(
          () =>
            void target.call(name, value).then(
              () => back(resolve),
              (error: Error) => back(() => reject(error)),
            ),
        ),
      );
    });
  }

  tellAll(from: Hosted, name: string, value: unknown): void {
    for (const { process } of this.machines) {
      if (process === undefined || process === from) continue;
      this.network.carry(from.machine.name, process.machine.name, () =>
        process.life.reach(() => void process.call(name, value)),
      );
    }
  }

  /** All faults end; what is down comes up. */
  calm(): void {
    this.network.heal();
    for (const machine of this.machines) {
      machine.clock.offsetMs = 0;
      const { process } = machine;
      process?.life.thaw();
      if (process !== undefined) process.link.lagMs = 0;
      for (const { life } of process?.threads?.living ?? []) life.thaw();
    }
  }

  #restart(machine: Machine, process: NodeProcess, downMs: number): void {
    if (machine.process !== process) return;
    process.life.die();
    machine.process = undefined;
    this.world.at(downMs, () => this.start(machine));
  }

  #processOf(member: number): NodeProcess | undefined {
    return this.machines.find(({ process }) => process !== undefined && process.member === member)?.process;
  }
}
