import type { Scheduler } from 'fast-check';
import type { TokenRecord } from '../src/store/tokenStore.ts';
import { fakeClock, settled } from '../test/scriptedProvider.ts';
import { acts, type Scene } from './acts.ts';
import { AuthServer } from './authServer.ts';
import type { ApiAnswer, Happening, Life } from './life.ts';
import { Place } from './place.ts';
import type { Surroundings } from './surroundings.ts';
import { Tab } from './tab.ts';

/** More than any life takes to come to rest. */
const mostSteps = 1_000;

/** The servers, the store and the tabs of one life. */
export class World implements Scene {
  /** The invariants that did not hold. */
  readonly wrong: Set<string> = new Set();
  readonly around: Surroundings;
  readonly server: AuthServer;
  readonly place: Place;
  readonly tabs: readonly Tab[];
  setBackMs = 0;
  setMs = 0;
  readonly nextApiAnswer: () => ApiAnswer;
  readonly #life: Life;
  readonly #scheduler: Scheduler;
  #isEnding = false;
  #others = 0;

  constructor(life: Life, scheduler: Scheduler) {
    this.#life = life;
    this.#scheduler = scheduler;
    const clock = fakeClock();
    this.around = {
      clock,
      uptime: () => clock.now() - this.setMs,
      later: (what, happen) => scheduler.schedule(Promise.resolve(), what).then(happen),
      wrong: what => void this.wrong.add(what),
      plan: (answers, otherwise) => {
        const planned = answers.values();
        return () => {
          const { done, value } = planned.next();
          return done || this.#isEnding ? otherwise : value;
        };
      },
    };
    this.server = new AuthServer(life, this.around);
    this.nextApiAnswer = this.around.plan(life.apiAnswers, 'takes');
    this.place = new Place(life, this.around, life.isSignedIn ? this.othersRecord() : null);
    const makeTab = () => new Tab(life, this.around, this.place, this.server);
    this.tabs = Array.from({ length: this.place.isShared ? life.tabs : 1 }, makeTab);
  }

  othersRecord(): TokenRecord {
    const { accessToken } = this.server.mint(this.server.newUser());
    const receivedAt = this.around.clock.now();
    return {
      v: 1,
      session: `others-${++this.#others}`,
      version: 1,
      accessToken,
      refreshToken: `refresh-${accessToken}`,
      receivedAt,
      expiresAt: receivedAt + 60_000,
    };
  }

  /** @returns the invariants that did not hold, of the first step after which one did not */
  async live(): Promise<readonly string[]> {
    const builders = this.#life.steps.map(step => ({
      label: step.map(({ act }) => act).join(', '),
      builder: () => this.#happen(step),
    }));
    this.#scheduler.scheduleSequence(builders);
    await this.#allHappens();
    if (this.wrong.size > 0) return [...this.wrong];
    this.#isEnding = true;
    if (this.#life.ends === 'disposed') await this.#dispose();
    else await this.#end();
    return [...this.wrong];
  }

  async #happen(step: readonly Happening[]): Promise<void> {
    for (const { act, tab, share, turns } of step) {
      const chosen = this.tabs[tab % this.tabs.length];
      if (chosen) await acts[act](this, chosen, share);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    }
  }

  /** Everything happens that is under way, in the scheduler's order; the invariants are checked after each step. */
  async #allHappens(): Promise<void> {
    for (let count = 0; this.#scheduler.count() > 0 && this.wrong.size === 0; count++) {
      if (count === mostSteps) return this.around.wrong('it does not come to rest');
      for (const { witness } of this.tabs) witness.stepBegins();
      await this.#scheduler.waitNext(1);
      await settled();
      for (const tab of this.tabs) tab.check();
    }
  }

  /** Every server and the store answer, and the time passes that the longest of all waits may last. */
  async #allIsAnswered(): Promise<void> {
    this.around.clock.jump(this.setBackMs);
    this.setMs += this.setBackMs;
    for (let round = 0; round < 12; round++) {
      await this.#allHappens();
      for (const { witness } of this.tabs) witness.stepBegins();
      await this.around.clock.advance(6_000);
    }
    if (this.around.clock.timers.length > 0) this.around.wrong('a timer that is left');
  }

  async #end(): Promise<void> {
    await this.#allIsAnswered();
    const { wrong } = this.around;
    const { kept, isAlone, isReliable } = this.place;
    const hearsOfOthers = isAlone || this.#life.hasNotices;
    for (const { auth, waits, lacksStore, lacksLoads } of this.tabs) {
      if (auth.state.renewing) wrong('a renewal without an end');
      if (waits.size > 0) wrong('a wait without an end');
      const tokens = auth.fresh();
      const isSame = tokens === undefined || tokens?.accessToken === kept?.accessToken;
      const isSaved = !lacksStore || (isAlone && isReliable && !lacksLoads);
      if (!isSame && hearsOfOthers && isSaved) wrong('memory and the store do not agree');
    }
  }

  /** In the middle of everything: nothing may come of it any more. */
  async #dispose(): Promise<void> {
    for (const tab of this.tabs) tab.dispose();
    await settled();
    for (const { waits } of this.tabs) if (waits.size > 0) this.around.wrong('a wait that outlives the token manager');
    await this.#allIsAnswered();
  }
}
