import { checkOptions } from './checkOptions.ts';
import { createManager } from './createManager.ts';
import { decide } from './decide.ts';
import { tokenError } from './errors/tokenError.ts';
import { requestEnded } from './renewal/renewal.ts';
import { freshTokens, joinWait, renewNow, successorOf } from './renewal/tokenAccess.ts';
import { disposeSession } from './session/session.ts';
import { onEvent } from './session/tokenEvents.ts';
import { checkSignal, withSignal, withWaitLimit } from './session/waitingList.ts';
import type { TokenManager } from './tokenManager.ts';
import type { TokenManagerOptions } from './tokenManagerOptions.ts';
import { createRequestHeaders } from './tokens/requestHeaders.ts';
import type { TokenParts } from './tokens/tokenSet.ts';
import { adopt, restore, signIn, signOut } from './userActs.ts';

/**
 * Makes the token manager of one session.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function createTokenManager<Credentials = unknown, Answer extends TokenParts = TokenParts>(
  options: TokenManagerOptions<Credentials, Answer>,
): TokenManager<Credentials, Answer> {
  checkInDevelopment(options);
  const manager = createManager(options as unknown as TokenManagerOptions<never>);
  const { session } = manager;
  const fresh = freshTokens.bind(undefined, manager);
  const waitFor = joinWait.bind(undefined, manager);
  const get: TokenManager['get'] = async ({ signal } = {}) => {
    checkSignal(signal);
    const ready = fresh();
    return ready !== undefined ? ready : new Promise((resume, fail) => waitFor({ resume, fail }, signal));
  };
  return {
    fresh,
    get,
    async restore(how) {
      checkSignal(how?.signal);
      restore(manager);
      return get(how);
    },
    async renew({ refused, signal } = {}) {
      checkSignal(signal);
      if (!manager.renews) throw renewalIsNever();
      return withSignal(withWaitLimit(session, refused ? successorOf(manager, refused) : renewNow(manager)), signal);
    },
    signIn: credentials => signIn(manager, credentials) as Promise<Omit<Answer, keyof TokenParts>>,
    adopt: adopt.bind(undefined, manager),
    signOut: signOut.bind(undefined, manager),
    headers: createRequestHeaders(options.headers),
    get state() {
      return session.snapshot;
    },
    initialState: session.snapshot,
    subscribe(listener) {
      session.listeners.add(listener);
      const { status } = session.state;
      const isRestoring = Boolean(options.restore) && (status === 'loading' || status === 'restoring');
      if (isRestoring) waitFor({ resume() {}, fail() {} });
      return () => void session.listeners.delete(listener);
    },
    on: (name, listener) => onEvent(session.events, name, listener),
    dispose() {
      const { flight } = session;
      disposeSession(session);
      manager.store?.close(flight ? requestEnded(flight) : Promise.resolve());
      manager.closing.abort();
    },
    decide: decide.bind(undefined, manager),
    waitFor,
    receivesTokens: options.receive !== undefined,
    manager: () => manager,
  };
}

function checkInDevelopment(options: object): void {
  let check: typeof checkOptions | undefined;
  try {
    if (process.env.NODE_ENV !== 'production') check = checkOptions;
  } catch {
    // a page without a bundler has no `process` and counts as production
  }
  check?.(options as TokenManagerOptions<never>);
}

const renewalIsNever = () =>
  tokenError(
    'misconfigured',
    () => process.env.NODE_ENV !== 'production' && 'Option "renewal" is "never". Leave it out to renew.',
  );
