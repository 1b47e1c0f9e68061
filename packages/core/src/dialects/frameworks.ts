import { type Dialect, defaultDialect } from '../verdict/dialect.ts';
import { addCodes, addMessages, extendDefault } from './extendDefault.ts';
import { fieldAt } from './fieldAt.ts';

// Libraries for writing a server. The author of a server may choose other codes: then extend the row.

/** Apollo Server follows the default dialect. A plain `Error` thrown while the context is made is a 500 without a signal. */
export const apolloServer: Dialect = defaultDialect;

/** NestJS: the codes of Apollo Server; where the driver does not set them, the status of the exception. */
export const nest: Dialect = /* @__PURE__ */ extendDefault({
  judgeError: error => {
    const status = fieldAt(error, 'extensions', 'originalError', 'statusCode');
    return status === 401 ? 'unauthenticated' : status === 403 ? 'forbidden' : undefined;
  },
});

/** TypeGraphQL 2: the code `UNAUTHORIZED` means forbidden. */
export const typeGraphQL: Dialect = /* @__PURE__ */ extendDefault({
  codes: /* @__PURE__ */ addCodes({ UNAUTHORIZED: 'forbidden' }),
});

/** Spring for GraphQL: `extensions.classification`; an unauthenticated socket is closed with 4401. */
export const springGraphQL: Dialect = /* @__PURE__ */ extendDefault({
  codes: { UNAUTHORIZED: 'unauthenticated', FORBIDDEN: 'forbidden' },
  codeOf: error => fieldAt(error, 'extensions', 'classification'),
});

/**
 * Hot Chocolate 14 and later: two codes with the same message. Up to 13 an operation without a token had the code of a
 * missing permission: extend the row with `codes: { ...hotChocolate.codes, AUTH_NOT_AUTHORIZED: 'unauthenticated' }`.
 */
export const hotChocolate: Dialect = defaultDialect;

/** Lighthouse: messages without codes. */
export const lighthouse: Dialect = /* @__PURE__ */ extendDefault({
  messages: /* @__PURE__ */ addMessages({ 'this action is unauthorized': 'forbidden' }),
});

/** GraphQL Yoga's JWT plugin: 401 for a missing or expired token, 400 for a malformed one; neither has a code. */
export const yogaJwt: Dialect = /* @__PURE__ */ extendDefault({
  messages: /* @__PURE__ */ addMessages({ 'invalid authentication token provided': 'unauthenticated' }),
});

/** graphql-shield: one message for unauthenticated and forbidden, so a missing permission causes one renewal, too. */
export const graphqlShield: Dialect = /* @__PURE__ */ extendDefault({
  messages: { 'not authorised!': 'unauthenticated' },
  codeOf: error => {
    const code = fieldAt(error, 'extensions', 'code');
    return code === 'INTERNAL_SERVER_ERROR' ? undefined : code; // Apollo Server's code for every error without one
  },
});

/** mercurius-auth: one message for unauthenticated and forbidden. It contains the name of the field and has no code. */
export const mercuriusAuth: Dialect = /* @__PURE__ */ extendDefault({
  judgeError: ({ message }) =>
    typeof message === 'string' && /^Failed auth policy check on \w+$/.test(message) ? 'unauthenticated' : undefined,
});

/** Keystone 6: refused reads are `null` or empty; mutations have one code for unauthenticated, forbidden and not found. */
export const keystone: Dialect = /* @__PURE__ */ extendDefault({
  codes: /* @__PURE__ */ addCodes({ KS_ACCESS_DENIED: 'unauthenticated' }),
});
