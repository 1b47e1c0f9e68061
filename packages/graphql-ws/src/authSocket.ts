import { type Clock, TokenError, type TokenManager, type TokenSet } from '@latchkey/core';
import { callbackFailed, checkAttempt, type WaitForTokensOptions, waitForTokens } from '@latchkey/core/adapter';
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

/** Who uses the sockets. */
export interface SocketOwner {
  readonly auth: TokenManager;
  readonly options: AuthClientOptions;
  opened(socket: AuthSocket): void;
  /**
   * It was closed by the server or the network, is given up, or cannot be opened.
   *
   * @param event - a close event, an error of the client below, or a `TokenError`
   */
  closed(socket: AuthSocket, event: unknown): void;
  emit<Name extends Event>(socket: AuthSocket, name: Name, ...args: Parameters<EventListener<Name>>): void;
}

/** One socket with one token set, from the wait for it to its end. graphql-ws's client has the protocol. */
export class AuthSocket {
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
  /** Why another socket is opened, and what it waits for; `undefined`: it is the first. */
  readonly how: WaitForTokensOptions | undefined;
  #raw: WebSocket | undefined;
  /** Of the acknowledgement, then of the next pong, or of the last answers. */
  #timer: unknown;
  #keepAlive: number;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #owner: SocketOwner;

  constructor(owner: SocketOwner, how?: WaitForTokensOptions) {
    this.#owner = owner;
    this.#clock = owner.auth.manager().session.clock;
    this.#keepAlive = owner.options.keepAlive ?? 0;
    this.how = how;
  }

  /** Nothing waits within the socket: the token set, the URL and the parameters are had before it opens. */
  async open(): Promise<void> {
    const { auth, options } = this.#owner;
    const { signal } = this.#closing;
    let tokens: TokenSet | null = null;
    try {
      tokens = await waitForTokens(auth, { session: auth.state.sessionId, ...this.how, signal });
      checkAttempt(tokens, options.auth);
      const { url, connectionParams = tokens ? auth.headers(tokens) : undefined } = options;
      const target = await (typeof url === 'function' ? url(tokens) : url);
      const params = await (typeof connectionParams === 'function' ? connectionParams(tokens) : connectionParams);
      if (signal.aborted) return;
      this.sent = tokens;
      this.#connect(target, params);
    } catch (thrown) {
      this.#end(TokenError.is(thrown) ? thrown : cannotOpen(thrown, tokens));
    }
  }

  #connect(url: string, connectionParams: Record<string, unknown> | undefined): void {
    const { options } = this.#owner;
    const Socket = (options.webSocketImpl ?? globalThis.WebSocket) as typeof WebSocket;
    const raw = new Socket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL); // here, because the client below would not catch what it throws
    this.#raw = raw;
    raw.addEventListener('message', ({ data }) => {
      if (!this.acknowledgedAt) this.early = readRefusal(data);
    });
    this.#setTimer(options.connectionAckWaitTimeout ?? 10_000, 4504);
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

  #events(): NonNullable<ClientOptions['on']> {
    const isRetry = this.how !== undefined;
    return {
      connecting: () => this.#emit('connecting', isRetry),
      opened: raw => this.#emit('opened', raw),
      connected: (raw, payload) => {
        if (this.#closing.signal.aborted) return; // `ws` delivers what comes before the close frame of the peer
        this.acknowledgedAt = this.#clock.now();
        this.#clock.clearTimeout(this.#timer);
        this.#owner.opened(this);
        this.#emit('connected', raw, payload, isRetry);
      },
      message: message => this.#emit('message', message),
      ping: (...ping) => {
        if (!ping[0] && this.#keepAlive) this.#setTimer(this.#keepAlive, 4408); // the peer has until the next one is due
        this.#emit('ping', ...ping);
      },
      pong: (...pong) => {
        if (this.#keepAlive) this.#clock.clearTimeout(this.#timer);
        this.#emit('pong', ...pong);
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

  /** Of a socket that we have closed only its close event is heard. */
  #emit<Name extends Event>(name: Name, ...args: Parameters<EventListener<Name>>): void {
    if (name === 'closed' || !this.#closing.signal.aborted) this.#owner.emit(this, name, ...args);
  }

  /** Another one has taken its place: it has so many milliseconds for its last answers. */
  retire(ms: number): void {
    this.#keepAlive = 0;
    this.#setTimer(ms, 1000);
  }

  /** Gives it up with this code after so many milliseconds; infinite: never. */
  #setTimer(ms: number, code: number): void {
    this.#clock.clearTimeout(this.#timer);
    if (ms < Number.POSITIVE_INFINITY) this.#timer = this.#clock.setTimeout(() => this.lapse(code), ms);
  }

  /** Closes it: nothing is heard of it any more but its close event. */
  close(code: number, reason: string): void {
    this.#end(undefined, code, reason);
  }

  /** Gives it up as if it had been closed. */
  lapse(code: number): void {
    if (!this.#raw) return;
    const event = { code, reason: 'Terminated', wasClean: false };
    this.#emit('closed', event);
    this.#end(event, code, event.reason);
  }

  /** The client below must not open it again. Its `dispose` rejects while a connection fails. */
  #end(event: unknown, code?: number, reason?: string): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#clock.clearTimeout(this.#timer);
    (this.inner?.dispose() as Promise<void> | undefined)?.catch(() => {});
    if (code) this.#raw?.close(code, reason);
    if (event) this.#owner.closed(this, event);
  }
}

const cannotOpen = (thrown: unknown, tokens: TokenSet | null) =>
  callbackFailed(
    thrown,
    tokens,
    () =>
      process.env.NODE_ENV !== 'production' &&
      'The socket cannot be opened: look at the options "url", "connectionParams" and, on Node, "webSocketImpl".',
  );
