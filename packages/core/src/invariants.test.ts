import { expect, test } from 'vitest';
import { memoryStore } from './memoryStore.ts';
import {
  fakeClock,
  minutes,
  outcome,
  refusal,
  type ScriptedProvider,
  scriptedProvider,
  settled,
  success,
} from './scriptedProvider.ts';
import { TokenError } from './tokenError.ts';
import type { TokenSet } from './tokenSet.ts';
import type { TokenStore } from './tokenStore.ts';

// Lives of sessions made up by chance, the same chance each time: whatever happens in whatever order, some things hold.

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Tokens of this world look like `user.number`. */
const userOf = ({ accessToken }: { readonly accessToken: string }) => accessToken.split('.')[0] ?? '';

class World {
  readonly chance: () => number;
  readonly clock = fakeClock();
  readonly managers: ScriptedProvider[] = [];
  readonly kept = memoryStore();
  readonly wrong: string[] = [];
  readonly seen: TokenSet[] = [];
  readonly users = new Map<string, string>();
  waiting = 0;
  count = 0;

  constructor(seed: number) {
    this.chance = chanceOf(seed);
    const [hasLock, hasNotices, isSlow] = [this.chance() < 0.6, this.chance() < 0.6, this.chance() < 0.5];
    const { lock, subscribe, load, save } = this.kept;
    const later = async () => {
      for (let turns = this.upTo(3); turns > 0; turns--) await settled();
    };
    const store: TokenStore = {
      load: () => (isSlow ? later().then(load) : load()),
      save: (record, expected) => (isSlow ? later().then(() => save(record, expected)) : save(record, expected)),
      ...(hasLock && lock && { lock }),
      ...(hasNotices && subscribe && { subscribe }),
    };
    const isShared = hasNotices && this.chance() < 0.5;
    const receive = (headers: Headers) => headers.get('x-token');
    for (let index = isShared ? 2 : 1; index > 0; index--)
      this.managers.push(
        scriptedProvider({ store, clock: this.clock, receive, restore: this.chance() < 0.2, renewAheadMs: 1_000 }),
      );
  }

  upTo = (most: number) => Math.floor(this.chance() * (most + 1));
  pick = <T>(choices: readonly T[]): T | undefined => choices[this.upTo(choices.length - 1)];

  /** A token set that somebody was given. */
  see(tokens: TokenSet | null | undefined): void {
    if (!tokens) return;
    this.seen.push(tokens);
    const user = this.users.get(tokens.session) ?? userOf(tokens);
    if (user !== userOf(tokens)) this.wrong.push(`${tokens.accessToken} in the session of ${user}`);
    this.users.set(tokens.session, user);
  }

  wait(promise: Promise<TokenSet | null | undefined> | undefined, refused?: TokenSet): void {
    if (!promise) return;
    this.waiting++;
    const came = (tokens: TokenSet | null | undefined) => {
      this.waiting--;
      this.see(tokens);
      if (refused && tokens?.session !== refused.session) this.wrong.push('a successor in another session');
      if (refused && tokens?.accessToken === refused.accessToken) this.wrong.push('the refused token as successor');
    };
    const failed = (error: unknown) => {
      this.waiting--;
      if (!TokenError.is(error)) this.wrong.push(`a rejection with ${String(error)}`);
    };
    promise.then(came, failed);
  }

  answer({ renewals, signIns }: ScriptedProvider, isKind: boolean): void {
    const next = (user: string) => ({ accessToken: `${user}.${++this.count}`, expiresInS: isKind ? 86_400 : 60 });
    for (const call of renewals.calls.splice(0)) {
      const { current } = call.given;
      const kind = isKind ? 0 : this.chance();
      if (kind < 0.6) void call.answer(next(current ? userOf(current) : `user${++this.count}`));
      else if (kind < 0.7) void call.answer(null);
      else if (kind < 0.8 && current) void call.answer(current.accessToken);
      else void call.fail(new TokenError('unavailable', 'Gone.', { status: 404 }));
    }
    for (const call of signIns.calls.splice(0)) {
      if (isKind || this.chance() < 0.7) void call.answer(next(call.given.username));
      else void call.answer(null);
    }
  }

  /** One thing that may happen to a manager. */
  async happen(manager: ScriptedProvider): Promise<void> {
    const { auth } = manager;
    const sent = this.pick(this.seen);
    const user = `user${++this.count}`;
    const events: readonly (() => unknown)[] = [
      () => this.see(auth.fresh()),
      () => this.wait(auth.get()),
      () => this.wait(auth.renew()),
      () => sent && this.wait(auth.renew({ refused: sent }), sent),
      () => sent && this.wait(auth.settle(refusal(sent)), sent),
      () => sent && this.wait(auth.settle(success(sent, { response: () => this.bringing(sent) }))),
      () => this.answer(manager, false),
      () => this.answer(manager, false),
      () => void auth.adopt({ accessToken: `${user}.${++this.count}`, expiresInS: 60 }),
      () => void outcome(auth.signIn({ username: user, password: 'a password' })),
      () => {
        void auth.signOut();
        if (auth.fresh() !== null) this.wrong.push('a token after the sign-out');
      },
      () => this.clock.jump(this.upTo(2) * minutes),
      () => this.quiet().then(() => this.clock.advance(this.upTo(3) * 1_000)),
    ];
    await this.pick(events)?.();
    for (let turns = this.upTo(20); turns > 0; turns--) await Promise.resolve();
    if (this.chance() < 0.3) await settled();
  }

  bringing(sent: TokenSet): Pick<Response, 'headers' | 'url' | 'redirected'> {
    const headers = new Headers({ 'x-token': `${userOf(sent)}.${++this.count}` });
    return { headers, url: '', redirected: false };
  }

  /** Long enough for every store to have answered. */
  async quiet(): Promise<void> {
    for (let turns = 0; turns < 20; turns++) await settled();
  }

  /** Everybody gets an answer, and the time that it takes. */
  async end(): Promise<void> {
    for (let round = 0; round < 12; round++) {
      for (const manager of this.managers) this.answer(manager, true);
      await this.quiet();
      await this.clock.advance(2_000);
    }
    const kept = (await this.kept.load())?.accessToken;
    for (const { auth } of this.managers) {
      const tokens = auth.fresh();
      if (tokens !== undefined && tokens?.accessToken !== kept)
        this.wrong.push(`memory has ${tokens?.accessToken}, the store has ${kept}`);
      if (auth.state.renewing) this.wrong.push('a renewal without an end');
    }
    if (this.waiting > 0) this.wrong.push('a wait without an end');
    if (this.clock.timers.length > 0) this.wrong.push('a timer that is left');
  }
}

test.each([1, 2, 3, 4, 5, 6])(
  'whatever happens in whatever order: one user per session, no refused token as its own successor, nothing after a sign-out, memory and store agree, every wait ends (%i)',
  async part => {
    for (let seed = part * 1_000; seed < part * 1_000 + 30; seed++) {
      const world = new World(seed);
      for (let step = 0; step < 40; step++) {
        const manager = world.pick(world.managers);
        if (manager) await world.happen(manager);
      }
      await world.end();
      expect(world.wrong, `seed ${seed}`).toEqual([]);
    }
  },
);
