import type * as dialects from '../src/dialects/index.ts';
import type { Verdict } from '../src/verdict/dialect.ts';

/** A server's answer: HTTP status and body, or the code with which it closed a socket. */
export interface RecordedAnswer {
  readonly cause: string;
  readonly verdict: Verdict;
  readonly status?: number;
  readonly body?: unknown;
  readonly closeCode?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const answer = (cause: string, verdict: Verdict, status: number, body: unknown): RecordedAnswer => ({
  cause,
  verdict,
  status,
  body,
});
const error = (message: string, extensions?: object, fields?: object) => ({
  message,
  ...fields,
  ...(extensions && { extensions }),
});
const errors = (...args: Parameters<typeof error>) => ({ errors: [error(...args)] });
const atField = (field: string, message: string, extensions?: object) => ({
  ...errors(message, extensions, { locations: [{ line: 1, column: 3 }], path: [field] }),
  data: { [field]: null },
});
const expired = 'an expired token';
const garbage = 'an invalid token';
const notAllowed = 'a missing permission';
const fault = 'another error';

/** Answers recorded from real servers, or copied from their sources and tests, by the name of the dialect. */
export const recordedAnswers: Readonly<Record<keyof typeof dialects, readonly RecordedAnswer[]>> = {
  apolloServer: [
    answer(expired, 'unauthenticated', 200, atField('me', 'Not signed in', { code: 'UNAUTHENTICATED' })),
    answer(
      'an expired token, thrown in the context',
      'unauthenticated',
      401,
      errors('Not signed in', { code: 'UNAUTHENTICATED' }),
    ),
    answer(notAllowed, 'forbidden', 200, atField('users', 'Admins only', { code: 'FORBIDDEN' })),
    answer(fault, 'ok', 500, errors('Context creation failed: Unauthorized', { code: 'INTERNAL_SERVER_ERROR' })),
  ],
  nest: [
    answer(
      expired,
      'unauthenticated',
      200,
      atField('me', 'Unauthorized', {
        code: 'UNAUTHENTICATED',
        originalError: { message: 'Unauthorized', statusCode: 401 },
      }),
    ),
    answer(
      'an expired token, where the driver does not set codes',
      'unauthenticated',
      200,
      atField('me', 'Unauthorized', { code: 'INTERNAL_SERVER_ERROR', originalError: { statusCode: 401 } }),
    ),
    answer(
      notAllowed,
      'forbidden',
      200,
      atField('users', 'Forbidden resource', {
        code: 'FORBIDDEN',
        originalError: { message: 'Forbidden resource', error: 'Forbidden', statusCode: 403 },
      }),
    ),
    answer(
      fault,
      'ok',
      200,
      atField('me', 'Bad Gateway', { code: 'INTERNAL_SERVER_ERROR', originalError: { statusCode: 502 } }),
    ),
  ],
  typeGraphQL: [
    answer(
      expired,
      'unauthenticated',
      200,
      atField('me', 'Access denied! You need to be authenticated to perform this action!', { code: 'UNAUTHENTICATED' }),
    ),
    answer(
      notAllowed,
      'forbidden',
      200,
      atField('users', "Access denied! You don't have permission for this action!", { code: 'UNAUTHORIZED' }),
    ),
    answer(fault, 'ok', 200, atField('add', 'Argument Validation Error', { code: 'BAD_USER_INPUT' })),
  ],
  springGraphQL: [
    answer(expired, 'unauthenticated', 200, atField('me', 'Unauthorized', { classification: 'UNAUTHORIZED' })),
    { cause: 'a socket without a token', verdict: 'unauthenticated', closeCode: 4401 },
    answer(notAllowed, 'forbidden', 200, atField('users', 'Forbidden', { classification: 'FORBIDDEN' })),
    answer(fault, 'ok', 200, atField('me', 'INTERNAL_ERROR for 1c2d', { classification: 'INTERNAL_ERROR' })),
    { cause: 'a second subscriber with the same id', verdict: 'ok', closeCode: 4409 },
  ],
  hotChocolate: [
    answer(
      expired,
      'unauthenticated',
      200,
      atField('me', 'The current user is not authorized to access this resource.', { code: 'AUTH_NOT_AUTHENTICATED' }),
    ),
    answer(
      notAllowed,
      'forbidden',
      200,
      atField('users', 'The current user is not authorized to access this resource.', { code: 'AUTH_NOT_AUTHORIZED' }),
    ),
    answer(fault, 'ok', 500, errors('Unexpected Execution Error')),
  ],
  lighthouse: [
    answer(expired, 'unauthenticated', 200, atField('me', 'Unauthenticated.', { guards: ['api'] })),
    answer(notAllowed, 'forbidden', 200, atField('users', 'This action is unauthorized.')),
    answer(fault, 'ok', 200, atField('me', 'Internal server error')),
  ],
  yogaJwt: [
    answer(expired, 'unauthenticated', 401, errors('Unauthenticated')),
    answer(garbage, 'unauthenticated', 400, errors('Invalid authentication token provided')),
    answer('a scheme in upper case', 'ok', 400, errors('Invalid JWT authentication token prefix.')),
    answer(fault, 'ok', 500, errors('Unexpected error.', { code: 'INTERNAL_SERVER_ERROR' })),
  ],
  graphqlShield: [
    answer(expired, 'unauthenticated', 200, atField('me', 'Not Authorised!')),
    answer(
      'an expired token, under Apollo Server',
      'unauthenticated',
      200,
      atField('me', 'Not Authorised!', { code: 'INTERNAL_SERVER_ERROR' }),
    ),
    answer(notAllowed, 'unauthenticated', 200, atField('users', 'Not Authorised!')),
    answer(fault, 'ok', 200, atField('me', 'read ECONNRESET', { code: 'INTERNAL_SERVER_ERROR' })),
  ],
  mercuriusAuth: [
    answer(expired, 'unauthenticated', 200, atField('four', 'Failed auth policy check on add')),
    answer(notAllowed, 'unauthenticated', 200, atField('adminMessages', 'Failed auth policy check on adminMessages')),
    answer(fault, 'ok', 200, atField('add', 'Failed auth policy check on Replacement must be a valid string.')),
  ],
  keystone: [
    answer(
      expired,
      'unauthenticated',
      200,
      atField('updatePost', 'Access denied: You cannot update that Post - it may not exist', {
        code: 'KS_ACCESS_DENIED',
      }),
    ),
    answer(
      notAllowed,
      'unauthenticated',
      200,
      atField('createPost', 'Access denied: You cannot create that Post', { code: 'KS_ACCESS_DENIED' }),
    ),
    answer(fault, 'ok', 200, atField('createPost', 'Input error: no title', { code: 'KS_USER_INPUT_ERROR' })),
  ],
  djangoGraphQLJwt: [
    answer(expired, 'unauthenticated', 200, atField('me', 'Signature has expired')),
    answer('an expired token, in German', 'unauthenticated', 200, atField('me', 'Signatur abgelaufen')),
    answer('an expired token, in Portuguese', 'unauthenticated', 200, atField('me', 'A assinatura expirou')),
    answer('an expired token, in French', 'unauthenticated', 200, atField('me', 'La signature a expiré')),
    answer('an expired token, in Arabic', 'unauthenticated', 200, atField('me', 'انتهت صلاحية التوقيع')),
    answer('an expired token, in Spanish and in Dutch', 'unauthenticated', 200, atField('me', 'La firma ha expirado')),
    answer(garbage, 'unauthenticated', 200, atField('me', 'Error decoding signature')),
    answer('a token of another kind', 'unauthenticated', 200, atField('me', 'Invalid token')),
    answer('a token of a disabled user', 'unauthenticated', 200, atField('me', 'User is disabled')),
    answer(
      'a token that is too old to be refreshed',
      'unauthenticated',
      200,
      atField('refreshToken', 'Refresh has expired'),
    ),
    answer('an expired refresh token', 'unauthenticated', 200, atField('refreshToken', 'Refresh token is expired')),
    answer(notAllowed, 'forbidden', 200, atField('users', 'You do not have permission to perform this action')),
    answer(
      'a missing permission, in German',
      'forbidden',
      200,
      atField('users', 'Keine Berechtigung für diese Aktion'),
    ),
    answer('a wrong password', 'ok', 200, atField('tokenAuth', 'Please enter valid credentials')),
  ],
  apolloRouter: [
    answer(expired, 'unauthenticated', 401, errors('Cannot decode JWT: ExpiredSignature', { code: 'AUTH_ERROR' })),
    answer(
      'a header without the prefix',
      'unauthenticated',
      400,
      errors("Header Value: 'x' is not prefixed", { code: 'AUTH_ERROR' }),
    ),
    answer(
      notAllowed,
      'forbidden',
      200,
      atField('users', 'Unauthorized field or type', { code: 'UNAUTHORIZED_FIELD_OR_TYPE' }),
    ),
    answer(fault, 'ok', 200, atField('me', "HTTP fetch failed from 'users'", { code: 'SUBREQUEST_HTTP_ERROR' })),
  ],
  appSync: [
    answer(
      expired,
      'unauthenticated',
      401,
      errors('Token has expired.', undefined, { errorType: 'UnauthorizedException' }),
    ),
    answer(
      garbage,
      'unauthenticated',
      401,
      errors('Unable to parse JWT token.', undefined, { errorType: 'UnauthorizedException' }),
    ),
    answer(notAllowed, 'forbidden', 200, {
      data: { users: null },
      errors: [
        {
          path: ['users'],
          data: null,
          errorType: 'Unauthorized',
          errorInfo: null,
          message: 'Not Authorized to access users on type Query',
        },
      ],
    }),
    answer(
      fault,
      'ok',
      200,
      errors('Resource not found', undefined, { path: ['me'], errorType: 'DynamoDB:ResourceNotFoundException' }),
    ),
  ],
  collectiveAccess: [
    answer(expired, 'unauthenticated', 401, {
      errors: [{ message: 'Internal server error', expiredToken: true, path: ['search'] }],
    }),
    answer('an expired token, where a proxy changed the status to 200', 'unauthenticated', 200, {
      errors: [{ message: 'Internal server error', expiredToken: true }],
    }),
    answer(fault, 'ok', 500, errors('Internal server error', undefined, { path: ['search'] })),
  ],
  directus: [
    answer(expired, 'unauthenticated', 401, errors('Token expired.', { code: 'TOKEN_EXPIRED' })),
    answer(garbage, 'unauthenticated', 403, errors('Invalid token.', { code: 'INVALID_TOKEN' })),
    answer(
      'an expired token, in old versions',
      'unauthenticated',
      401,
      errors('Invalid user credentials.', { code: 'INVALID_CREDENTIALS' }),
    ),
    answer(notAllowed, 'forbidden', 403, errors("You don't have permission to access this.", { code: 'FORBIDDEN' })),
    answer(fault, 'ok', 503, errors('Service "database" is unavailable.', { code: 'SERVICE_UNAVAILABLE' })),
  ],
  gitHub: [
    answer(expired, 'unauthenticated', 401, {
      message: 'Bad credentials',
      documentation_url: 'https://docs.github.com/graphql',
      status: '401',
    }),
    answer(
      notAllowed,
      'forbidden',
      200,
      errors('Resource not accessible by integration', undefined, { type: 'FORBIDDEN', path: ['viewer'] }),
    ),
    answer(
      'a token with too few scopes',
      'forbidden',
      200,
      errors('Your token has not been granted the required scopes.', undefined, { type: 'INSUFFICIENT_SCOPES' }),
    ),
    answer(fault, 'ok', 200, errors('Could not resolve to a Repository.', undefined, { type: 'NOT_FOUND' })),
  ],
  hasura: [
    answer(
      expired,
      'unauthenticated',
      200,
      errors('Could not verify JWT: JWTExpired', { path: '$', code: 'invalid-jwt' }),
    ),
    answer(
      'an expired token, where a webhook authenticates',
      'unauthenticated',
      200,
      errors('Authentication hook unauthorized this request', { path: '$', code: 'access-denied' }),
    ),
    answer(
      notAllowed,
      'forbidden',
      200,
      errors('Your requested role is not in allowed roles', { path: '$', code: 'access-denied' }),
    ),
    answer(
      fault,
      'ok',
      200,
      errors("field 'users' not found in type: 'query_root'", { path: '$', code: 'validation-failed' }),
    ),
  ],
  postGraphile: [
    answer(expired, 'unauthenticated', 401, errors('jwt expired')),
    answer('an expired token, in version 3', 'unauthenticated', 403, errors('jwt expired')),
    answer(notAllowed, 'ok', 200, atField('users', 'permission denied for table users')),
    answer(fault, 'ok', 500, errors('Unknown error occurred')),
  ],
  saleor: [
    answer(
      expired,
      'unauthenticated',
      200,
      atField('me', 'Signature has expired', { exception: { code: 'ExpiredSignatureError' } }),
    ),
    answer(
      garbage,
      'unauthenticated',
      200,
      atField('me', 'Signature verification failed', { exception: { code: 'InvalidSignatureError' } }),
    ),
    answer(
      notAllowed,
      'forbidden',
      200,
      atField('users', 'To access this path, you need one of the following permissions: MANAGE_USERS', {
        exception: { code: 'PermissionDenied' },
      }),
    ),
    answer(
      'a customer of a shop that allows no storefront traffic',
      'forbidden',
      401,
      errors('Storefront traffic is not allowed.', { exception: { code: 'STOREFRONT_TRAFFIC_NOT_ALLOWED' } }),
    ),
    answer(fault, 'ok', 200, atField('me', 'Internal Server Error', { exception: { code: 'Exception' } })),
  ],
  shopify: [
    answer(expired, 'unauthenticated', 401, {
      errors: '[API] Invalid API key or access token (unrecognized login or wrong password)',
    }),
    answer(
      notAllowed,
      'forbidden',
      200,
      atField('customers', 'Access denied for customers field.', { code: 'ACCESS_DENIED' }),
    ),
    answer(fault, 'ok', 200, errors('Throttled', { code: 'THROTTLED' })),
    answer('a shop that is suspended for unpaid bills', 'ok', 402, { errors: 'Unavailable Shop' }),
  ],
  strapi: [
    answer(expired, 'unauthenticated', 401, {
      data: null,
      error: { status: 401, name: 'UnauthorizedError', message: 'Missing or invalid credentials' },
    }),
    answer(
      'an expired token, in a resolver',
      'unauthenticated',
      200,
      atField('me', 'Unauthorized', { error: { name: 'UnauthorizedError' }, code: 'FORBIDDEN' }),
    ),
    answer(
      notAllowed,
      'forbidden',
      200,
      atField('users', 'Forbidden access', { error: { name: 'ForbiddenError' }, code: 'FORBIDDEN' }),
    ),
    answer(
      fault,
      'ok',
      200,
      atField('me', 'title must be defined', { error: { name: 'ValidationError' }, code: 'BAD_USER_INPUT' }),
    ),
  ],
  supabase: [
    answer(expired, 'unauthenticated', 401, { code: 'PGRST301', details: null, hint: null, message: 'JWT expired' }),
    answer('an expired token, in recent versions', 'unauthenticated', 401, {
      code: 'PGRST303',
      message: 'JWT expired',
    }),
    answer('a token that was issued in the future', 'ok', 401, { code: 'PGRST303', message: 'JWT issued at future' }),
    answer(fault, 'ok', 200, errors('permission denied for table users')),
  ],
  parse: [
    answer(expired, 'unauthenticated', 400, { code: 209, error: 'Invalid session token' }),
    answer(
      'a token that is missing where one is needed',
      'unauthenticated',
      200,
      atField('viewer', 'Invalid session token', { code: 209 }),
    ),
    answer(notAllowed, 'forbidden', 200, atField('orders', 'Permission denied', { code: 119 })),
    answer(fault, 'ok', 200, atField('order', 'Object not found.', { code: 101 })),
    answer('an unknown application', 'forbidden', 403, { error: 'unauthorized' }),
  ],
  payload: [
    answer(
      'an expired token, and a missing permission',
      'unauthenticated',
      200,
      atField('updatePost', 'You are not allowed to perform this action.', { name: 'Forbidden', statusCode: 403 }),
    ),
    answer(
      'a token that is missing where one is needed',
      'unauthenticated',
      200,
      atField('refreshTokenUser', 'Unauthorized, you must be logged in to make this request.', {
        name: 'UnauthorizedError',
        statusCode: 401,
      }),
    ),
    answer(fault, 'ok', 200, atField('Post', 'Something went wrong.', { name: 'Error', statusCode: 500 })),
    answer(
      'a wrong password',
      'ok',
      200,
      atField('loginUser', 'The email or password provided is incorrect.', {
        name: 'AuthenticationError',
        statusCode: 401,
      }),
    ),
  ],
  vendure: [
    {
      ...answer(
        expired,
        'unauthenticated',
        200,
        atField('updateCustomer', 'You are not currently authorized to perform this action', { code: 'FORBIDDEN' }),
      ),
      headers: { 'vendure-auth-token': '' },
    },
    {
      ...answer(
        'an expired token, where a guest gets a session',
        'unauthenticated',
        200,
        atField('order', 'You are not currently authorized to perform this action', { code: 'FORBIDDEN' }),
      ),
      headers: { 'vendure-auth-token': 'f0e1d2c3b4a5' },
    },
    answer(
      notAllowed,
      'forbidden',
      200,
      atField('products', 'You are not currently authorized to perform this action', { code: 'FORBIDDEN' }),
    ),
    {
      ...answer('an expired token, where a guest may ask, too', 'ok', 200, { data: { activeCustomer: null } }),
      headers: { 'vendure-auth-token': 'f0e1d2c3b4a5' },
    },
  ],
  wpGraphQLJwt: [
    answer(expired, 'unauthenticated', 200, {
      errors: [
        {
          message: 'Internal server error',
          debugMessage: 'invalid-secret-key | Expired token',
          extensions: { category: 'internal' },
        },
      ],
    }),
    answer(
      garbage,
      'unauthenticated',
      200,
      errors('Internal server error', { debugMessage: 'invalid-secret-key | Wrong number of segments' }),
    ),
    answer(
      'an expired token, as a plain message',
      'unauthenticated',
      200,
      errors('invalid-secret-key | Expired token'),
    ),
    answer('a token of another site', 'unauthenticated', 403, { data: { viewer: null } }),
    answer(fault, 'ok', 200, errors('Internal server error', { category: 'internal' })),
  ],
};
