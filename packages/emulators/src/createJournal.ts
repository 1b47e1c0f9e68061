/** The purpose of a request to the auth server; `revoke` is a logout. */
export type TokenRequestKind = 'signIn' | 'refresh' | 'revoke' | 'unknown';

/** An immutable snapshot of the counters. */
export interface Stats {
  readonly tokenRequests: {
    /** All requests for tokens, well-formed or not. Logouts are not included. */
    readonly total: number;
    readonly signIn: number;
    readonly refresh: number;
    /** Logout calls. */
    readonly revoked: number;
  };
  /** Single GraphQL operations: a batch of three counts three. */
  readonly operations: {
    readonly received: number;
    readonly refused: number;
    readonly executed: number;
  };
  /** How many times a mutation's resolver ran, whatever the response was. */
  readonly mutationsExecuted: number;
  /** The `Idempotency-Key` of every mutation that ran in more than one request. */
  readonly executedTwice: readonly string[];
}

export interface RecordedRequest {
  readonly kind: 'token' | 'graphql';
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type EmulatorEventName = 'tokenRequest' | 'operation' | 'refused' | 'executed';

export interface EmulatorEvent {
  readonly name: EmulatorEventName;
  /** Of a `tokenRequest`. */
  readonly kind?: TokenRequestKind;
  /** The root fields of the operation. */
  readonly fields?: readonly string[];
}

type Listener = (event: EmulatorEvent) => void;

export interface Journal {
  /** The latest 1,000. */
  readonly requests: readonly RecordedRequest[];
  readonly stats: () => Stats;
  /** Returns the function that removes the listener. */
  readonly on: (name: EmulatorEventName, listener: Listener) => () => void;
  readonly next: (name: EmulatorEventName) => Promise<EmulatorEvent>;
  /** Keeps a request verbatim. */
  readonly record: (kind: RecordedRequest['kind'], request: Request) => Promise<void>;
  /** Counts the event and passes it to the listeners. */
  readonly emit: (event: EmulatorEvent) => void;
  readonly countMutation: (request: Request) => void;
}

const keptRequests = 1000;

/** Counters, a log of requests, and events to wait for. */
export function createJournal(): Journal {
  const { count, countMutation, stats } = createCounters();
  const requests: RecordedRequest[] = [];
  const listeners = new Map<EmulatorEventName, Set<Listener>>();

  const on: Journal['on'] = (name, listener) => {
    const ofName = listeners.get(name) ?? new Set();
    listeners.set(name, ofName.add(listener));
    return () => void ofName.delete(listener);
  };

  return {
    requests,
    stats,
    on,
    countMutation,
    next: name => nextEvent(on, name),
    async record(kind, request) {
      const { method, url, headers } = request;
      const body = await request.clone().text();
      requests.push({ kind, method, url, headers: Object.fromEntries(headers), body });
      if (requests.length > keptRequests) requests.shift();
    },
    emit(event) {
      count(event);
      for (const listener of Array.from(listeners.get(event.name) ?? [])) listener(event);
    },
  };
}

function nextEvent(on: Journal['on'], name: EmulatorEventName): Promise<EmulatorEvent> {
  return new Promise(resolve => {
    const stop = on(name, event => {
      stop();
      resolve(event);
    });
  });
}

interface Counters extends Pick<Journal, 'stats' | 'countMutation'> {
  readonly count: (event: EmulatorEvent) => void;
}

function createCounters(): Counters {
  const tokenRequests = { total: 0, signIn: 0, refresh: 0, revoked: 0 };
  const operations = { received: 0, refused: 0, executed: 0 };
  let mutationsExecuted = 0;
  /** The latest request that ran a mutation, by `Idempotency-Key`. */
  const executedBy = new Map<string, Request>();
  const executedTwice = new Set<string>();

  return {
    count({ name, kind }) {
      if (name === 'operation') operations.received++;
      if (name === 'refused') operations.refused++;
      if (name === 'executed') operations.executed++;
      if (name !== 'tokenRequest') return;
      if (kind === 'revoke') tokenRequests.revoked++;
      else tokenRequests.total++;
      if (kind === 'signIn' || kind === 'refresh') tokenRequests[kind]++;
    },
    countMutation(request) {
      mutationsExecuted++;
      const key = request.headers.get('idempotency-key');
      if (key === null) return;
      if ((executedBy.get(key) ?? request) !== request) executedTwice.add(key);
      executedBy.set(key, request);
    },
    stats: () => ({
      tokenRequests: { ...tokenRequests },
      operations: { ...operations },
      mutationsExecuted,
      executedTwice: [...executedTwice],
    }),
  };
}
