import { type Dialect, defaultDialect } from '../verdict/dialect.ts';
import { fieldAt } from './fieldAt.ts';

// Servers that one sets up or subscribes to: what they answer is the same everywhere.

/** Apollo Router: 401 for a dead token (400 for a bad header, 500 for a foreign issuer); a missing scope is a field's error in a 200. */
export const apolloRouter: Dialect = {
  ...defaultDialect,
  codes: { ...defaultDialect.codes, AUTH_ERROR: 'unauthenticated', UNAUTHORIZED_FIELD_OR_TYPE: 'forbidden' },
};

/** AWS AppSync: `errorType` beside the message. A wrong auth mode looks like a dead token. */
export const appSync: Dialect = {
  ...defaultDialect,
  codes: { UnauthorizedException: 'unauthenticated', Unauthorized: 'forbidden' },
  codeOf: error => fieldAt(error, 'errorType'),
};

/**
 * CollectiveAccess: messages are masked. Only an expired token shows: by 401, and by a flag beside the message. A missing or
 * forged token, a missing right and any fault are a 500 that tells nothing. The token is looked at before a field does anything.
 */
export const collectiveAccess: Dialect = {
  ...defaultDialect,
  judgeError: error => (fieldAt(error, 'expiredToken') === true ? 'unauthenticated' : undefined),
  refusesBeforeResolver: true,
};

/** Directus: the code says it all. A dead token's status is 401, or 403 with `INVALID_TOKEN`; 403 is also a missing right. */
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

/** GitHub: a dead token is a 401 without `errors`; a missing right is a `type` beside the message. 403 is also a rate limit. */
export const gitHub: Dialect = {
  ...defaultDialect,
  codes: { FORBIDDEN: 'forbidden', INSUFFICIENT_SCOPES: 'forbidden' },
  codeOf: error => fieldAt(error, 'type'),
};

/** Hasura 2, and Nhost, which runs it: 200 and a code. With a webhook a dead token has the code of a role that is not allowed. */
export const hasura: Dialect = {
  ...defaultDialect,
  codes: { ...defaultDialect.codes, 'access-denied': 'forbidden' },
  judgeError: ({ message }) =>
    message === 'Authentication hook unauthorized this request' ? 'unauthenticated' : undefined,
};

/** PostGraphile 4: 401 (3: 403) and the message of the JWT library. A missing right is Postgres's message, which names a table. */
export const postGraphile: Dialect = {
  ...defaultDialect,
  statuses: { 401: 'unauthenticated' },
  messages: { 'jwt expired': 'unauthenticated' },
};

/**
 * Saleor 3: the class of the exception. The 401 of a shop that admits no storefront is not about the token of a customer; an
 * expired one of its staff gets it too, so a dashboard has to renew ahead of expiry, as the default does.
 */
export const saleor: Dialect = {
  ...defaultDialect,
  codes: {
    ExpiredSignatureError: 'unauthenticated',
    InvalidTokenError: 'unauthenticated',
    InvalidSignatureError: 'unauthenticated',
    DecodeError: 'unauthenticated',
    PermissionDenied: 'forbidden',
    STOREFRONT_TRAFFIC_NOT_ALLOWED: 'forbidden',
  },
  codeOf: error => fieldAt(error, 'extensions', 'exception', 'code') ?? fieldAt(error, 'extensions', 'code'),
};

/** Shopify Admin: a dead token is a 401 whose `errors` is a text, so the status says it. */
export const shopify: Dialect = {
  ...defaultDialect,
  codes: { ...defaultDialect.codes, ACCESS_DENIED: 'forbidden' },
};

/** Strapi 4 and 5: 401 without `errors`; from a resolver both are coded `FORBIDDEN`, and the name of the error tells them apart. */
export const strapi: Dialect = {
  ...defaultDialect,
  codes: { ...defaultDialect.codes, UnauthorizedError: 'unauthenticated', ForbiddenError: 'forbidden' },
  codeOf: error => fieldAt(error, 'extensions', 'error', 'name') ?? fieldAt(error, 'extensions', 'code'),
};

/** Supabase, PostgREST: 401 without `errors`. A token from the future is of a server whose clock is ahead: the next is no better. */
export const supabase: Dialect = {
  ...defaultDialect,
  judge: ({ body }) => {
    const message = fieldAt(body, 'message');
    return message === 'JWT issued at future' || message === 'JWT not yet valid' ? 'ok' : undefined;
  },
};

/**
 * WPGraphQL JWT, where it says anything: old versions answer 403, or in debug mode "invalid-secret-key | Expired token".
 * Otherwise an error is masked, and new versions run the request as nobody's: renew by expiry.
 */
export const wpGraphQLJwt: Dialect = {
  codes: { 'invalid-jwt': 'unauthenticated', 'invalid-secret-key': 'unauthenticated' },
  statuses: { 401: 'unauthenticated', 403: 'unauthenticated' },
  messages: {},
  codeOf: error => {
    const text = fieldAt(error, 'debugMessage') ?? fieldAt(error, 'extensions', 'debugMessage') ?? error.message;
    return typeof text === 'string' && text.includes(' | ') ? text.split(' | ', 1)[0] : undefined;
  },
};
