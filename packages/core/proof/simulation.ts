import type { Scheduler } from 'fast-check';
import type { TokenRecord } from '../src/store/tokenStore.ts';
import { fakeClock, settled } from '../test/scriptedProvider.ts';
import { type ActionContext, actions } from './actions.ts';
import { AuthServer } from './authServer.ts';
import type { Environment } from './environment.ts';
import type { ApiAnswer, PlannedAction, Reaction, Scenario } from './scenario.ts';
import { SimulatedStorage } from './simulatedStorage.ts';
import { Tab } from './tab.ts';

/** No scenario needs as many steps of the scheduler. */
const mostSteps = 1_000;

/** Runs one scenario with simulated servers, a storage and tabs. */
export class Simulation implements ActionContext {
  /** The invariants that did not hold. */
  readonly violations: Set<string> = new Set();
  readonly env: Environment;
  readonly server: AuthServer;
  readonly storage: SimulatedStorage;
  readonly tabs: readonly Tab[];
  setBackMs = 0;
  setMs = 0;
  readonly nextApiAnswer: () => ApiAnswer;
  readonly #scenario: Scenario;
  readonly #scheduler: Scheduler;
  readonly #nextReaction: () => Reaction;
  #isEnding = false;
  #sessionsElsewhere = 0;

  constructor(scenario: Scenario, scheduler: Scheduler) {
    this.#scenario = scenario;
    this.#scheduler = scheduler;
    const clock = fakeClock();
    this.env = {
      clock,
      elapsedMs: () => clock.now() - this.setMs,
      isSetBack: () => this.setBackMs > 0,
      schedule: (label, run) => scheduler.schedule(Promise.resolve(), label).then(run),
      violated: invariant => void this.violations.add(invariant),
      plan: (answers, fallback) => {
        const planned = answers.values();
        return () => {
          const { done, value } = planned.next();
          return done || this.#isEnding ? fallback : value;
        };
      },
    };
    this.server = new AuthServer(scenario, this.env);
    this.nextApiAnswer = this.env.plan(scenario.apiAnswers, 'accepts');
    this.#nextReaction = this.env.plan(scenario.reactions, 'none');
    const record = scenario.isSignedIn ? this.recordFromElsewhere() : null;
    this.storage = new SimulatedStorage(scenario, this.env, record);
    const openTab = () => new Tab(scenario, this.env, this.storage, this.server, tab => this.#react(tab));
    this.tabs = Array.from({ length: this.storage.isShared ? scenario.tabs : 1 }, openTab);
  }

  recordFromElsewhere(): TokenRecord {
    const { accessToken } = this.server.issue(this.server.newUser());
    const receivedAt = this.env.clock.now();
    return {
      v: 1,
      sessionId: `elsewhere-${++this.#sessionsElsewhere}`,
      version: 1,
      accessToken,
      refreshToken: `refresh-${accessToken}`,
      receivedAt,
      expiresAt: receivedAt + 60_000,
    };
  }

  /** @returns the invariants that did not hold after the first step with a violation */
  async run(): Promise<readonly string[]> {
    const builders = this.#scenario.steps.map(step => ({
      label: step.map(({ action }) => action).join(', '),
      builder: () => this.#runStep(step),
    }));
    this.#scheduler.scheduleSequence(builders);
    await this.#runScheduled();
    if (this.violations.size > 0) return [...this.violations];
    this.#isEnding = true;
    if (this.#scenario.ends === 'disposed') await this.#dispose();
    else await this.#checkEnd();
    return [...this.violations];
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

  /** Runs all pending work in the order of the scheduler, and checks the invariants after each step. */
  async #runScheduled(): Promise<void> {
    for (let count = 0; this.#scheduler.count() > 0 && this.violations.size === 0; count++) {
      if (count === mostSteps) return this.env.violated('the simulation did not settle');
      for (const { history } of this.tabs) history.startStep();
      await this.#scheduler.waitNext(1);
      await settled();
      for (const tab of this.tabs) tab.checkInvariants();
    }
  }

  /** Answers all calls, and advances the clock beyond the longest time limit of the core. */
  async #answerAll(): Promise<void> {
    this.env.clock.jump(this.setBackMs);
    this.setMs += this.setBackMs;
    for (let round = 0; round < 12; round++) {
      await this.#runScheduled();
      for (const { history } of this.tabs) history.startStep();
      await this.env.clock.advance(6_000);
    }
    if (this.env.clock.timers.length > 0) this.env.violated('a timer was left');
  }

  async #checkEnd(): Promise<void> {
    await this.#answerAll();
    const { env } = this;
    const { record, hasOneWriter, isReliable } = this.storage;
    const isNotified = hasOneWriter || this.#scenario.hasNotices;
    for (const { auth, waiters, storeFailed, loadFailed } of this.tabs) {
      if (auth.state.renewing) env.violated('a renewal did not end');
      if (waiters.size > 0) env.violated('a call was not settled');
      const tokens = auth.fresh();
      const isSame = !this.#scenario.hasStore || tokens === undefined || tokens?.accessToken === record?.accessToken;
      const isSaved = !storeFailed || (hasOneWriter && isReliable && !loadFailed);
      if (!isSame && isNotified && isSaved) env.violated('memory and the store differ');
    }
  }

  /** Disposes the tabs during pending work; the answers that follow must have no effect. */
  async #dispose(): Promise<void> {
    for (const tab of this.tabs) tab.dispose();
    await settled();
    for (const { waiters } of this.tabs) if (waiters.size > 0) this.env.violated('dispose did not settle a call');
    await this.#answerAll();
  }
}
