import {
  type AdapterOptions,
  type AuthChoice,
  checkAttempt,
  mayHaveToken,
  type TokenManager,
  type TokenSet,
  warnOnce,
} from '@latchkey/core';
import {
  type Exchange,
  makeErrorResult,
  makeOperation,
  type Operation,
  type OperationContext,
  type OperationResult,
} from '@urql/core';
import { attach, bringsOwnToken, watchedFetch } from './attach.ts';
import { createLives, type Life } from './lives.ts';
import { type Attempt, readResponse } from './readResponse.ts';
import { relay } from './relay.ts';

declare module '@urql/core' {
  interface OperationContext {
    /** What this operation wants of the token. @defaultValue 'optional' */
    auth?: AuthChoice;
  }
}

/** One operation's way, from its dispatch to its last answer. It travels in the context of what is sent, and only there. */
interface Way extends Attempt {
  /** As the client gave it; every result carries this one again. */
  readonly operation: Operation;
  readonly life: Life;
  sent: TokenSet | null;
  response?: Attempt['response'];
  told?: Attempt['told'];
  repeated: boolean;
  delivered: boolean;
  /** Refused, and the token is being renewed: what the old transport still says is not heard. */
  isWaiting: boolean;
}

const kinds: readonly string[] = ['query', 'mutation', 'subscription'];

/**
 * Keeps the operations of a urql client signed in: attaches the token, has it renewed when a server refuses it, and sends
 * the operation again. Its place is after the caches and before what sends: `[cacheExchange, authExchange(auth), fetchExchange]`.
 */
export function authExchange(auth: TokenManager, options: AdapterOptions = {}): Exchange {
  const { origins, ...settling } = options;
  const isListed = mayHaveToken(origins);
  return ({ forward }) =>
    operations$ => {
      const lives = createLives();

      /** Goes on at once where the token is known, and waits where it is not. */
      function enter(operation: Operation): Operation | undefined {
        const { kind, context } = operation;
        if (kind === 'teardown') lives.end(operation);
        const isOurs = kinds.includes(kind) && context.auth !== 'omit' && isListed(context.url);
        if (!isOurs || bringsOwnToken(operation)) return operation;
        const way: Way = {
          operation,
          life: lives.of(operation),
          sent: null,
          repeated: false,
          delivered: false,
          isWaiting: false,
        };
        const tokens = auth.fresh();
        if (tokens !== undefined) return attempt(way, tokens);
        auth.get().then(
          had => way.life.isOver || send(way, had),
          error => fail(way, error),
        );
        return undefined;
      }

      /** The operation as it is sent with this token set, or nothing where a callback or the lack of a token makes it fail. */
      function attempt(way: Way, tokens: TokenSet | null): Operation | undefined {
        const { operation, repeated } = way;
        way.response = way.told = undefined; // of the last attempt
        try {
          const { auth: choice, latchkeySession: session } = operation.context;
          checkAttempt(tokens, { auth: choice, session });
          const fetchOptions = attach(operation, tokens && auth.headers(tokens), repeated);
          way.sent = tokens; // not before: who fails above stays in the session that they came from
          return fetchOptions ? sentOn(way, fetchOptions) : operation;
        } catch (error) {
          queueMicrotask(() => fail(way, error)); // not before the client listens
          return undefined;
        }
      }

      /** What is sent: the way travels in its context. Not by `makeOperation`, which copies the context twice. */
      function sentOn(way: Way, fetchOptions: RequestInit): Operation {
        const { operation } = way;
        const context: OperationContext = { ...operation.context, fetchOptions, latchkey: way };
        if (auth.receivesTokens)
          context.fetch = watchedFetch(operation, response => {
            way.response = () => response;
          });
        return { ...operation, context };
      }

      function send(way: Way, tokens: TokenSet | null): void {
        const operation = attempt(way, tokens);
        if (operation) toSend.say(operation);
      }

      /** Has the answer judged: it is delivered as the answer to the operation that the client gave, or the operation is sent again. */
      function answer(result: OperationResult): OperationResult | undefined {
        const way = result.operation.context.latchkey as Way | undefined;
        if (!way) return result;
        if (way.isWaiting || way.life.isOver) return undefined; // who asks the same again has a life of their own
        const { operation } = way;
        if (result.operation.context.meta?.cacheOutcome === 'miss' && !operation.context.meta?.cacheOutcome)
          warnOnce('authExchange stands before a cache. Put it behind.');
        const decision = auth.settle(readResponse(operation, way, result), settling);
        if (!decision) {
          if (result.data != null) {
            way.delivered = true;
            way.repeated = false;
          }
          if (!result.error) return { ...result, operation };
          way.told = [...result.error.graphQLErrors];
          return { ...result, operation: failed(way) };
        }
        way.isWaiting = true;
        const isOpen = result.hasNext || operation.kind === 'subscription';
        const isHttp = result.error?.response !== undefined;
        if (isOpen && !isHttp) close(way); // a socket's "complete" would end the subscription for its consumer
        wait(way, decision, isOpen && isHttp);
        return undefined;
      }

      /** In a scope of its own: else what was sent, and its answer, would be kept as long as the renewal takes. */
      function wait(way: Way, successor: Promise<TokenSet>, isOpen: boolean): void {
        successor.then(
          tokens => repeat(way, tokens, isOpen),
          error => fail(way, error),
        );
      }

      /** Closes the old transport. A mutation's has ended, and others may share its key. */
      function close({ operation }: Way): void {
        if (operation.kind !== 'mutation') toSend.say(makeOperation('teardown', operation));
      }

      /** An HTTP stream is closed here, not from within its answer: urql's fetch throws then, where nobody can catch it. */
      function repeat(way: Way, tokens: TokenSet, isOpen: boolean): void {
        if (way.life.isOver) return;
        if (isOpen) close(way);
        way.isWaiting = false;
        way.repeated = true;
        send(way, tokens);
      }

      /** An exchange in front may try a failed mutation again: it still belongs to the session that it was sent in. */
      function failed({ operation, sent }: Way): Operation {
        const { kind, context } = operation;
        if (kind !== 'mutation' || !sent) return operation;
        return { ...operation, context: { ...context, latchkeySession: sent.session } };
      }

      function fail(way: Way, error: unknown): void {
        if (!way.life.isOver) answers.say(makeErrorResult(failed(way), error as Error));
      }

      const toSend = relay(operations$, enter);
      const answers = relay(forward(toSend.source), answer);
      return answers.source;
    };
}
