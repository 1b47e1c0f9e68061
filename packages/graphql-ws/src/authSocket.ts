import { TokenError, type TokenManager, type TokenSet } from '@latchkey/core';
import { callbackFailed, checkAttempt, inDevelopment, waitForTokens } from '@latchkey/core/adapter';
import {
  type Client,
  type ClientOptions,
  createClient,
  type Event,
  type EventListener,
  GRAPHQL_TRANSPORT_WS_PROTOCOL,
} from 'graphql-ws';
import type { AuthClientOptions } from './authClientOptions.ts';
import { readRefusal } from './readResponse.ts';

/** What a socket is opened for. */
export interface Opening {
  /** The session that it belongs to; `undefined`: nobody's, as far as is known. */
  readonly session: string | undefined;
  /** Waits for the successor of this token set. */
  readonly refused?: TokenSet | undefined;
  /** Has this token set renewed, though it is still good. */
  readonly ahead?: TokenSet | undefined;
  /** Waits before it begins; a number: so many milliseconds. */
  readonly pause?: (() => Promise<void>) | number | undefined;
  /** Another socket was there before. */
  readonly isRetry: boolean;
  /** Whether its events reach the listeners before it is acknowledged: those of a socket that replaces a good one do not. */
  readonly isHeard: boolean;
}

/** Who uses the sockets. */
export interface SocketOwner {
  readonly auth: TokenManager;
  readonly options: AuthClientOptions;
  acknowledged(socket: AuthSocket): void;
  /** It was closed by the server or the network, or is given up; `event`: a close event, an error event, or an error. */
  closed(socket: AuthSocket, event: unknown): void;
  /** It cannot be opened. */
  notOpened(socket: AuthSocket, error: unknown): void;
  emit<Name extends Event>(name: Name, ...args: Parameters<EventListener<Name>>): void;
}

const longestTimerMs = 2 ** 31 - 1;

/** One socket with one token set, from the wait for it to its end. graphql-ws's client has the protocol. */
export class AuthSocket {
  readonly how: Opening;
  /** `null`: none; `undefined`: it waits for it. */
  sent: TokenSet | null | undefined;
  inner: Client | undefined;
  /** Milliseconds since the epoch. */
  acknowledgedAt: number | undefined;
  /** Data came: the server has accepted the token set. */
  hasData = false;
  /** A `connection_error` of the old protocol. */
  early: unknown;
  /** An error event: its close event follows. */
  failure: unknown;
  #isHeard: boolean;
  #raw: WebSocket | undefined;
  /** Of the acknowledgement, of the expiry, or of the last answers: one after the other. */
  #timer: unknown;
  #pongTimer: unknown;
  readonly #closing = new AbortController();
  readonly #owner: SocketOwner;

  constructor(owner: SocketOwner, how: Opening) {
    this.#owner = owner;
    this.how = how;
    this.#isHeard = how.isHeard;
  }

  get session(): string | undefined {
    const { sent } = this;
    if (!sent) return sent === null ? undefined : this.how.session;
    return sent.isGuest ? undefined : sent.sessionId;
  }

  get #clock() {
    return this.#owner.auth.manager().session.clock;
  }

  /** Nothing waits within the socket: the token set, the URL and the parameters are had before it opens. */
  async open(): Promise<void> {
    const { auth, options } = this.#owner;
    const { signal } = this.#closing;
    const hold = setInterval(() => {}, longestTimerMs); // Node would end while nothing but the manager's timers are left
    let tokens: TokenSet | null = null;
    try {
      await this.#pause(signal);
      if (!signal.aborted) tokens = await this.#acquire(signal);
      if (signal.aborted) return;
      checkAttempt(tokens, options.auth);
      const { url, connectionParams = tokens ? auth.headers(tokens) : undefined } = options;
      const target = await (typeof url === 'function' ? url(tokens) : url);
      const params = await (typeof connectionParams === 'function' ? connectionParams(tokens) : connectionParams);
      if (signal.aborted) return;
      this.sent = tokens;
      this.#connect(target, params);
    } catch (thrown) {
      if (!signal.aborted) this.#owner.notOpened(this, TokenError.is(thrown) ? thrown : callbackFailed(thrown, tokens));
    } finally {
      clearInterval(hold);
    }
  }

  #pause(signal: AbortSignal): Promise<void> | undefined {
    const { pause } = this.how;
    if (typeof pause !== 'number') return pause?.();
    return new Promise(resolve => {
      this.#setTimer(pause, resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async #acquire(signal: AbortSignal): Promise<TokenSet | null> {
    const { auth } = this.#owner;
    const { ahead, refused, session } = this.how;
    if (ahead && auth.fresh() === ahead) await auth.renew({ signal });
    return waitForTokens(auth, { refused, session, signal });
  }

  #connect(url: string, connectionParams: Record<string, unknown> | undefined): void {
    const { options } = this.#owner;
    const Socket = (options.webSocketImpl ?? globalThis.WebSocket) as typeof WebSocket | undefined;
    if (!Socket) throw noSocket();
    const raw = new Socket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL); // here, because the client below would not catch what it throws
    this.#raw = raw;
    raw.addEventListener('message', this.#readEarly);
    this.#setTimer(options.connectionAckWaitTimeout ?? 10_000, () =>
      this.lapse(4504, 'Connection acknowledgement timeout'),
    );
    this.inner = createClient({
      ...options,
      url,
      connectionParams,
      webSocketImpl: new Proxy(Socket, { construct: () => raw }),
      lazy: false,
      retryAttempts: 0,
      connectionAckWaitTimeout: 0,
      onNonLazyError() {},
      on: this.#events(),
    });
  }

  readonly #readEarly = ({ data }: MessageEvent): void => {
    this.early = readRefusal(data);
  };

  #events(): NonNullable<ClientOptions['on']> {
    return {
      connecting: () => this.#emit('connecting', this.how.isRetry),
      opened: socket => this.#emit('opened', socket),
      connected: (_, payload) => this.#acknowledge(payload),
      message: message => this.#emit('message', message),
      ping: (isReceived, payload) => {
        if (!isReceived) this.#awaitPong();
        this.#emit('ping', isReceived, payload);
      },
      pong: (isReceived, payload) => {
        if (isReceived) this.#clock.clearTimeout(this.#pongTimer);
        this.#emit('pong', isReceived, payload);
      },
      closed: event => {
        this.#emit('closed', event);
        this.#end(event);
      },
      error: error => {
        this.#emit('error', error);
        if (error instanceof Error)
          this.#end(error); // of the client below
        else this.failure = error;
      },
    };
  }

  #emit<Name extends Event>(name: Name, ...args: Parameters<EventListener<Name>>): void {
    if (this.#isHeard) this.#owner.emit(name, ...args);
  }

  #acknowledge(payload: Parameters<EventListener<'connected'>>[1]): void {
    const raw = this.#raw;
    this.acknowledgedAt = this.#clock.now();
    this.#clock.clearTimeout(this.#timer);
    raw?.removeEventListener('message', this.#readEarly);
    if (!this.#isHeard) this.#owner.emit('opened', raw);
    this.#isHeard = true;
    this.#emit('connected', raw, payload, this.how.isRetry);
    if (!this.#closing.signal.aborted) this.#owner.acknowledged(this); // a listener may have signed out
  }

  /** The peer has until the next ping is due. */
  #awaitPong(): void {
    const { keepAlive = 0 } = this.#owner.options;
    this.#pongTimer = this.#clock.setTimeout(() => this.lapse(4408, 'Request timeout'), keepAlive);
  }

  #setTimer(ms: number, run: () => void): void {
    this.#clock.clearTimeout(this.#timer);
    if (ms <= longestTimerMs) this.#timer = this.#clock.setTimeout(run, ms);
  }

  /** Calls `run` at this moment, however far it is. */
  wakeAt(at: number, run: () => void): void {
    const ms = at - this.#clock.now();
    this.#setTimer(Math.min(Math.max(ms, 0), longestTimerMs), () =>
      ms > longestTimerMs ? this.wakeAt(at, run) : run(),
    );
  }

  /** It was replaced: it has this long for its last answers. */
  retire(ms: number, late: () => void): void {
    this.#isHeard = false;
    this.#setTimer(ms, late);
  }

  /** Closes it: nothing is heard of it any more but its close event. */
  close(code: number, reason: string): void {
    if (this.#closing.signal.aborted) return;
    if (this.acknowledgedAt === undefined) this.#isHeard = false; // `ws` reports that as an error
    this.#stop();
    this.#raw?.close(code, reason);
  }

  /** Gives it up as if it had been closed. */
  lapse(code: number, reason: string): void {
    if (!this.inner || this.#closing.signal.aborted) return;
    const event = { code, reason, wasClean: false };
    this.#emit('closed', event);
    this.#isHeard = false;
    this.close(code, reason);
    this.#owner.closed(this, event);
  }

  #end(event: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#stop();
    this.#owner.closed(this, event);
  }

  /** The client below must not open it again. Its `dispose` rejects while a connection fails. */
  #stop(): void {
    this.#closing.abort();
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#pongTimer);
    Promise.resolve(this.inner?.dispose()).catch(() => {});
  }
}

const noSocket = () =>
  new TokenError(
    'misconfigured',
    inDevelopment(
      () => process.env.NODE_ENV !== 'production' && 'There is no WebSocket here. Pass the option "webSocketImpl".',
    ),
  );
