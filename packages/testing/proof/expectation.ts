import { defaultDialect } from '@latchkey/core';
import { type GraphQLErrorLike, isJson, judge, mayRetry, type ResponseFacts, readBody } from '@latchkey/core/adapter';
import { bodyOf, isBodiless } from './answerServer.ts';
import type { Answer, Script } from './script.ts';

/** `maybe`: it depends on what this client shows of an answer. */
export type Certainty = 'yes' | 'no' | 'maybe';

/** What the rules state of a script. */
export interface Expectation {
  /** Whether its requests carry the token. */
  readonly hasToken: boolean;
  /** Whether the first answer is a refusal after which the operation is sent again. */
  readonly isRetried: Certainty;
  /** Whether the first answer has the token renewed. */
  readonly isRefused: Certainty;
}

const certainty = (values: readonly boolean[]): Certainty =>
  values.every(Boolean) ? 'yes' : values.some(Boolean) ? 'maybe' : 'no';

/** Also of those with a fault. */
const isFetch = (client: string) => !/^(?:apollo|urql)/.test(client);

const isStream = ({ type }: Answer) => /^(?:multipart\/mixed|text\/event-stream)/.test(type ?? '');

/** A body that some client cannot read whole: fetch drops that of a 205. */
const isBroken = ({ status, end, coding, charset }: Answer) =>
  status === 205 || end !== 'end' || coding === 'gzip?' || charset !== 'utf8';

/**
 * Bodies that a client reads in a way of its own: incremental ones; by urql null as an error, at which it throws, and a string, of
 * which it makes an error with that message; by Apollo Client good data of any status, which is no refusal then, and by version 4
 * null, at which it throws as if the network had failed.
 */
function isReadOtherwise(text: string, client: string): boolean {
  if (/"(?:hasNext|incremental)":/.test(text)) return true;
  if (client.startsWith('urql')) return /[[,](?:null|"UNAUTHENTICATED")[\],]/.test(text);
  const isGood = /^\{"data":(?!null)/.test(text) && !/"errors":\[[^\]]/.test(text);
  return client === 'apollo' ? isGood || text.trim() === 'null' : isGood && /"errors":/.test(text);
}

const isListOf = (text: string) => /^\s*\[/.test(text);

/** What may be read of a body: all of it, none, or, of a stream, each of its payloads. */
function readings(answer: Answer, client: string): readonly string[] {
  if (isBodiless(answer.status)) return [''];
  const text = bodyOf(answer).replace(/^\ufeff/, '');
  if (isStream(answer)) return ['', ...answer.payloads, text];
  const [payload = ''] = answer.payloads;
  const headers = new Headers(answer.type === null ? {} : { 'content-type': answer.type });
  const isRead = isJson({ headers }) && !isBroken(answer);
  return isRead && (isFetch(client) || !isListOf(payload)) ? [text] : ['', text];
}

/** The headers as fetch joins them. */
const challengeOf = ({ headers }: Answer): string | null =>
  headers
    .filter(([name]) => name === 'www-authenticate')
    .map(([, value]) => value)
    .join(', ') || null;

/** Errors where incremental delivery puts them; each client looks for them in ways of its own. */
function incrementalErrors(text: string): readonly GraphQLErrorLike[] {
  if (!/^\{.*"incremental":/.test(text)) return [];
  const { incremental = [] } = JSON.parse(text) as { incremental?: readonly { errors?: GraphQLErrorLike[] }[] };
  return incremental.flatMap(({ errors = [] }) => errors);
}

/** What this client's operation is to the adapter: a GET changes nothing, and what is not one GraphQL document may. */
function kindOf({ kind, shape }: Script, client: string): ResponseFacts['kind'] {
  if (!isFetch(client)) return kind;
  if (shape === 'get') return 'query';
  return shape === 'rest' || (shape === 'batch' && kind === 'mutation') ? 'unknown' : kind;
}

const asError = (error: GraphQLErrorLike | string) => (typeof error === 'string' ? { message: error } : error);

function factsOf(script: Script, client: string): ResponseFacts[] {
  const { first } = script;
  const kind = kindOf(script, client);
  const rootFields = () => (kind === 'unknown' ? undefined : ['n']);
  const head = { sent: null, kind, status: first.status, challenge: challengeOf(first), rootFields };
  return readings(first, client).flatMap(text => {
    const facts = { ...head, ...readBody(text) };
    const more = incrementalErrors(text);
    const errors = [...(facts.errors ?? []), ...more];
    const others = isReadOtherwise(text, client)
      ? [
          { ...head, status: 200, challenge: null },
          { ...facts, errors: errors.map(asError) },
        ]
      : [];
    return [facts, ...others];
  });
}

/** An answer that nobody sees: the fetch of Node makes a network error of a 407, and follows redirects, or may not (B105). */
function isNotShown({ first, hasKey }: Script): boolean {
  const { status, headers, redirect } = first;
  if (redirect) return hasKey || redirect.to === 'elsewhere';
  const isRedirect = [301, 302, 303, 307, 308].includes(status);
  return status === 407 || (isRedirect && (hasKey || headers.some(([name]) => name === 'location')));
}

/** What follows from the rules for this script, whatever the client's own ways are. */
export function expectationOf(script: Script, client: string): Expectation {
  const { first, auth, target, isSignedIn, abort } = script;
  const hasToken = isSignedIn && auth !== 'omit' && target === 'api';
  const never = { hasToken, isRefused: 'no', isRetried: 'no' } as const;
  if (!hasToken || auth === 'unjudged' || first.end === 'reset' || isNotShown(script)) return never;
  const facts = factsOf(script, client);
  const refused = facts.map(one => judge(one, defaultDialect) === 'unauthenticated');
  const retried = facts.map((one, index) => refused[index] === true && mayRetry(one, 'safe', defaultDialect));
  const isDoubtful = abort !== null || isBroken(first) || isStream(first);
  const soften = (value: Certainty): Certainty => (isDoubtful && value === 'yes' ? 'maybe' : value);
  return { hasToken, isRefused: soften(certainty(refused)), isRetried: soften(certainty(retried)) };
}
