import {
  createTokenManager,
  headerReceiver,
  type RenewContext,
  type Store,
  TokenError,
  type TokenManager,
  type TokenManagerOptions,
  type TokenParts,
} from '@latchkey/core';
import type { StoreKind, TestPlace } from './storeKind.ts';
import { type TestClock, testClock } from './testClock.ts';

export const hourMs = 3_600_000;

/** The access token, `null`, or the code of the `TokenError`. */
export const outcome = (promise: Promise<{ readonly accessToken: string } | null>): Promise<unknown> =>
  promise.then(
    tokens => tokens?.accessToken ?? null,
    (error: unknown) => (TokenError.is(error) ? error.code : error),
  );

export const tokensNamed = (name: string, subject?: string): TokenParts => ({
  accessToken: name,
  refreshToken: `r${name}`,
  expiresInS: 3600,
  ...(subject !== undefined && { subject }),
});

export const tokenOf = (auth: TokenManager): string | undefined => auth.fresh()?.accessToken;

/** A token request that the test answers. */
export interface TokenRequest {
  /** The refresh token that was sent; where it is in a cookie, the one that came with the access token. */
  readonly from: string | undefined;
  /** `null`: it is rejected. */
  answer(tokens: TokenParts | null): Promise<void>;
}

/** Where a page stops in its renewal, as a frozen process does. */
export interface Pauses {
  /** After its look at the place, inside the lock. */
  readonly beforeSend?: () => unknown;
  /** After its last look, before it saves the end of a session that the auth server has rejected. Not waited for. */
  readonly beforeEnd?: () => unknown;
}

export const withPauses =
  (store: Store, { beforeSend, beforeEnd }: Pauses): Store =>
  client => {
    const session = store(client);
    const paused: Pick<typeof session, 'locked' | 'expire'> = {
      locked: (flight, run) =>
        session.locked(flight, async () => {
          await beforeSend?.();
          return run();
        }),
      expire(tokens, end) {
        beforeEnd?.();
        return session.expire(tokens, end);
      },
    };
    return Object.assign(Object.create(session) as typeof session, paused);
  };

export interface PageOptions extends Partial<TokenManagerOptions<string>> {
  readonly name?: string;
  readonly pauses?: Pauses;
}

const unheard = { resume() {}, fail() {} };

/** One place and the pages that share it, with the test as their auth server. */
export class StoreScene {
  readonly place: TestPlace;
  readonly clock: TestClock;
  /** The token requests of all pages, in their order. */
  readonly requests: TokenRequest[] = [];
  /** What the pages have reported, with the number of the page and the reason: `1 signedOut elsewhere`. */
  events: string[] = [];
  readonly #pages: TokenManager<string>[] = [];
  readonly #hasCookie: boolean;

  constructor(kind: StoreKind) {
    this.#hasCookie = kind.hasCookie === true;
    this.clock = testClock(() => this.settled());
    this.place = kind.create(this.clock);
  }

  /** Resolves when all work is done that waits for no timer. */
  async settled(): Promise<void> {
    await new Promise<void>(resolve => setImmediate(resolve));
    await this.place.settled?.();
  }

  readonly #renew = ({ current }: RenewContext): Promise<TokenParts | null> =>
    new Promise(resolve => {
      const answer = (tokens: TokenParts | null) => {
        resolve(tokens);
        return this.settled();
      };
      const inCookie = this.#hasCookie && current ? `r${current.accessToken}` : undefined;
      this.requests.push({ from: inCookie ?? current?.refreshToken, answer });
    });

  /** The token set of this name, as the auth server answers it. */
  tokens(name: string, subject?: string): TokenParts {
    const { refreshToken, ...tokens } = tokensNamed(name, subject);
    return this.#hasCookie ? tokens : { ...tokens, refreshToken };
  }

  openPage({ name, pauses = {}, ...options }: PageOptions = {}): TokenManager<string> {
    const store = withPauses(this.place.open(name), pauses);
    const auth = createTokenManager<string>({ renew: this.#renew, clock: this.clock, store, ...options });
    const number = this.#pages.push(auth);
    const note = (...words: string[]) => this.events.push([number, ...words].join(' '));
    auth.on('signedIn', () => note('signedIn'));
    auth.on('renewed', () => note('renewed'));
    auth.on('signedOut', ({ reason }) => note('signedOut', reason));
    auth.on('storeFailed', ({ doing }) => note('storeFailed', doing));
    return auth;
  }

  /** Opens two pages in one session, with the token `A`. The options are of the first. */
  async openTwoPages(options?: PageOptions, subject?: string): Promise<[TokenManager<string>, TokenManager<string>]> {
    const one = this.openPage(options);
    await one.adopt(this.tokens('A', subject));
    await this.settled();
    const other = this.openPage();
    await other.get();
    await this.settled();
    this.events = [];
    this.clock.jump(1); // what follows is later
    return [one, other];
  }

  /** Starts a renewal of this page, whose token request the test answers. */
  async startRenewal(auth: TokenManager<string>): Promise<{ readonly result: Promise<unknown> }> {
    const result = outcome(auth.renew());
    await this.settled();
    return { result };
  }

  /** A renewal of this page from beginning to end. */
  async renewed(auth: TokenManager<string>, name: string, subject?: string): Promise<unknown> {
    const { result } = await this.startRenewal(auth);
    await this.requests.at(-1)?.answer(this.tokens(name, subject));
    return result;
  }

  /** The answer to an operation of this page brings a new access token. Only for a page with `receivesHeader`. */
  async receive(auth: TokenManager<string>, name: string): Promise<void> {
    const response = () => new Response(null, { headers: { 'x-new-token': name } });
    const attempt = { kind: 'query' as const, operation: 'a query', status: 200, data: {}, response, ...unheard };
    auth.decide({ ...attempt, sent: auth.fresh() ?? null }, {});
    await this.settled();
  }

  /** The access token that the place holds, `null` where it holds none. */
  async storedToken(name?: string): Promise<string | null> {
    return (await this.place.stored(name))?.record?.accessToken ?? null;
  }

  end(): void {
    for (const auth of this.#pages) auth.dispose();
  }
}

export const receivesHeader: PageOptions = { receive: headerReceiver(headers => headers.get('x-new-token')) };
