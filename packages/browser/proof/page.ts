import { createTokenManager, readTokens, TokenError, type TokenManager, type TokenParts } from '@latchkey/core';
import { tabStore, webStorageStore } from '../src/index.ts';

// The program of a tab. Its address has the options of the scenario.

export interface TabProgram {
  readonly auth: TokenManager<string>;
  /** What was reported, as `signedOut elsewhere`. */
  readonly events: string[];
  /** The tokens that `fresh()` had in the handler of `pageshow`. */
  readonly atPageShow: (string | null | undefined)[];
  /** Added to the clock. */
  aheadMs: number;
  create(): TokenManager<string>;
  signInAs(user: string): Promise<TokenParts>;
  /** The access token at this time, `null`, or the code of the error. */
  get(at?: number): Promise<string | null>;
}

const options = new URLSearchParams(location.search);
const number = (name: string, otherwise: number) => Number(options.get(name) ?? otherwise);
const isStorage = options.has('storage');
const keepalive = !options.has('plain');
const exclusive = options.has('exclusive');
const tokensOf = (path: string, init: RequestInit) =>
  fetch(path, { method: 'POST', keepalive, ...init }).then(readTokens);

const tab: { -readonly [Key in keyof TabProgram]: TabProgram[Key] } = {
  auth: undefined as never,
  events: [],
  atPageShow: [],
  aheadMs: 0,
  create() {
    const auth = createTokenManager<string>({
      renew: ({ current, signal }) =>
        isStorage
          ? tokensOf('/refresh-body', { body: current?.refreshToken ?? '', signal })
          : tokensOf('/refresh', { credentials: 'include', signal }),
      restore: !isStorage,
      signOut: () => tokensOf('/sign-out', {}),
      store: isStorage ? webStorageStore('session', localStorage) : tabStore('session'),
      exclusive,
      renewTimeoutMs: number('renewTimeoutMs', 10_000),
      lockWaitMs: number('lockWaitMs', 30_000),
      clock: {
        now: () => Date.now() + tab.aheadMs,
        setTimeout: (run, ms) => setTimeout(run, ms),
        clearTimeout: timer => clearTimeout(timer as number),
      },
    });
    auth.on('signedOut', ({ reason }) => tab.events.push(`signedOut ${reason}`));
    auth.on('storeFailed', ({ doing }) => tab.events.push(`storeFailed ${doing}`));
    return auth;
  },
  signInAs: user => tokensOf(`/sign-in?user=${user}${isStorage ? '&body' : ''}`, {}) as Promise<TokenParts>,
  async get(at = 0) {
    while (Date.now() < at) await new Promise(resolve => setTimeout(resolve, 1));
    try {
      return (await tab.auth.get())?.accessToken ?? null;
    } catch (thrown) {
      return TokenError.is(thrown) ? thrown.code : String(thrown);
    }
  },
};
addEventListener('pageshow', () => tab.atPageShow.push(tab.auth?.fresh()?.accessToken ?? (tab.auth?.fresh() as null)));
tab.auth = tab.create();
Object.assign(globalThis, { tab });
