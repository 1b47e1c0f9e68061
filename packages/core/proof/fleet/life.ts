import { FleetActs } from './acts.ts';
import { FleetProcess, FleetTimeline } from './clock.ts';
import { FleetEnd } from './end.ts';
import { FleetFaults } from './faults.ts';
import { FleetMember } from './member.ts';
import { FleetNetwork } from './network.ts';
import { FleetOperations } from './operation.ts';
import { type FleetPlace, type FleetWorld, KeyValueFleetPlace, type PlaceKind } from './places.ts';
import { FleetRandom } from './random.ts';
import { RedisFleetPlace } from './redis.ts';
import { FleetReport } from './report.ts';
import { FleetServer, isService, type ServerKind } from './servers.ts';
import type { FleetStage } from './stage.ts';
import { TabsFleetPlace } from './tabs.ts';

export interface LifeOptions {
  readonly seed: number;
  readonly place: PlaceKind;
  readonly server: ServerKind;
  readonly isTraced?: boolean;
}

/** From then on there are no faults. */
const quietAtMs = 260_000;
const mostSteps = 60_000;

/** One life of a fleet of managers on one place and one auth server. */
export class FleetLife implements FleetStage {
  readonly world: FleetWorld;
  readonly place: FleetPlace;
  readonly network: FleetNetwork;
  readonly acts: FleetActs;
  readonly operations: FleetOperations;
  readonly members: FleetMember[] = [];
  readonly isService: boolean;
  readonly #isAimed: boolean;
  readonly #isSkewed: boolean;
  readonly #faults: FleetFaults;

  constructor({ seed, place, server, isTraced = false }: LifeOptions) {
    const timeline = new FleetTimeline();
    const random = new FleetRandom(seed);
    const report = new FleetReport(timeline, isTraced);
    this.world = { timeline, random, report };
    this.place = placeOf(place, this.world);
    this.isService = isService(server);
    const hasCookie = place === 'tabs' && !this.isService;
    const options = { hasCookie, isLocked: this.place.hasLock, obeysSignal: random.chance(0.8) };
    this.network = new FleetNetwork(this.world, new FleetServer(server, timeline, report), options);
    this.acts = new FleetActs(this.world, this.network);
    this.operations = new FleetOperations(this.world, this.network.server);
    this.#isAimed = random.chance(0.4);
    this.#isSkewed = random.chance(0.5);
    this.#faults = new FleetFaults(this);
  }

  /** Resolves to the report. */
  async run(): Promise<FleetReport> {
    const { timeline, report } = this.world;
    try {
      this.#begin();
      await timeline.run(quietAtMs, mostSteps);
      await new FleetEnd(this).run(mostSteps);
    } catch (thrown) {
      report.violated('the life does not end', String((thrown as Error)?.stack ?? thrown));
    }
    return report;
  }

  join(): FleetMember {
    const { world, place, network, members } = this;
    const { random, timeline } = world;
    const member = new FleetMember({
      name: `m${members.length}`,
      world,
      process: new FleetProcess(timeline, this.#isSkewed ? random.int(-5_000, 5_000) : 0),
      place,
      network,
      isAimed: () => this.#isAimed && timeline.elapsedMs < 200_000,
      freeze: (frozen, ms) => this.freeze(frozen, ms),
    });
    members.push(member);
    return member;
  }

  freeze(member: FleetMember, ms: number): void {
    this.#faults.standStill(member, `${member.name} stands still for ${ms} ms`);
    member.process.freeze(ms);
  }

  kill(member: FleetMember): void {
    this.#faults.standStill(member, `${member.name} was killed`);
    if (member.openActs > 0) this.world.report.excuse('an act was lost with its process');
    member.process.isKilled = true;
    this.place.ended(member.process);
  }

  dispose(member: FleetMember): void {
    this.#faults.noteEnd(member);
    member.dispose();
  }

  operate(member: FleetMember, bringsToken = false): void {
    member.process.deliver(() => {
      if (!member.isDisposed) void this.operations.start(member, { bringsToken });
    });
  }

  #begin(): void {
    const { world, members } = this;
    const { timeline, random } = world;
    const count = random.int(2, 4);
    const first = this.join();
    if (!this.isService) this.acts.signIn(first);
    for (let at = 1; at < count; at++) timeline.after(random.int(200, 250), () => this.join());
    for (let at = random.int(8, 20); at > 0; at--)
      timeline.after(random.int(300, 190_000), () => this.operate(random.pick(members), random.chance(0.1)));
    const bursts = random.int(1, 3); // at the end of the token's life
    for (let burst = 1; burst <= bursts; burst++)
      timeline.after(60_000 * burst + random.int(300, 600), () => {
        for (const member of members) this.operate(member);
      });
    this.#faults.plan();
  }
}

function placeOf(kind: PlaceKind, world: FleetWorld): FleetPlace {
  if (kind === 'redis') return new RedisFleetPlace(world);
  return kind === 'tabs' ? new TabsFleetPlace(world) : new KeyValueFleetPlace(world);
}
