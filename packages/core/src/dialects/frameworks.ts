import { type Dialect, defaultDialect } from '../verdict/dialect.ts';
import { fieldAt } from './fieldAt.ts';

// Libraries that somebody writes a server with. Where the server's author chooses codes, the author's choice counts.

/** Apollo Server's convention is the default. A plain `Error` thrown while the context is made is a 500 that tells nothing. */
export const apolloServer: Dialect = defaultDialect;

/** NestJS: Apollo Server's codes; where its driver leaves them out, the status of the exception. */
export const nest: Dialect = {
  ...defaultDialect,
  judgeError: error => {
    const status = fieldAt(error, 'extensions', 'originalError', 'statusCode');
    return status === 401 ? 'unauthenticated' : status === 403 ? 'forbidden' : undefined;
  },
};

/** TypeGraphQL 2: its code `UNAUTHORIZED` means "you may not". */
export const typeGraphQL: Dialect = {
  ...defaultDialect,
  codes: { ...defaultDialect.codes, UNAUTHORIZED: 'forbidden' },
};

/** Spring for GraphQL: `extensions.classification`; a socket is closed with 4401. */
export const springGraphQL: Dialect = {
  ...defaultDialect,
  codes: { UNAUTHORIZED: 'unauthenticated', FORBIDDEN: 'forbidden' },
  codeOf: error => fieldAt(error, 'extensions', 'classification'),
};

/**
 * Hot Chocolate 14 and later: two codes and one message. Up to 13 a missing sign-in had the code of a missing right: extend
 * it with `codes: { ...hotChocolate.codes, AUTH_NOT_AUTHORIZED: 'unauthenticated' }`.
 */
export const hotChocolate: Dialect = defaultDialect;

/** Lighthouse: messages without codes. */
export const lighthouse: Dialect = {
  ...defaultDialect,
  messages: { ...defaultDialect.messages, 'this action is unauthorized': 'forbidden' },
};

/** GraphQL Yoga's JWT plugin: 401 for a token that is dead, 400 for one that is none; neither has a code. */
export const yogaJwt: Dialect = {
  ...defaultDialect,
  messages: { ...defaultDialect.messages, 'invalid authentication token provided': 'unauthenticated' },
};

/** graphql-shield: one signal for "not signed in" and "not allowed", so a missing right costs one renewal too. */
export const graphqlShield: Dialect = {
  ...defaultDialect,
  messages: { 'not authorised!': 'unauthenticated' },
  codeOf: error => {
    const code = fieldAt(error, 'extensions', 'code');
    return code === 'INTERNAL_SERVER_ERROR' ? undefined : code; // Apollo Server's for every error that brings none
  },
};

/** mercurius-auth: one signal for "not signed in" and "not allowed", which names the field and has no code. */
export const mercuriusAuth: Dialect = {
  ...defaultDialect,
  judgeError: ({ message }) =>
    typeof message === 'string' && /^Failed auth policy check on \w+$/.test(message) ? 'unauthenticated' : undefined,
};

/** Keystone 6: reads of the signed-out are empty; mutations have one signal for "not signed in", "not allowed" and "not there". */
export const keystone: Dialect = {
  ...defaultDialect,
  codes: { ...defaultDialect.codes, KS_ACCESS_DENIED: 'unauthenticated' },
};
