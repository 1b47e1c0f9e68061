import { TokenError, type TokenManager } from '@latchkey/core';
import { isRefusal, markJudged } from '@latchkey/core/adapter';
import type { SubscribePayload } from 'graphql-ws';
import type { AuthClientOptions } from './authClientOptions.ts';
import { AuthSocket, type Opening, type SocketOwner } from './authSocket.ts';
import { callSafely } from './callSafely.ts';
import { type ConnectionEvent, type ConnectionState, nextOf, socketOf, transition } from './connectionState.ts';
import { Listeners } from './listeners.ts';
import { Operation, type OperationOwner, type Result, type Run } from './operation.ts';
import { isExpired, isFatal, readEnd } from './readResponse.ts';

/** How long a socket that was replaced has for its last answers. */
const lastAnswersMs = 10_000;

/** A pause before another attempt: from 1.3 s to half a minute, with jitter. */
const backOffMs = (retries: number): number => Math.min(1_000 * 2 ** retries, 27_000) + 300 + 2_700 * Math.random();

/** The operations of one client, and their sockets. */
export class AuthClient implements SocketOwner, OperationOwner {
  readonly auth: TokenManager;
  readonly options: AuthClientOptions;
  readonly listeners: Listeners;
  #state: ConnectionState<AuthSocket> = { status: 'idle' };
  readonly #operations = new Set<Operation>();
  /** Sockets that were replaced, with operations that wait for their answers. */
  readonly #retired = new Set<AuthSocket>();
  /** The session of the operations and sockets. */
  #session: string | undefined;
  /** A socket is kept without operations. */
  #isKept: boolean;
  #retries = 0;
  #idleTimer: unknown;
  #stopListening: (() => void) | undefined;

  constructor(auth: TokenManager, options: AuthClientOptions) {
    this.auth = auth;
    this.options = options;
    this.listeners = new Listeners(options.on);
    this.#isKept = options.lazy === false;
    this.#need();
  }

  subscribe(payload: SubscribePayload, sink: Operation['sink']): () => void {
    this.#followSession();
    const operation = new Operation(this, payload, sink, this.#session);
    this.#operations.add(operation);
    this.#place(operation);
    this.#need();
    return () => {
      if (!this.#operations.has(operation)) return;
      this.#end(operation);
      queueMicrotask(() => callSafely(() => sink.complete())); // as graphql-ws
    };
  }

  terminate(): void {
    const socket = socketOf(this.#state) ?? nextOf(this.#state);
    socket?.lapse(4499, 'Terminated');
  }

  async dispose(): Promise<void> {
    this.#isKept = false;
    const operations = [...this.#operations];
    this.#operations.clear();
    for (const operation of operations) operation.stop();
    this.#release();
    for (const { sink } of operations) callSafely(() => sink.complete());
  }

  readonly emit: SocketOwner['emit'] = (name, ...args) => this.listeners.emit(name, ...args);

  // Sockets

  /** Changes the state. A socket that takes a place in it is opened. */
  #change(event: ConnectionEvent<AuthSocket>): void {
    const before = nextOf(this.#state);
    this.#state = transition(this.#state, event);
    const next = nextOf(this.#state);
    if (next && next !== before) void next.open();
  }

  #socket(how: Partial<Opening> = {}): AuthSocket {
    return new AuthSocket(this, { session: this.auth.state.sessionId, isRetry: true, isHeard: true, ...how });
  }

  get #isNeeded(): boolean {
    const { auth, options } = this;
    const isKept = this.#isKept && (options.auth !== 'required' || auth.state.status !== 'signedOut');
    return this.#operations.size > 0 || isKept;
  }

  #need(): void {
    if (this.#isNeeded || this.#isKept) this.#listen();
    if (!this.#isNeeded) return;
    this.auth.manager().session.clock.clearTimeout(this.#idleTimer);
    if (this.#state.status === 'idle') this.#change({ type: 'needed', next: this.#socket({ isRetry: false }) });
  }

  #listen(): void {
    if (this.#stopListening) return;
    this.#session = this.auth.state.sessionId;
    const stops = [
      this.auth.subscribe(() => this.#followSession()),
      this.auth.on('renewed', () => this.#followRenewal()),
    ];
    this.#stopListening = () => {
      for (const stop of stops) stop();
    };
  }

  /** Closes all sockets where nobody needs them. */
  #release(code = 1000, reason = 'Normal Closure'): void {
    if (this.#isNeeded) return;
    const sockets = this.#all();
    this.#change({ type: 'released' });
    this.#retired.clear();
    for (const socket of sockets) socket.close(code, reason);
    if (this.#isKept) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  #all(): AuthSocket[] {
    return [socketOf(this.#state), nextOf(this.#state), ...this.#retired].filter(socket => socket !== undefined);
  }

  acknowledged(socket: AuthSocket): void {
    const before = socketOf(this.#state);
    this.#change({ type: 'acknowledged', socket });
    if (!socket.session && this.auth.state.sessionId) this.#outdate(socket, {}, true);
    for (const operation of this.#operations) {
      const { run } = operation;
      if (!run) this.#place(operation);
      else if (run.socket === before && operation.isStream) this.#move(operation, socket);
    }
    if (before) this.#retire(before);
    this.#watchExpiry(socket);
    this.#followRenewal();
  }

  /** In one tick: the gap is as short as it can be. */
  #move(operation: Operation, socket: AuthSocket): void {
    const { run } = operation;
    operation.start(socket);
    run?.leave();
  }

  /** A socket that was replaced still answers its queries and mutations. */
  #retire(socket: AuthSocket): void {
    this.#retired.add(socket);
    socket.retire(lastAnswersMs, () => socket.lapse(1000, 'Replaced'));
    this.#closeAnswered(socket);
  }

  #closeAnswered(socket: AuthSocket): void {
    if (!this.#retired.has(socket) || [...this.#operations].some(({ run }) => run?.socket === socket)) return;
    this.#retired.delete(socket);
    socket.close(1000, 'Replaced');
  }

  /** The socket should have another token set; meanwhile it goes on. */
  #outdate(socket: AuthSocket, how: Partial<Opening>, isStale: boolean): void {
    this.#change({ type: 'outdated', socket, next: this.#socket({ isHeard: false, ...how }), isStale });
  }

  #watchExpiry(socket: AuthSocket, retryAt = 0): void {
    const { options, session, renews } = this.auth.manager();
    const { sent } = socket;
    if (this.options.follow !== 'expiry' || !sent?.expiresAt || options.exclusive || !renews) return;
    const { renewAheadMs } = session.options;
    const margin = Math.min(renewAheadMs, (sent.expiresAt - sent.receivedAt) / 5);
    socket.wakeAt(Math.max(sent.expiresAt - margin, retryAt), () => this.#outdate(socket, { ahead: sent }, false));
  }

  #followRenewal(): void {
    const socket = socketOf(this.#state);
    if (this.options.follow !== 'renewal' || this.#state.status !== 'open' || !socket) return;
    const fresh = this.auth.fresh();
    if (fresh && fresh !== socket.sent) this.#outdate(socket, {}, false);
  }

  /** The session has ended or begun: nothing of an earlier one is delivered any more. */
  #followSession(): void {
    const { sessionId, error } = this.auth.state;
    if (sessionId === this.#session) return;
    const isOver = this.#session !== undefined;
    this.#session = sessionId;
    if (!isOver) {
      this.#signIn(sessionId);
      return;
    }
    const ended = [...this.#operations].filter(({ session }) => session !== undefined && session !== sessionId);
    for (const operation of ended) {
      this.#operations.delete(operation);
      operation.run = undefined;
    }
    const sockets = this.#all();
    this.#change({ type: 'released' });
    this.#retired.clear();
    this.#retries = 0;
    for (const socket of sockets) socket.close(4205, 'Signed out');
    const failure = (!sessionId && error) || new TokenError('signedOut');
    for (const { sink } of ended) callSafely(() => sink.error(failure));
    this.#need();
    this.#release();
  }

  /** Operations that nobody had signed in for become the user's. */
  #signIn(sessionId: string | undefined): void {
    for (const operation of this.#operations) operation.session = sessionId;
    const [socket, next] = [socketOf(this.#state), nextOf(this.#state)];
    if (socket) this.#outdate(socket, {}, true);
    if (next?.sent === null) {
      this.#change({ type: 'ended', socket: next, next: this.#socket({ isHeard: !socket }) });
      next.close(1000, 'Replaced');
    }
    this.#need();
  }

  // The end of a socket

  closed(socket: AuthSocket, event: unknown): void {
    if (this.#retired.delete(socket)) {
      this.#lose(socket, event);
      return;
    }
    const { how, error } = this.#judge(socket, event);
    const isInUse = socketOf(this.#state) === socket;
    const other = isInUse ? nextOf(this.#state) : undefined;
    const isReplaced = this.#isNeeded && how && (!other || (how.refused && other.sent === undefined));
    const isHeard = isInUse || this.#state.status === 'opening';
    this.#change({ type: 'ended', socket, next: isReplaced ? this.#socket({ isHeard, ...how }) : undefined });
    if (isReplaced) other?.close(1000, 'Replaced');
    this.#lose(socket, event);
    if (!how && !other) this.#giveUp(error);
  }

  notOpened(socket: AuthSocket, error: unknown): void {
    const { auth } = this;
    const { ahead } = socket.how;
    const isStale = 'isStale' in this.#state && this.#state.isStale;
    const next = ahead && isStale ? this.#socket({ isHeard: false, refused: ahead }) : undefined;
    this.#change({ type: 'ended', socket, next });
    const { session } = auth.manager();
    const isOutage = TokenError.is(error) && error.code === 'unavailable';
    const inUse = socketOf(this.#state);
    if (!ahead) this.#giveUp(error);
    else if (inUse && !next && isOutage) this.#watchExpiry(inUse, session.clock.now() + session.options.cooldownMs);
  }

  /** How another socket is opened; without it the operations end with `error`. */
  #judge(socket: AuthSocket, event: unknown): { readonly how?: Partial<Opening>; readonly error: unknown } {
    const { auth, options } = this;
    const { session, renews } = auth.manager();
    const { sent = null, how, hasData, acknowledgedAt = Number.POSITIVE_INFINITY } = socket;
    const now = session.clock.now();
    const isOver = isExpired(sent, now);
    const isProven = hasData || isOver || now >= acknowledgedAt + session.options.cooldownMs;
    const unread = { sent, kind: 'subscription', operation: this, resume() {}, fail() {} } as const;
    if (isProven) {
      this.#retries = 0;
      auth.decide({ ...unread, data: true }, options); // the server has accepted the token set
    }
    const retried = how.refused !== undefined && !isProven;
    const facts = { ...unread, ...readEnd(event, socket.failure, socket.early), retried, delivered: hasData };
    const decision = auth.decide(facts, options);
    if (TokenError.is(decision)) return { error: decision };
    const error = facts.status ? socket.failure : event;
    const refused = socket.session && sent ? sent : undefined;
    const isRefused = decision !== undefined || isRefusal(auth, facts, options);
    if (isRefused && (decision || auth.fresh() !== sent)) return { how: { refused }, error };
    const { retryAttempts = 5, retryWait, shouldRetry } = options;
    const isFinal = isRefused || isFatal(event) || this.#retries >= retryAttempts || shouldRetry?.(error) === false;
    if (isFinal) return { error };
    const retries = this.#retries++;
    const pause = retryWait ? () => retryWait(retries) : backOffMs(retries);
    return { how: { pause, refused: isOver && renews ? refused : undefined }, error };
  }

  /** The operations of a socket that has ended wait for another one, or end. */
  #lose(socket: AuthSocket, event: unknown): void {
    for (const operation of [...this.#operations].filter(({ run }) => run?.socket === socket)) {
      const { isResumable } = operation;
      operation.run = undefined;
      if (isResumable) this.#place(operation);
      else this.#fail(operation, event);
    }
  }

  /** Ends the operations that wait for a socket. */
  #giveUp(error: unknown): void {
    this.#retries = 0;
    if (this.#state.status === 'idle' && this.#isKept && this.#isNeeded) {
      this.#isKept = false;
      callSafely(() => this.options.onNonLazyError?.(error));
    }
    for (const operation of [...this.#operations].filter(({ run }) => !run)) this.#fail(operation, error);
    this.#release();
  }

  // Operations

  /** Starts an operation where there is a socket for it. */
  #place(operation: Operation): void {
    const { status } = this.#state;
    const socket = socketOf(this.#state);
    const isStale = status === 'replacing' && this.#state.isStale;
    if (socket && !isStale && this.#operations.has(operation)) operation.start(socket);
  }

  isDelivered(run: Run, { data, errors }: Result): boolean {
    run.data = data;
    run.errors = errors;
    if (!this.#accepts(run)) return false;
    run.data = undefined;
    if (data == null) return true;
    run.delivered = true;
    run.given.retried = false;
    run.socket.hasData = true;
    this.#retries = 0;
    return true;
  }

  failed(run: Run, error: unknown): void {
    if (Array.isArray(error)) run.errors = error;
    if (!run.errors || this.#accepts(run)) this.#fail(run.given, error);
  }

  completed(operation: Operation): void {
    this.#end(operation);
  }

  /** Whether an answer is delivered; otherwise its operation waits for another socket, or has ended. */
  #accepts(run: Run): boolean {
    const { auth, options } = this;
    const { given, socket, errors, sent } = run;
    const decision = auth.decide(run, options);
    if (TokenError.is(decision)) {
      this.#fail(given, decision);
      return false;
    }
    const isRefused = decision !== undefined || (errors !== undefined && isRefusal(auth, run, options));
    if (!isRefused) return true;
    if (!decision) markJudged(auth, errors ?? []);
    const isStale = decision || auth.fresh() !== sent; // it is being renewed, or was
    if (isStale && socketOf(this.#state) === socket) this.#outdate(socket, { refused: sent ?? undefined }, true);
    if (!decision) return true;
    given.stop();
    given.retried = true;
    this.#place(given);
    this.#closeAnswered(socket);
    return false;
  }

  #fail(operation: Operation, error: unknown): void {
    this.#end(operation);
    callSafely(() => operation.sink.error(error));
  }

  #end(operation: Operation): void {
    const socket = operation.run?.socket;
    this.#operations.delete(operation);
    operation.stop();
    if (socket) this.#closeAnswered(socket);
    if (this.#isNeeded) return;
    const { lazyCloseTimeout = 0 } = this.options;
    const { clock } = this.auth.manager().session;
    if (lazyCloseTimeout > 0) this.#idleTimer = clock.setTimeout(() => this.#release(), lazyCloseTimeout);
    else queueMicrotask(() => this.#release()); // another operation may follow in this tick
  }
}
