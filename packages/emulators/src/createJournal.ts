/** What a request to the auth server asks for; `revoke` is a logout. */
export type TokenRequestKind = 'signIn' | 'refresh' | 'revoke' | 'unknown';

/** An immutable snapshot of what happened so far. */
export interface Stats {
  readonly tokenRequests: {
    /** Everything that asked for tokens, well-formed or not. Logouts are not in it. */
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
  /** How many times a mutation's resolver ran, whatever the answer said. */
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

export interface Journal {
  readonly requests: readonly RecordedRequest[];
  readonly stats: () => Stats;
  readonly on: (name: EmulatorEventName, listener: (event: EmulatorEvent) => void) => () => void;
  readonly next: (name: EmulatorEventName) => Promise<EmulatorEvent>;
  /** Notes a request word for word. */
  readonly record: (kind: RecordedRequest['kind'], request: Request) => Promise<void>;
  /** Counts, and tells the listeners. */
  readonly tell: (event: EmulatorEvent) => void;
  readonly countMutation: (request: Request) => void;
}

const keptRequests = 1000;

/** What arrived at a server and what became of it: counters, a log of requests, events to wait for. */
export function createJournal(): Journal {
  const tokenRequests = { total: 0, signIn: 0, refresh: 0, revoked: 0 };
  const operations = { received: 0, refused: 0, executed: 0 };
  let mutationsExecuted = 0;
  const ranBy = new Map<string, Request>();
  const executedTwice = new Set<string>();
  const requests: RecordedRequest[] = [];
  const listeners = new Map<EmulatorEventName, Set<(event: EmulatorEvent) => void>>();

  const count = ({ name, kind }: EmulatorEvent) => {
    if (name === 'operation') operations.received++;
    if (name === 'refused') operations.refused++;
    if (name === 'executed') operations.executed++;
    if (name !== 'tokenRequest') return;
    if (kind === 'revoke') tokenRequests.revoked++;
    else tokenRequests.total++;
    if (kind === 'signIn' || kind === 'refresh') tokenRequests[kind]++;
  };

  const on: Journal['on'] = (name, listener) => {
    const ofName = listeners.get(name) ?? new Set();
    listeners.set(name, ofName.add(listener));
    return () => void ofName.delete(listener);
  };

  return {
    requests,
    on,
    stats: () => ({
      tokenRequests: { ...tokenRequests },
      operations: { ...operations },
      mutationsExecuted,
      executedTwice: [...executedTwice],
    }),
    countMutation(request) {
      mutationsExecuted++;
      const key = request.headers.get('idempotency-key');
      if (key === null) return;
      if ((ranBy.get(key) ?? request) !== request) executedTwice.add(key);
      ranBy.set(key, request);
    },
    next: name =>
      new Promise(resolve => {
        const stop = on(name, event => {
          stop();
          resolve(event);
        });
      }),
    async record(kind, request) {
      const { method, url, headers } = request;
      requests.push({
        kind,
        method,
        url,
        headers: Object.fromEntries(headers),
        body: await request.clone().text(),
      });
      if (requests.length > keptRequests) requests.shift();
    },
    tell(event) {
      count(event);
      for (const listener of Array.from(listeners.get(event.name) ?? [])) listener(event);
    },
  };
}
