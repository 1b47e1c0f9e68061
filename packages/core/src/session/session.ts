import { redactedCause, textsIn } from '../errors/redact.ts';
import { never, type Schedule } from '../renewal/schedule.ts';
import { createBoundedStore } from '../store/boundedStore.ts';
import { isShared, readRecord, recordOf, type TokenRecord, type TokenStore } from '../store/tokenStore.ts';
import type { Clock } from '../time/clock.ts';
import { makeTokenSet, type TokenAnswer, type TokenSet } from '../tokens/tokenSet.ts';
import type { Events, SignOutReason } from './tokenEvents.ts';

/** The session that this manager is in: its token set, and the record of it in the store. */
export interface Session {
  /** `null`: signed out; `undefined`: the store has not been read. */
  readonly tokens: TokenSet | null | undefined;
  readonly schedule: Schedule;
  /** Settles when the store has been read for the first time. Never rejects. */
  readonly loaded: Promise<void>;
  /** Looks whether others who share the store have renewed, signed out or signed in since. Never rejects. */
  reread(): Promise<void>;
  /** A new session, at once in memory; the promise is of the store. @throws TokenError when a token cannot be sent */
  begin(answer: TokenAnswer): Promise<void>;
  /** A successor in the same session: saved first, then used. It loses against what happened meanwhile. */
  replace(previous: TokenSet, next: TokenSet, schedule?: Schedule): Promise<void>;
  /** A successor that a server has put in force already: used at once, then saved. */
  advance(previous: TokenSet, next: TokenSet): Promise<void>;
  /** Over, at once in memory; the promise is of the store. */
  end(reason: SignOutReason): Promise<void>;
  /** Over by the auth server's word, unless others have saved a successor by the time that the record is deleted: then that is taken over. */
  expire(tokens: TokenSet): Promise<void>;
  /** Stops listening to the store. */
  close(): void;
}

/**
 * @param scheduleOf - when to renew a token set
 * @param changed - called after each change of the token set, before the event of it
 */
export function createSession(
  store: TokenStore,
  clock: Clock,
  events: Events,
  scheduleOf: (tokens: TokenSet) => Schedule,
  changed: () => void,
): Session {
  const shared = isShared(store);
  const closing = new AbortController();
  const { signal: closed } = closing;

  const failed = (doing: 'load' | 'save' | 'read', thrown?: unknown, record?: TokenRecord | null) => {
    const secrets = textsIn([session.tokens && recordOf(session.tokens), record]);
    const cause = thrown === undefined ? undefined : redactedCause(thrown, secrets);
    queueMicrotask(() => events.emit('storeFailed', { doing, cause })); // the first load may fail before anybody can listen
  };

  const bounded = createBoundedStore({ store, clock, closed, failed, undone: () => void reread() });
  const { read, write } = bounded;
  /** Its end is being written: it is not written back. */
  let ending: TokenSet | undefined;
  /** The session that was left last: another tab's slow renewal does not bring it back. */
  let left: string | undefined;

  const held = () => (session.tokens && session.tokens !== ending ? recordOf(session.tokens) : null);

  function use(tokens: TokenSet | null, schedule?: Schedule): void {
    session.tokens = tokens;
    session.schedule = schedule ?? (tokens ? scheduleOf(tokens) : never);
    changed();
  }

  function enter(tokens: TokenSet): void {
    use(tokens);
    events.emit('signedIn', { session: tokens.session, expiresAt: tokens.expiresAt });
  }

  function goOn(tokens: TokenSet, schedule?: Schedule): void {
    use(tokens, schedule);
    const { session: id, version, expiresAt } = tokens;
    events.emit('renewed', { session: id, version, expiresAt });
  }

  function leave(reason: SignOutReason): void {
    const before = session.tokens;
    if (before && reason !== 'expired') left = before.session;
    use(null);
    if (before) events.emit('signedOut', { session: before.session, reason });
  }

  /** Takes over what the store holds, where that is news. */
  function take(record: unknown): void {
    const stored = readRecord(record);
    const { tokens } = session;
    if (stored === undefined || (stored && stored.session === left)) {
      if (!stored) failed('read');
      void write(held(), stored ? recordOf(stored) : undefined);
      if (tokens === undefined) use(null);
    } else if (tokens === undefined) {
      use(stored);
    } else if (stored && stored.session === tokens?.session) {
      const isOther = stored.version === tokens.version && stored.accessToken !== tokens.accessToken; // two successors: theirs was saved
      if (stored.version > tokens.version || isOther) goOn(stored);
      else if (stored.version < tokens.version) void write(recordOf(tokens), recordOf(stored)); // or no later save would fit over it
    } else if (shared && (stored || tokens)) {
      if (tokens) leave('elsewhere');
      if (stored) enter(stored);
    }
  }

  async function reread(): Promise<void> {
    await bounded.written;
    if (bounded.isBehind && !closed.aborted) {
      const mine = held();
      await write(mine, mine); // memory knows better than a store that failed, unless others wrote there
    }
    const { written } = bounded;
    await written;
    if (written !== bounded.written) return reread(); // what the store holds now is about to be replaced by us
    const before = session.tokens;
    if (bounded.isBehind || closed.aborted || before === undefined) return;
    try {
      const record = await read(() => store.load());
      if (session.tokens === before && written === bounded.written && !closed.aborted) take(record);
    } catch (thrown) {
      failed('load', thrown);
    }
  }

  /** Reads at once where the store can: then a page knows from its first line whether somebody is signed in. */
  function load(): Promise<void> {
    const notLoaded = (thrown: unknown) => {
      failed('load', thrown);
      if (session.tokens === undefined && !closed.aborted) use(null);
    };
    try {
      const record = store.load();
      const isLater = typeof (record as PromiseLike<unknown> | null)?.then === 'function';
      if (!isLater) return Promise.resolve(take(record));
      return read(() => record).then(loaded => {
        if (session.tokens === undefined && !closed.aborted) take(loaded);
      }, notLoaded);
    } catch (thrown) {
      return Promise.resolve(notLoaded(thrown));
    }
  }

  const session = {
    tokens: undefined as TokenSet | null | undefined,
    schedule: never,
    loaded: Promise.resolve(),
    reread,
    async begin(answer: TokenAnswer) {
      const id = `${clock.now().toString(36)}${Math.random().toString(36).slice(2)}`;
      const tokens = makeTokenSet(answer, { session: id, version: 1 });
      if (session.tokens) leave('replaced');
      const saved = write(recordOf(tokens)); // before anybody is told: whoever hears of it may sign out
      enter(tokens);
      await saved;
    },
    async replace(previous: TokenSet, next: TokenSet, schedule?: Schedule) {
      const isCurrent = () => session.tokens === previous && !closed.aborted;
      for (let tries = 0; tries < 2 && isCurrent(); tries++) {
        const saved = await write(recordOf(next), recordOf(previous));
        if (isCurrent() && saved) return goOn(next, schedule);
        if (isCurrent()) await reread(); // others were faster, or a late save of our own
      }
    },
    async advance(previous: TokenSet, next: TokenSet) {
      const saved = write(recordOf(next), recordOf(previous));
      goOn(next);
      if (!(await saved)) await reread();
    },
    async end(reason: SignOutReason) {
      const cleared = write(null);
      leave(reason);
      await cleared;
    },
    async expire(tokens: TokenSet) {
      if (!shared || bounded.isBehind) return session.end('expired');
      ending = tokens;
      const isLast = await write(null, recordOf(tokens));
      if (!isLast) await reread();
      ending = undefined;
      if (session.tokens === tokens && !closed.aborted) leave('expired');
    },
    close: () => closing.abort(),
  };
  session.loaded = load();
  bounded.listen(() => void reread());
  return session;
}
