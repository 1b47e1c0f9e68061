import type { Stamp } from '../../src/store/stamp.ts';
import type { FleetMember } from './member.ts';
import type { Breakdown, FleetPlace, FleetWorld } from './places.ts';
import type { FleetStage } from './stage.ts';

/** Managers join as long as there are fewer. */
const mostMembers = 6;

type Fault = (stage: FleetStage, member: FleetMember) => void;

/** Whether somebody else is there. */
const hasOthers = ({ members }: FleetStage, member: FleetMember) =>
  members.some(other => other !== member && other.isAlive);

const users =
  (act: Fault): Fault =>
  (stage, member) => {
    if (!stage.isService && member.isActive) act(stage, member);
  };

const breakdown =
  (how: Breakdown): Fault =>
  ({ place, world, members }) =>
    place.breakDown?.(how, () => {
      if (how !== 'outage') noteNewest({ members, world, kept: place.entry?.stamp });
      world.report.log(() => 'the place works again');
      world.timeline.after(putBackMs, () => checkPutBack(place, members, world));
    });

/** A page from the back/forward cache: what it has in memory may be old. */
function doubt({ place, world }: FleetStage, member: FleetMember): void {
  if (member.isDisposed) return;
  const { status } = member.auth.manager().session.state;
  member.connection.host.doubt();
  if ((status === 'signedIn' || status === 'signedOut') && member.auth.fresh() !== undefined)
    world.report.violated('an old token set may be sent', member.name);
  place.look(member.connection);
}

/** So soon after a loss of data the newest entry is there again. */
const putBackMs = 10_000;

/** Those who were awake all the time have put back what they hold. */
function checkPutBack(place: FleetPlace, members: readonly FleetMember[], { report, timeline }: FleetWorld): void {
  if (!place.isUp || timeline.now - place.upSince < putBackMs) return;
  const kept = place.entry?.stamp ?? '';
  for (const { isActive, process, greatest, name, openActs, openSaves } of members)
    if (isActive && process.awakeForMs > putBackMs && greatest > kept && openActs + openSaves === 0)
      report.violated('an entry was not put back', `${name} ${greatest}`);
}

/** What happens in a life, besides operations. */
const happenings: Readonly<Record<string, Fault>> = {
  freeze: (stage, member) => {
    if (member.process.isAwake) stage.freeze(member, stage.world.random.int(1_000, 60_000));
  },
  kill: (stage, member) => {
    if (member.process.isAwake && hasOthers(stage, member)) stage.kill(member);
  },
  dispose: (stage, member) => {
    if (member.isActive && hasOthers(stage, member)) stage.dispose(member);
  },
  outage: breakdown('outage'),
  loss: breakdown('loss'),
  failover: breakdown('failover'),
  signOut: users(({ acts }, member) => {
    if (member.tokens) acts.signOut(member);
  }),
  signIn: users(({ acts }, member) => acts.signIn(member)),
  signInAgain: users(({ acts }, member) => acts.signIn(member, true)),
  twoSignIns: users(({ acts, members, world }, member) => {
    const others = members.filter(other => other !== member && other.isActive);
    acts.signIn(member);
    if (others.length > 0) acts.signIn(world.random.pick(others));
  }),
  join: stage => {
    if (stage.members.length < mostMembers) {
      const joined = stage.join();
      stage.world.timeline.after(stage.world.random.int(1, 100), () => stage.operate(joined));
    }
  },
  joinAndSignIn: stage => {
    if (!stage.isService && stage.members.length < mostMembers) stage.acts.signIn(stage.join());
  },
  receive: (stage, member) => stage.operate(member, true),
  goBack: (stage, member) => {
    if (!member.isActive) return;
    stage.freeze(member, stage.world.random.int(1_000, 30_000));
    member.process.deliver(() => doubt(stage, member));
  },
};

export class FleetFaults {
  readonly #stage: FleetStage;

  constructor(stage: FleetStage) {
    this.#stage = stage;
  }

  /** Most things happen when tokens end. */
  plan(): void {
    const { timeline, random, report } = this.#stage.world;
    const names = Object.keys(happenings);
    for (let left = random.int(0, 5); left > 0; left--)
      timeline.after(60_000 * random.int(0, 2) + random.int(300, 4_000) - 12_000 * random.int(0, 1), () => {
        const name = random.pick(names);
        const alive = this.#stage.members.filter(({ isAlive }) => isAlive);
        if (alive.length === 0) return;
        const member = random.pick(alive);
        report.log(() => `-- ${name} ${member.name}`);
        happenings[name]?.(this.#stage, member);
      });
  }

  /** What a process that stands still, or has ended, keeps from the others. */
  standStill(member: FleetMember, reason: string): void {
    const { network, world } = this.#stage;
    world.report.log(() => reason);
    network.giveUp(member);
    for (const token of member.unsaved) token.accidents.add('its sender stood still');
    this.noteEnd(member);
  }

  /** A process ends, or stands still: a tab takes its memory with it. */
  noteEnd(member: FleetMember): void {
    const { place, network, members, world } = this.#stage;
    const isMemory = network.options.hasCookie;
    noteNewest({ members, world, kept: isMemory ? undefined : place.entry?.stamp, except: member });
  }
}

interface Newest extends Pick<FleetStage, 'members' | 'world'> {
  /** What the place holds. */
  readonly kept: Stamp | undefined;
  /** Who stands still, or has ended. */
  readonly except?: FleetMember;
}

/** Whether the newest entry is only with processes that cannot share it: others put it back else. */
function noteNewest({ members, world, kept = '', except }: Newest): void {
  let newest = '';
  for (const { greatest } of members) if (greatest > newest) newest = greatest;
  if (kept >= newest) return;
  const isKnown = members.some(other => other !== except && other.isActive && other.greatest >= newest);
  if (!isKnown) world.report.excuse('the newest entry is with a process that stands still or has ended');
}
