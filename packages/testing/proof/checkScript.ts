import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createTokenManager, TokenError, type TokenManager } from '@latchkey/core';
import { generousLimits } from '../src/generousLimits.ts';
import type { AnswerServers, Role } from './answerServer.ts';
import { describe } from './describe.ts';
import { type Expectation, expectationOf } from './expectation.ts';
import type { FuzzClient } from './fuzzClient.ts';
import type { Answer, Script } from './script.ts';

export interface Violation {
  readonly kind: 'difference' | 'hang' | 'twice';
  readonly detail: string;
}

/**
 * Some answers are never shown by the client itself, as an object as `errors` by Apollo Client, and what was aborted may not be.
 * Then nothing happens for so many turns of a timer, on a busy machine, too, where each takes longer.
 */
const quietTurns = 10;
const turnMs = 15;

/** What was seen of a run. */
interface Outcome {
  readonly seen: readonly unknown[];
  readonly isSettled: boolean;
  /** Nobody listens any more. */
  readonly isUnsubscribed: boolean;
  readonly errors: readonly unknown[];
  readonly sent: readonly IncomingHttpHeaders[];
  readonly elsewhere: readonly IncomingHttpHeaders[];
}

const credentials = (hasKey: boolean, token: string): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  ...(hasKey && { 'x-key': 'the key' }),
});

const reason = new DOMException('The user has gone.', 'AbortError');

/** Runs one script through one client. */
class ScriptRun {
  readonly #servers: AnswerServers;
  readonly #client: FuzzClient;
  readonly #script: Script;
  readonly #role: Role;
  readonly #sent: IncomingHttpHeaders[] = [];
  readonly #elsewhere: IncomingHttpHeaders[] = [];
  readonly #seen: unknown[] = [];
  readonly #errors: unknown[] = [];
  readonly #controller = new AbortController();
  readonly #name: string;
  #isSettled = false;
  /** Counts all that happens. */
  #activity = 0;
  #unsubscribe: (() => void) | undefined;
  #isUnsubscribed = false;
  #settle: () => void = () => {};
  readonly #settled: Promise<void> = new Promise(resolve => (this.#settle = resolve));

  constructor(servers: AnswerServers, client: FuzzClient, script: Script, role: Role, answers: readonly Answer[]) {
    this.#servers = servers;
    this.#client = client;
    this.#script = script;
    this.#role = role;
    this.#name = servers.add({
      answerTo: attempt => (answers[attempt - 1] ?? answers.at(-1)) as Answer,
      sent: this.#sent,
      elsewhere: this.#elsewhere,
      arrived: () => {
        this.#activity++;
        if (this.#sent.length === 1) this.#abortAt('request');
      },
      begun: () => {
        this.#activity++;
        if (this.#sent.length === 1) this.#abortAt('head');
      },
    });
  }

  /** Runs it until it is settled; one that is aborted may never be. */
  async run(): Promise<Outcome> {
    const { abort } = this.#script;
    const auth = this.#role === 'ours' ? this.#manager() : undefined;
    if (abort?.at === 'start' && abort.by === 'signal') this.#abortAt('start');
    this.#unsubscribe = this.#client.start(
      {
        url: `${this.#servers.origins[this.#script.target]}/${this.#name}`,
        script: this.#script,
        document: `${this.#script.kind} { n }`,
        headers: { ...this.#script.headers, ...this.#bareHeaders() },
        fetchOptions: this.#bareOptions(),
        signal: this.#controller.signal,
        auth,
        options: { origins: [this.#servers.origins.api] },
      },
      { see: seen => this.#see(seen), end: () => this.#end() },
    );
    if (abort?.at === 'start' && abort.by === 'unsubscribe') this.#abortAt('start');
    await Promise.race([this.#settled, this.#quiet()]);
    return this.#outcome();
  }

  /** Waits on, where the other client has settled. */
  async runOn(ms: number): Promise<Outcome> {
    for (let turn = 0; turn < ms / turnMs && !this.#isSettled; turn++) await delay(turnMs);
    return this.#outcome();
  }

  close(): void {
    this.#unsubscribe?.();
    if (!this.#isSettled) this.#controller.abort();
    this.#servers.remove(this.#name);
  }

  async #quiet(): Promise<void> {
    for (let turn = 0; turn < quietTurns && !this.#isSettled; turn++) {
      const before = this.#activity;
      await delay(turnMs);
      if (this.#activity !== before) turn = 0;
    }
  }

  #manager(): TokenManager {
    const { hasKey, isSignedIn, renewal } = this.#script;
    const auth = createTokenManager({
      ...generousLimits,
      ...(hasKey && { headers: ({ accessToken }) => credentials(hasKey, accessToken) }),
      renew: () => {
        this.#abortAt('renewal');
        if (renewal === 'failure') throw new TypeError('The network has failed.');
        return renewal === 'token' ? 'token-1' : null;
      },
    });
    if (isSignedIn) void auth.adopt('token-0');
    return auth;
  }

  /** What ours has the adapter add. */
  #bareHeaders(): Record<string, string> {
    const { hasKey } = this.#script;
    return this.#role === 'bare' && this.#hasToken() ? credentials(hasKey, 'token-0') : {};
  }

  /** A redirect of a request with a header that redirects would keep is an error (B105). */
  #bareOptions(): RequestInit {
    return this.#role === 'bare' && this.#hasToken() && this.#script.hasKey ? { redirect: 'error' } : {};
  }

  #hasToken(): boolean {
    return expectationOf(this.#script, this.#client.name).hasToken;
  }

  #abortAt(at: NonNullable<Script['abort']>['at']): void {
    const { abort } = this.#script;
    if (abort?.at !== at) return;
    if (abort.by === 'signal' || !this.#unsubscribe) this.#controller.abort(reason);
    else {
      this.#isUnsubscribed = true;
      this.#unsubscribe();
    }
  }

  #see(seen: unknown): void {
    this.#activity++;
    const { thrown, error } = (seen ?? {}) as { thrown?: unknown; error?: unknown };
    if (thrown ?? error) this.#errors.push(thrown ?? error);
    this.#seen.push(JSON.parse(JSON.stringify(describe(seen) ?? null).replaceAll(`/${this.#name}`, '/run')));
  }

  #end(): void {
    this.#isSettled = true;
    this.#settle();
  }

  #outcome(): Outcome {
    return {
      seen: [...this.#seen],
      isSettled: this.#isSettled,
      isUnsubscribed: this.#isUnsubscribed,
      errors: this.#errors,
      sent: this.#sent,
      elsewhere: this.#elsewhere,
    };
  }
}

/** The `TokenError` of an outcome, wherever this client puts it. */
function tokenErrorIn({ errors }: Outcome): TokenError | undefined {
  for (const error of errors) {
    const { networkError, cause } = (error ?? {}) as { networkError?: unknown; cause?: unknown };
    const found = [error, networkError, cause].find(one => TokenError.is(one));
    if (found) return found as TokenError;
  }
  return undefined;
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const difference = (detail: string): Violation => ({ kind: 'difference', detail });

/** What is wrong with the requests of ours, whatever the user sees. */
function requestViolation(script: Script, ours: Outcome, { hasToken, isRetried }: Expectation): Violation | undefined {
  const { sent, elsewhere } = ours;
  if (sent.length > 2) return { kind: 'twice', detail: `${sent.length} attempts` };
  if (sent.length === 2 && isRetried === 'no')
    return { kind: 'twice', detail: 'sent twice without a refusal that allows it' };
  if (elsewhere.some(headers => headers.authorization ?? headers['x-key']))
    return difference('the token went to another origin');
  for (const [index, headers] of sent.entries()) {
    const token = hasToken ? `Bearer token-${index}` : undefined;
    if (headers.authorization !== token) return difference(`attempt ${index} carries ${headers.authorization}`);
    if (headers['x-key'] !== (hasToken && script.hasKey ? 'the key' : undefined)) return difference('the key');
    for (const [name, value] of Object.entries(script.headers))
      if (headers[name.toLowerCase()] !== value) return difference(`attempt ${index} lacks the caller's ${name}`);
  }
  return undefined;
}

/** What the rules state where an operation is not simply sent and answered; `undefined`: as the bare client. */
function ruleViolation(script: Script, ours: Outcome, expected: Expectation): Violation | null | undefined {
  const { isSignedIn, auth, target, abort, renewal } = script;
  const { sent } = ours;
  const error = tokenErrorIn(ours);
  if (!isSignedIn && auth === 'required' && target === 'api')
    return sent.length === 0 && (error?.code === 'signedOut' || abort?.at === 'start')
      ? null
      : difference('required, but sent');
  if (abort) return undefined;
  if (expected.isRetried === 'yes' && renewal === 'token' && sent.length < 2) return difference('not sent again');
  if (expected.isRetried === 'yes' && renewal !== 'token')
    return error && sent.length === 1 ? null : difference('a failed renewal is not shown');
  const isDoubtful = expected.isRetried === 'maybe' || expected.isRefused === 'maybe'; // a stream may go on after its session
  if (isDoubtful && renewal !== 'token' && error) return null;
  return error ? difference(`a TokenError: ${error.code}`) : undefined;
}

/**
 * Whether an aborted operation shows its reason, or, without a subscriber, nothing. A mutation of urql goes on without: what
 * unsubscribes cannot be distinguished from the unsubscribing of other mutations with its key.
 */
function isAborted({ abort, kind }: Script, client: string, ours: Outcome, bare: Outcome): boolean {
  const { seen, sent, errors, isUnsubscribed } = ours;
  if (!abort) return false;
  if (abort.by === 'unsubscribe' && client.startsWith('urql') && kind === 'mutation') return seen.length === 0;
  if (sent.length > 1) return false;
  if (isUnsubscribed && same(seen, bare.seen.slice(0, seen.length))) return true;
  return errors.some(error => [error, (error as { networkError?: unknown } | null)?.networkError].includes(reason));
}

/** What is wrong with an outcome of ours next to that of the bare client. */
function violationIn(script: Script, client: FuzzClient, ours: Outcome, bare: Outcome): Violation | undefined {
  const expected = expectationOf(script, client.name);
  const found = requestViolation(script, ours, expected) ?? ruleViolation(script, ours, expected);
  if (found !== undefined) return found ?? undefined;
  if (isAborted(script, client.name, ours, bare)) return undefined;
  if (bare.isSettled && !ours.isSettled) return { kind: 'hang', detail: 'the bare client has settled' };
  if (same(ours.seen, bare.seen)) return undefined;
  return difference(`seen: ${JSON.stringify(ours.seen)}\nbare: ${JSON.stringify(bare.seen)}`);
}

export interface Checked {
  readonly violation: Violation | undefined;
  /** How often the operation was sent. */
  readonly sent: number;
}

/**
 * Runs a script through the adapter, and its last answer through the client without it.
 *
 * @param longestMs - a client that has shown nothing for so long hangs, when the other one has settled
 */
export async function checkScript(
  servers: AnswerServers,
  client: FuzzClient,
  script: Script,
  longestMs = 15_000,
): Promise<Checked> {
  const { first, second } = script;
  const runs: ScriptRun[] = [];
  function start(one: Script, role: Role, answers: readonly Answer[]): ScriptRun {
    const run = new ScriptRun(servers, client, one, role, answers);
    runs.push(run);
    return run;
  }
  const startBare = ({ sent }: Outcome) =>
    sent.length > 1 ? start({ ...script, abort: null }, 'bare', [second]) : start(script, 'bare', [first]);
  try {
    const ourRun = start(script, 'ours', [first, second]);
    let ours = await ourRun.run();
    let bare = await startBare(ours).run();
    if (!(ours.isSettled && bare.isSettled) && violationIn(script, client, ours, bare)) {
      ours = await ourRun.runOn(longestMs); // it may be slow
      const bareRun = startBare(ours);
      bare = await bareRun.run();
      if (!bare.isSettled && violationIn(script, client, ours, bare)) bare = await bareRun.runOn(longestMs);
    }
    return { violation: violationIn(script, client, ours, bare), sent: ours.sent.length };
  } finally {
    for (const run of runs) run.close();
  }
}
