import type { TokenSet } from '../../src/tokens/tokenSet.ts';
import { settleWith } from '../../test/settleWith.ts';
import { codeOf, type FleetMember } from './member.ts';
import type { FleetWorld } from './places.ts';
import type { FleetServer } from './servers.ts';

export interface OperationOptions {
  /** The answer of the API brings a new access token. */
  readonly bringsToken?: boolean;
}

/** The longest that the waits of one operation may last together: for the store, twice for a renewal. */
const mostAwakeMs = 60_000;

/** Operations of an application: fresh or get, the API, one refusal handled, and a retry. */
export class FleetOperations {
  open = 0;
  readonly #world: FleetWorld;
  readonly #server: FleetServer;

  constructor(world: FleetWorld, server: FleetServer) {
    this.#world = world;
    this.#server = server;
  }

  /** Resolves to what became of it: a word, or the code of its error. */
  async start(member: FleetMember, options: OperationOptions = {}): Promise<string> {
    const { report } = this.#world;
    const { process } = member;
    this.open++;
    report.counts.operations++;
    const awakeMs = process.awakeMs;
    const outcome = await this.#operate(member, options).catch(codeOf);
    this.open--;
    report.log(() => `${member.name} operation -> ${outcome}`);
    if (process.awakeMs - awakeMs > mostAwakeMs) report.violated('an operation takes too long', member.name);
    if (!/^[a-zA-Z]+$/.test(outcome)) report.violated('an operation fails with a foreign error', outcome);
    return outcome;
  }

  async #operate(member: FleetMember, { bringsToken = false }: OperationOptions): Promise<string> {
    const { auth, tokens: before, process } = member;
    const { report, random } = this.#world;
    const ready = auth.fresh();
    let tokens = ready === undefined ? await auth.get() : ready;
    for (let retried = false; ; retried = true) {
      if (!tokens) return before ? 'signedOutUnnoticed' : 'nobody';
      this.#checkUser(member, before, tokens);
      const { accessToken } = tokens;
      const isAccepted = await process.answer(random.int(2, 60), () => this.#server.accepts(accessToken));
      if (isAccepted) {
        this.#succeed(member, tokens, bringsToken);
        return 'ok';
      }
      report.counts.refusals++;
      report.log(() => `${member.name} is refused with ${accessToken}`);
      if (retried) return 'refused';
      const successor = await this.#refuse(member, tokens);
      if (!successor) return 'refused';
      tokens = successor;
    }
  }

  #checkUser(member: FleetMember, before: TokenSet | undefined, tokens: TokenSet): void {
    if (!before) return;
    const { report } = this.#world;
    if (before.subject !== tokens.subject) report.violated('a token of another subject was sent', member.name);
    if (before.sessionId !== tokens.sessionId) report.violated('a token of another session was sent', member.name);
  }

  /** The successor, or `undefined`: the refusal is delivered. */
  async #refuse({ auth }: FleetMember, sent: TokenSet): Promise<TokenSet | undefined> {
    if (this.#world.random.chance(0.5)) return auth.renew({ refused: sent });
    return settleWith(auth)({ sent, kind: 'query', operation: 'a query', status: 401 });
  }

  #succeed({ auth, name }: FleetMember, sent: TokenSet, bringsToken: boolean): void {
    const family = this.#server.familyOf(sent.accessToken);
    const headers = new Headers();
    if (bringsToken && family && auth.fresh() === sent) {
      headers.set('x-access-token', this.#server.issueAccess(family));
      this.#world.report.log(() => `${name} receives ${headers.get('x-access-token')}`);
    }
    const response = () => ({ headers, url: 'https://api.example/graphql', redirected: false });
    void settleWith(auth)({ sent, kind: 'query', operation: 'a query', status: 200, data: {}, response })?.catch(
      () => {},
    );
  }
}
