import { type Dialect, errorsIn } from '../verdict/dialect.ts';
import { addCodes, extendDefault } from './extendDefault.ts';
import { fieldAt } from './fieldAt.ts';

// Products that are installed or subscribed to: each installation answers the same.

/**
 * Apollo Router: `AUTH_ERROR` with 401 for an expired token, 400 for a malformed header and 500 for an unknown issuer. A
 * missing scope is the error of a field in a 200.
 */
export const apolloRouter: Dialect = /* @__PURE__ */ extendDefault({
  codes: /* @__PURE__ */ addCodes({ AUTH_ERROR: 'unauthenticated', UNAUTHORIZED_FIELD_OR_TYPE: 'forbidden' }),
});

/** AWS AppSync: `errorType` next to the message. A wrong authorization mode has the same `errorType` as an invalid token. */
export const appSync: Dialect = /* @__PURE__ */ extendDefault({
  codes: { UnauthorizedException: 'unauthenticated', Unauthorized: 'forbidden' },
  codeOf: error => fieldAt(error, 'errorType'),
});

/**
 * CollectiveAccess masks its messages. Only an expired token has a signal: 401, and a flag next to the message. A missing or
 * forged token, a missing permission and any fault are the same 500. The token is checked before any resolver runs.
 */
export const collectiveAccess: Dialect = /* @__PURE__ */ extendDefault({
  judgeError: error => (fieldAt(error, 'expiredToken') === true ? 'unauthenticated' : undefined),
  refusesBeforeResolver: true,
});

/**
 * Directus: every answer has a code, `INVALID_CREDENTIALS` for an expired token in old versions. The status is 401 for an
 * expired token, and 403 for an invalid token and for a missing permission.
 */
export const directus: Dialect = {
  codes: {
    TOKEN_EXPIRED: 'unauthenticated',
    INVALID_TOKEN: 'unauthenticated',
    INVALID_CREDENTIALS: 'unauthenticated',
    FORBIDDEN: 'forbidden',
  },
  statuses: { 401: 'unauthenticated' },
  messages: {},
  refusesBeforeResolver: true,
};

/** GitHub: 401 without `errors` for an invalid token; `type` next to the message otherwise. 403 is also the status of a rate limit. */
export const gitHub: Dialect = /* @__PURE__ */ extendDefault({
  codes: { FORBIDDEN: 'forbidden', INSUFFICIENT_SCOPES: 'forbidden' },
  codeOf: error => fieldAt(error, 'type'),
});

/**
 * Hasura 2, and Nhost, which runs it: 200 with a code. Where a webhook authenticates, an expired token has the code of a role
 * that is not allowed, and a message of its own.
 */
export const hasura: Dialect = /* @__PURE__ */ extendDefault({
  codes: /* @__PURE__ */ addCodes({ 'access-denied': 'forbidden' }),
  judgeError: ({ message }) =>
    message === 'Authentication hook unauthorized this request' ? 'unauthenticated' : undefined,
});

/**
 * Parse Server: a session token that is not valid is a 400 without `errors`, before any resolver runs. Codes are numbers.
 *
 * @see https://docs.parseplatform.org/rest/guide/#error-codes
 */
export const parse: Dialect = /* @__PURE__ */ extendDefault({
  codes: { 209: 'unauthenticated', 119: 'forbidden' },
  judge: ({ body }) => (fieldAt(body, 'code') === 209 ? 'unauthenticated' : undefined),
  refusesBeforeResolver: true,
});

/**
 * Payload 2 and 3: executes a request with a token that is not valid anonymously, so that an expired token and a missing
 * permission are the same error. The name of its class stands in the place of a code.
 */
export const payload: Dialect = /* @__PURE__ */ extendDefault({
  codes: { Forbidden: 'unauthenticated', UnauthorizedError: 'unauthenticated' },
  codeOf: error => fieldAt(error, 'extensions', 'name'),
});

/**
 * PostGraphile 4: 401 (version 3: 403) with the message of the JWT library. A missing permission is a message of Postgres with
 * the name of a table, which no list of whole messages can contain.
 */
export const postGraphile: Dialect = /* @__PURE__ */ extendDefault({
  statuses: { 401: 'unauthenticated' },
  messages: { 'jwt expired': 'unauthenticated' },
});

/**
 * Saleor 3: the class of the exception is the code. The 401 of a shop that allows no storefront traffic is not about the token
 * of a customer. An expired token of its staff gets it, too, so a dashboard has to renew ahead of expiry, as the default does.
 */
export const saleor: Dialect = /* @__PURE__ */ extendDefault({
  codes: {
    ExpiredSignatureError: 'unauthenticated',
    InvalidTokenError: 'unauthenticated',
    InvalidSignatureError: 'unauthenticated',
    DecodeError: 'unauthenticated',
    PermissionDenied: 'forbidden',
    STOREFRONT_TRAFFIC_NOT_ALLOWED: 'forbidden',
  },
  codeOf: error => fieldAt(error, 'extensions', 'exception', 'code') ?? fieldAt(error, 'extensions', 'code'),
});

/** Shopify Admin: an invalid token is a 401 whose `errors` is a string, so the status decides. */
export const shopify: Dialect = /* @__PURE__ */ extendDefault({
  codes: /* @__PURE__ */ addCodes({ ACCESS_DENIED: 'forbidden' }),
});

/**
 * Strapi 4 and 5: 401 without `errors` for a token that is not valid, which is checked before any resolver runs. In a resolver
 * both verdicts have the code `FORBIDDEN`; the name of the error differs.
 */
export const strapi: Dialect = /* @__PURE__ */ extendDefault({
  codes: /* @__PURE__ */ addCodes({ UnauthorizedError: 'unauthenticated', ForbiddenError: 'forbidden' }),
  codeOf: error => fieldAt(error, 'extensions', 'error', 'name') ?? fieldAt(error, 'extensions', 'code'),
  refusesBeforeResolver: true,
});

/**
 * Supabase, PostgREST: 401 without `errors`. A token that was issued in the future comes from an auth server whose clock is
 * ahead: its successor would be refused, too.
 */
export const supabase: Dialect = /* @__PURE__ */ extendDefault({
  judge: ({ body }) => {
    const message = fieldAt(body, 'message');
    return message === 'JWT issued at future' || message === 'JWT not yet valid' ? 'ok' : undefined;
  },
});

/** Vendure's default option `authTokenHeaderKey`. */
const vendureHeader = 'vendure-auth-token';

/**
 * Vendure: one code for both verdicts. A token that is not valid is unset in the header in which tokens come: it is there, empty
 * or with a guest's. With cookies only, no signal is left. Where a guest may ask, too, the answer is `null` without an error.
 */
export const vendure: Dialect = /* @__PURE__ */ extendDefault({
  codes: { FORBIDDEN: 'unauthenticated' },
  judge: facts => {
    const isForbidden = errorsIn(facts).some(error => fieldAt(error, 'extensions', 'code') === 'FORBIDDEN');
    return isForbidden && facts.response?.()?.headers.get(vendureHeader) == null ? 'forbidden' : undefined;
  },
});

/**
 * WPGraphQL JWT: old versions answer 403, or in debug mode `invalid-secret-key | Expired token`; without debug mode the
 * message is masked. New versions execute the request anonymously. Without a signal only the expiry leads to a renewal.
 */
export const wpGraphQLJwt: Dialect = {
  codes: { 'invalid-jwt': 'unauthenticated', 'invalid-secret-key': 'unauthenticated' },
  statuses: { 401: 'unauthenticated', 403: 'unauthenticated' },
  messages: {},
  codeOf: error => {
    const message = fieldAt(error, 'debugMessage') ?? fieldAt(error, 'extensions', 'debugMessage') ?? error.message;
    return typeof message === 'string' && message.includes(' | ') ? message.split(' | ', 1)[0] : undefined;
  },
};
