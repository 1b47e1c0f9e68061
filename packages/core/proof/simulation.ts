import type { Scheduler } from 'fast-check';
import type { Entry } from '../src/store/place.ts';
import { beginningAfter, epochOf, isStamp, sameTimeMs } from '../src/store/stamp.ts';
import type { TokenRecord } from '../src/store/tokenRecord.ts';
import { fakeClock, settled } from '../test/scriptedProvider.ts';
import { type ActionContext, actions } from './actions.ts';
import { AuthServer } from './authServer.ts';
import { type Environment, requestTimeoutMs } from './environment.ts';
import { familyOf } from './history.ts';
import type { ApiAnswer, PlannedAction, Reaction, Scenario } from './scenario.ts';
import { SimulatedStorage } from './simulatedStorage.ts';
import { type ActOptions, Tab } from './tab.ts';

/** No scenario needs as many steps of the scheduler. */
const mostSteps = 1_500;
/** A renewal that waits for the lock ends after three times the time of a token request. */
const longestMs = 4 * requestTimeoutMs;
const roundMs = 6_000;

/** The last sign-in or sign-out: it wins. */
interface Act {
  readonly by: object;
  /** That of the tokens of a sign-in; `null`: a sign-out. */
  readonly family: string | null;
  readonly at: number;
  /** Whether the clocks decide between it and the act before as the order of the calls does. */
  readonly isCertain: boolean;
}

/** Runs one scenario with simulated servers, a storage and tabs. */
export class Simulation implements ActionContext {
  /** The invariants that did not hold. */
  readonly violations: Set<string> = new Set();
  readonly env: Environment;
  readonly server: AuthServer;
  readonly storage: SimulatedStorage;
  readonly scenario: Scenario;
  readonly tabs: Tab[];
  /** The tabs that were disposed of during the scenario. */
  readonly #closedTabs: Tab[] = [];
  setBackMs = 0;
  setMs = 0;
  clockSets = 0;
  readonly nextApiAnswer: () => ApiAnswer;
  readonly noteAct: ActionContext['noteAct'] = (by, family, options) => this.#noteAct(by, family, options);
  readonly #scheduler: Scheduler;
  readonly #nextReaction: () => Reaction;
  #lastAct: Act | undefined;
  /** Whether a session was seen that a clock has stamped that was ahead. */
  #isAhead = false;
  #isEnding = false;

  constructor(scenario: Scenario, scheduler: Scheduler) {
    this.scenario = scenario;
    this.#scheduler = scheduler;
    this.env = this.#createEnvironment();
    this.server = new AuthServer(scenario, this.env, () => this.storage);
    this.nextApiAnswer = this.env.plan(scenario.apiAnswers, 'accepts');
    this.#nextReaction = this.env.plan(scenario.reactions, 'none');
    const record = scenario.isSignedIn ? this.recordFromElsewhere() : undefined;
    const entry = record && { stamp: beginningAfter(undefined, this.env.clock.now()), record };
    this.storage = new SimulatedStorage(scenario, this.env, entry);
    if (record) this.noteAct(this.storage, familyOf(record));
    this.storage.overtake = () => actions.signInElsewhere(this, this.tabs[0] as Tab, 0.5);
    this.tabs = Array.from({ length: scenario.tabs }, () => this.#openTab());
  }

  recordFromElsewhere(user: string = this.server.newUser()): TokenRecord {
    const { accessToken } = this.server.issue(user);
    const receivedAt = this.env.clock.now();
    return {
      v: 1,
      accessToken,
      refreshToken: `refresh-${accessToken}`,
      receivedAt,
      expiresAt: receivedAt + 60_000,
      ...(this.scenario.hasSubjects && { subject: user }),
    };
  }

  replaceTab(tab: Tab): void {
    if (this.scenario.store === 'none' || this.#closedTabs.length > 2) return;
    this.storage.hasOneWriter = false;
    // what is refused for a clock that is ahead is not saved again after dispose
    if (this.#isAhead && this.#lastAct?.by === tab) this.#lastAct = { ...this.#lastAct, isCertain: false };
    tab.dispose();
    this.#closedTabs.push(tab);
    this.tabs[this.tabs.indexOf(tab)] = this.#openTab();
  }

  /** @returns the invariants that did not hold after the first step with a violation */
  async run(): Promise<readonly string[]> {
    const builders = this.scenario.steps.map(step => ({
      label: step.map(({ action }) => action).join(', '),
      builder: () => this.#runStep(step),
    }));
    this.#scheduler.scheduleSequence(builders);
    await this.#runScheduled();
    if (this.violations.size > 0) return [...this.violations];
    this.#isEnding = true;
    if (this.scenario.ends === 'disposed') await this.#dispose();
    else await this.#checkEnd();
    return [...this.violations];
  }

  #createEnvironment(): Environment {
    const clock = fakeClock();
    return {
      clock,
      elapsedMs: () => clock.now() - this.setMs,
      clockSets: () => this.clockSets,
      isSetBack: () => this.setBackMs > 0,
      schedule: (label, run) => this.#scheduler.schedule(Promise.resolve(), label).then(run),
      violated: invariant => void this.violations.add(invariant),
      plan: (answers, fallback) => {
        const planned = answers.values();
        return () => {
          const { done, value } = planned.next();
          return done || this.#isEnding ? fallback : value;
        };
      },
    };
  }

  #openTab(): Tab {
    const { env, storage, server, noteAct } = this;
    return new Tab(this.scenario, { env, storage, server, noteAct, react: tab => this.#react(tab) });
  }

  /** Two acts in one millisecond, or of clocks that differ, are ordered where one has seen the other. */
  #noteAct(by: object, family: string | null, { isAhead, isCertain = true }: ActOptions = {}): void {
    const before = this.#lastAct;
    const at = this.env.clock.now();
    if (isAhead || this.setBackMs > 0) this.#isAhead = true;
    const isOrdered = !before || (before.by === by && before.isCertain) || !this.#isTie(before.at, at);
    const isSeen = !this.#isAhead || this.storage.isIdle;
    this.#lastAct = { by, family, at, isCertain: isCertain && isOrdered && isSeen };
  }

  actsAreUncertain(): void {
    if (this.#lastAct && !this.storage.isIdle) this.#lastAct = { ...this.#lastAct, isCertain: false };
  }

  /** Whether two acts are of one time, as far as the clocks tell. */
  #isTie(before: number, at: number): boolean {
    const { entry } = this.storage;
    const held = isStamp(entry?.stamp) ? epochOf(entry.stamp) : before;
    return before === at || (held >= at && held <= at + sameTimeMs);
  }

  async #runStep(step: readonly PlannedAction[]): Promise<void> {
    for (const { action, tab: index, fraction, microtasks } of step) {
      const tab = this.tabs[index % this.tabs.length];
      if (tab) await actions[action](this, tab, fraction);
      for (let microtask = 0; microtask < microtasks; microtask++) await Promise.resolve();
    }
  }

  #react(tab: Tab): void {
    const reaction = this.#nextReaction();
    if (reaction !== 'none') actions[reaction](this, tab, 0.5);
  }

  get #allTabs(): readonly Tab[] {
    return [...this.tabs, ...this.#closedTabs];
  }

  /** Runs all pending work in the order of the scheduler, and checks the invariants after each step. */
  async #runScheduled(): Promise<void> {
    for (let count = 0; this.#scheduler.count() > 0 && this.violations.size === 0; count++) {
      if (count === mostSteps) return this.env.violated('the simulation did not settle');
      for (const { history } of this.#allTabs) history.startStep();
      await this.#scheduler.waitNext(1);
      await settled();
      for (const tab of this.tabs) tab.checkInvariants();
      this.server.checkInvariants();
    }
  }

  /** Answers all calls, and advances the clock beyond the longest time limit of the core. */
  async #answerAll(): Promise<void> {
    const { clock } = this.env;
    if (this.setBackMs > 0) this.clockSets++;
    clock.jump(this.setBackMs);
    this.setMs += this.setBackMs;
    this.setBackMs = 0;
    for (let ms = 0; ms <= longestMs && (clock.timers.length > 0 || this.#scheduler.count() > 0); ms += roundMs) {
      await this.#runScheduled();
      for (const { history } of this.#allTabs) history.startStep();
      await clock.advance(roundMs);
    }
    if (clock.timers.length > 0) this.env.violated('a timer was left');
    if (this.storage.lock.holds.size > 0) this.env.violated('the lock was not let go');
  }

  async #checkEnd(): Promise<void> {
    await this.#answerAll();
    for (const { auth, waiters } of this.tabs) {
      if (auth.state.renewing) this.env.violated('a renewal did not end');
      if (waiters.size > 0) this.env.violated('a call was not settled');
    }
    this.#checkClosed();
    const { hasNotices, store } = this.scenario;
    if (store === 'none') return;
    if (this.storage.isReliable && (hasNotices || this.storage.hasOneWriter)) this.#checkAgreement();
    if (store === 'place') this.#checkLastAct();
    await this.#reconnect();
    if (store === 'place') this.#checkAgreement();
  }

  /** The greatest entry is put back, and all take it; a renewal may follow. */
  async #reconnect(): Promise<void> {
    let before: Entry | undefined;
    let rounds = 0;
    do {
      before = this.storage.entry;
      await this.env.clock.advance(roundMs);
      this.storage.reconnect();
      await this.#answerAll();
      if (++rounds === 10) return this.env.violated('the saves did not end');
    } while (rounds < 2 || before !== this.storage.entry);
  }

  /** Memory and the place hold the same. */
  #checkAgreement(): void {
    const { record } = this.storage;
    for (const { accessToken } of this.tabs)
      if (accessToken !== record?.accessToken) this.env.violated('memory and the store differ');
  }

  /** The last sign-in or sign-out stays, unless the auth server has rejected its tokens. */
  #checkLastAct(): void {
    const { family = null, isCertain = false } = this.#lastAct ?? {};
    if (!isCertain || !this.storage.isReliable || this.scenario.hasCredentials) return;
    const { record } = this.storage;
    const isKept = family === (record ? familyOf(record) : null);
    const mayBeOver = family !== null && this.server.endedFamilies.has(family);
    if (!isKept && !mayBeOver) this.env.violated('the last act was lost');
  }

  /** Disposes the tabs during pending work; only what answers a token request that was sent is still saved. */
  async #dispose(): Promise<void> {
    for (const tab of this.tabs) tab.dispose();
    await settled();
    for (const { waiters } of this.#allTabs) if (waiters.size > 0) this.env.violated('dispose did not settle a call');
    await this.#answerAll();
    this.#checkClosed();
  }

  #checkClosed(): void {
    for (const { isDisposed, mustBeSaved } of this.#allTabs)
      if (isDisposed && mustBeSaved.size > 0)
        this.env.violated('the answer to a token request was not saved after dispose');
    for (const { user, isClosed } of this.storage.connections)
      if (user.isDisposed && !isClosed) this.env.violated('a place was not closed');
  }
}
