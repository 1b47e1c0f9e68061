import { keepFresh, TokenError, type TokenManager, type TokenSet } from '@latchkey/core';
import { callEach, decideOnSocket, judgeSocketEnd } from '@latchkey/core/adapter';
import type { Client, Event, EventListener } from 'graphql-ws';
import type { AuthClientOptions } from './authClientOptions.ts';
import { AuthSocket, type SocketOwner } from './authSocket.ts';
import { type ConnectionEvent, type ConnectionState, transition } from './connectionState.ts';
import { iterate } from './iterate.ts';
import { documentOf, isStream, type Operation, type Result, type Run } from './operation.ts';

/** How long a socket that was replaced has for its last answers. */
const lastAnswersMs = 10_000;

const sessionOf = (tokens: TokenSet | null | undefined) => (tokens?.isGuest ? undefined : tokens?.sessionId);

/** The operations of one client, and their sockets. */
export class AuthClient implements SocketOwner, Client {
  readonly auth: TokenManager;
  readonly options: AuthClientOptions;
  #state: ConnectionState<AuthSocket> = { status: 'idle' };
  readonly #operations = new Set<Operation>();
  /** Sockets that were replaced, with operations that wait for their answers. */
  readonly #retired = new Set<AuthSocket>();
  readonly #listeners = new Map<string, Set<(...args: unknown[]) => void>>();
  /** The session of the operations and sockets. */
  #session: string | undefined;
  /** A socket is kept without operations. */
  #isKept: boolean;
  #retries = 0;
  #idleTimer: unknown;
  /** Stop following the token manager. */
  readonly #stops: (() => void)[] = [];

  constructor(auth: TokenManager, options: AuthClientOptions) {
    this.auth = auth;
    this.options = options;
    for (const [name, listener] of Object.entries(options.on ?? {})) this.on(name as 'error', listener as () => void);
    this.#isKept = options.lazy === false;
    this.#need();
  }

  readonly on: Client['on'] = (name, listener) => {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as () => void));
    return () => listeners.delete(listener as () => void);
  };

  /** Listeners hear the socket in use, and the end of the last one. One that throws harms neither it nor the others. */
  emit<Name extends Event>(from: AuthSocket, name: Name, ...args: Parameters<EventListener<Name>>): void {
    const { socket, next = from } = this.#state;
    const listeners = this.#listeners.get(name);
    if (listeners && (socket ?? next) === from) callEach([...listeners], listener => listener?.(...args));
  }

  readonly subscribe: Client['subscribe'] = (payload, sink) => {
    this.#follow();
    const operation: Operation = { payload, sink: sink as Operation['sink'], session: this.#session };
    this.#operations.add(operation);
    this.#place(operation);
    this.#need();
    return () => this.#end(operation);
  };

  readonly iterate: Client['iterate'] = payload => iterate(this.subscribe, payload) as never;

  readonly terminate = (): void => {
    const { socket, next } = this.#state;
    (socket ?? next)?.lapse(4499);
  };

  readonly dispose = async (): Promise<void> => {
    this.#isKept = false;
    callEach([...this.#operations], operation => this.#end(operation)); // a sink may subscribe again
    this.#release();
  };

  // Sockets

  /** Changes the state. A socket that takes a place in it is opened. */
  #change(event: ConnectionEvent<AuthSocket>): void {
    const { next: before } = this.#state;
    this.#state = transition(this.#state, event);
    const { next } = this.#state;
    if (next !== before) void next?.open();
  }

  get #isNeeded(): boolean {
    return this.#isKept || this.#operations.size > 0;
  }

  #need(): void {
    const { auth } = this;
    if (!this.#isNeeded) return;
    if (!this.#stops.length) {
      this.#session = auth.state.sessionId;
      const follow = () => this.#follow();
      this.#stops.push(auth.subscribe(follow), auth.on('renewed', follow));
      if (this.options.follow === 'expiry') this.#stops.push(keepFresh(auth));
    }
    this.#clock.clearTimeout(this.#idleTimer);
    this.#change({ type: 'needed', next: new AuthSocket(this) });
  }

  get #clock() {
    return this.auth.manager().session.clock;
  }

  /** Closes all sockets where nobody needs them. */
  #release(): void {
    if (this.#isNeeded) return;
    this.#clock.clearTimeout(this.#idleTimer);
    this.#closeAll(1000, 'Normal Closure');
    for (const stop of this.#stops.splice(0)) stop();
  }

  #closeAll(code: number, reason: string): void {
    const sockets = [this.#state.socket, this.#state.next, ...this.#retired];
    this.#retries = 0;
    this.#change({ type: 'released' });
    this.#retired.clear();
    for (const socket of sockets) socket?.close(code, reason);
  }

  opened(socket: AuthSocket): void {
    const { socket: before } = this.#state;
    this.#change({ type: 'acknowledged', socket });
    this.#follow();
    for (const operation of this.#operations) {
      const { run } = operation;
      if (!run || (run.socket === before && isStream(operation))) this.#place(operation);
    }
    if (!before) return;
    before.retire(lastAnswersMs);
    this.#retired.add(before);
    this.#closeAnswered(before);
  }

  /** A socket that was replaced still answers its queries and mutations. */
  #closeAnswered(socket: AuthSocket | undefined): void {
    if (!socket || !this.#retired.has(socket)) return;
    for (const { run } of this.#operations) if (run?.socket === socket) return;
    this.#retired.delete(socket);
    socket.close(1000, 'Replaced');
  }

  /** The socket should have another token set; meanwhile it goes on. */
  #outdate(socket: AuthSocket, isStale: boolean, refused?: TokenSet | null): void {
    const next = new AuthSocket(this, { refused: refused ?? undefined });
    this.#change({ type: 'outdated', socket, next, isStale });
  }

  /** Follows the token manager: its session, and where that is wanted its token set. */
  #follow(): void {
    const { auth, options } = this;
    const { sessionId, error } = auth.state;
    if (sessionId !== this.#session) this.#enter(sessionId, error);
    const { status, socket } = this.#state;
    if (status !== 'open') return;
    const fresh = auth.fresh();
    const isAnonymous = !sessionOf(socket.sent) && sessionId !== undefined;
    const isBehind = fresh && fresh !== socket.sent && (options.follow ?? 'refusal') !== 'refusal';
    if (isAnonymous || isBehind) this.#outdate(socket, isAnonymous);
  }

  /** The session has begun or ended: nothing of an earlier one is delivered any more. */
  #enter(session: string | undefined, error = new TokenError('signedOut')): void {
    const isOver = this.#session !== undefined;
    this.#session = session;
    const ended = isOver ? [...this.#operations].filter(operation => operation.session) : [];
    for (const operation of ended) operation.run = undefined;
    if (isOver) this.#closeAll(4205, 'Signed out');
    else for (const operation of this.#operations) operation.session = session; // nobody had signed in for it
    for (const operation of ended) this.#end(operation, { error });
    this.#need();
    this.#release();
  }

  closed(socket: AuthSocket, event: unknown): void {
    const { socket: inUse, next } = this.#state;
    const isCurrent = socket === inUse || socket === next;
    const verdict = isCurrent && judgeSocketEnd(this.auth, socket, event, this.options, this.#retries, this);
    this.#retired.delete(socket);
    if (verdict) {
      const { how, retries } = verdict;
      this.#retries = retries;
      this.#change({ type: 'ended', socket, next: how && this.#isNeeded ? new AuthSocket(this, how) : undefined });
    }
    for (const operation of [...this.#operations].filter(({ run }) => run?.socket === socket)) {
      const isSentAgain = isStream(operation) || (documentOf(operation).kind === 'query' && !operation.hasData);
      operation.run = undefined;
      if (isSentAgain) this.#place(operation);
      else this.#end(operation, { error: event }); // a mutation may have been executed
    }
    if (verdict && !this.#state.next) this.#giveUp(verdict.failure);
  }

  /** Ends the operations that wait for a socket. */
  #giveUp(error: unknown): void {
    if (this.#isKept && !this.#state.socket) callEach([this.options.onNonLazyError], report => report?.(error));
    const waiting = [...this.#operations].filter(({ run }) => !run); // a sink may subscribe again
    for (const operation of waiting) this.#end(operation, { error });
    this.#release();
  }

  // Operations

  /** Starts an operation where there is a socket for it. */
  #place(operation: Operation): void {
    const { status, socket } = this.#state;
    if (!socket || (status === 'replacing' && this.#state.isStale) || !this.#operations.has(operation)) return;
    const { run: before, sink } = operation;
    const run: Run = { socket };
    operation.run = run;
    operation.session ??= sessionOf(socket.sent);
    run.leave = socket.inner?.subscribe<never, never>(operation.payload, {
      next: result => {
        if (operation.run !== run) return; // of an older socket
        if ((!operation.hasData || result.errors) && !this.#receive(operation, run, result)) return;
        try {
          sink.next(result);
        } catch (error) {
          this.#end(operation, { error });
        }
      },
      error: error => {
        if (operation.run !== run || socket.failure) return; // its close event follows
        const isDelivered = !Array.isArray(error) || this.#receive(operation, run, { errors: error });
        if (isDelivered) this.#end(operation, { error });
      },
      complete: () => {
        if (operation.run === run) this.#end(operation);
      },
    });
    leave(before); // in one tick: the gap is as short as it can be
  }

  /** Does what the token manager decides of an answer. @returns whether the sink gets it */
  #receive(operation: Operation, run: Run, { data, errors }: Pick<Result, 'data' | 'errors'>): boolean {
    const { socket } = run;
    const { sent = null } = socket;
    const { retried, hasData: delivered, payload } = operation;
    const document = errors ? documentOf(operation) : ({ kind: 'unknown' } as const); // a good answer needs no parsing
    const facts = { ...document, operation: payload.query, sent, data, errors, retried, delivered };
    const decision = decideOnSocket(this.auth, facts, this.options);
    if (TokenError.is(decision)) this.#end(operation, { error: decision });
    else if (decision && this.#state.socket === socket) this.#outdate(socket, true, sent);
    if (decision === 'wait') {
      operation.run = undefined;
      operation.retried = true;
      operation.hasData = false;
      leave(run);
      this.#place(operation);
      this.#closeAnswered(socket);
    } else if (data != null) {
      operation.retried = false;
      operation.hasData = socket.hasData = true;
      this.#retries = 0;
    }
    return !decision || decision === 'replace';
  }

  /** Ends the operation with an error, or completes it. */
  #end(operation: Operation, failure?: { readonly error: unknown }): void {
    if (!this.#operations.delete(operation)) return;
    const { run, sink } = operation;
    operation.run = undefined;
    leave(run);
    this.#closeAnswered(run?.socket);
    const { lazyCloseTimeout = 0 } = this.options;
    if (!this.#isNeeded) this.#idleTimer = this.#clock.setTimeout(() => this.#release(), lazyCloseTimeout); // another may follow
    callEach([sink], () => (failure ? sink.error(failure.error) : sink.complete()));
  }
}

/** Not at once: graphql-ws counts an operation twice that is left within its result, when its `complete` follows in that tick. */
function leave(run: Run | undefined): void {
  if (run) queueMicrotask(() => run.leave?.());
}
