import type { FleetMember } from './member.ts';
import type { FleetStage } from './stage.ts';

/** What is compared at the end. */
const stateOf = ({ tokens, auth }: FleetMember): string =>
  tokens ? [tokens.accessToken, tokens.refreshToken, tokens.subject].join(' ') : auth.state.status;

/** The end of a life: everybody goes on without faults, and looks; then all have to be equal. */
export class FleetEnd {
  readonly #stage: FleetStage;

  constructor(stage: FleetStage) {
    this.#stage = stage;
  }

  async run(mostSteps: number): Promise<void> {
    const { world, network, members } = this.#stage;
    network.isFaulty = false;
    for (const { process } of members) process.thaw();
    world.report.log(() => '-- quiet');
    for (const ms of [5_000, 80_000, 160_000]) {
      world.timeline.after(ms, () => this.#look());
      world.timeline.after(ms + 600, () => {
        for (const member of this.#living()) this.#stage.operate(member);
      });
    }
    for (const ms of [220_000, 225_000, 230_000]) world.timeline.after(ms, () => this.#look());
    await world.timeline.run(240_000, mostSteps);
    this.#check();
    for (const member of this.#living()) member.dispose();
    await world.timeline.run(60_000, mostSteps);
    this.#checkClosed();
  }

  #living(): readonly FleetMember[] {
    return this.#stage.members.filter(({ isAlive }) => isAlive);
  }

  #look(): void {
    for (const { connection } of this.#living()) this.#stage.place.look(connection);
  }

  #check(): void {
    const { world, members, operations } = this.#stage;
    const { report } = world;
    if (operations.open > 0 && !members.some(({ process }) => process.isKilled))
      report.violated('an operation waits for ever', `${operations.open}`);
    const states = new Set(this.#living().map(stateOf));
    if (states.size > 1) report.violated('the managers are not equal', [...states].join(' | '));
    this.#checkSession();
    if (!this.#stage.isService) this.#checkLastAct();
  }

  #checkSession(): void {
    const { world, network, isService } = this.#stage;
    const { report } = world;
    for (const { tokens, name } of this.#living()) {
      const family = network.server.familyOf(tokens?.accessToken);
      if (family?.isSignedOut && report.excuses.size === 0) report.violated('a sign-out did not stay', name);
      if (isService && !tokens) report.violated('a service is signed out', name);
      if (family?.isRevoked && !family.isExcused && !family.isSignedOut && report.excuses.size === 0)
        report.violated('the tokens of a session that is on were revoked', `${name} ${family.id}`);
    }
  }

  #checkLastAct(): void {
    const { world, acts, members } = this.#stage;
    const { last } = acts;
    if (!last || !acts.isLastCertain || world.report.excuses.size > 0) return;
    const hasExpired = members.some(({ history }) => history.hasExpired);
    for (const { tokens, name } of this.#living())
      if (tokens?.subject !== last.subject && !(hasExpired && !tokens))
        world.report.violated('the last act did not win', `${name} has ${tokens?.subject}, not ${last.subject}`);
  }

  #checkClosed(): void {
    const { members, world } = this.#stage;
    for (const { process, closes, name } of members)
      if (!process.isKilled && closes !== 1) world.report.violated('a place was not closed', name);
  }
}
