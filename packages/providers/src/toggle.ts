import type { Dialect } from '@latchkey/core';
import type { EndpointOptions } from './checkEndpoint.ts';
import type { SendOptions } from './createSend.ts';
import { type HeaderSession, headerToken } from './headerToken.ts';

/** What Toggle's document does not state. */
export interface ToggleOptions extends EndpointOptions, SendOptions {
  /** The GraphQL endpoint, which also signs users in. */
  readonly url: string;
}

/** A user name or an email. */
export type ToggleCredentials = { readonly password: string } & (
  | { readonly username: string; readonly email?: undefined }
  | { readonly email: string; readonly username?: undefined }
);

/** What a sign-in resolves to: `const { id } = await auth.signIn(…)`. */
export interface ToggleAnswer {
  readonly id: number | string;
}

/** `Unauthorized` means an invalid token or a missing right. The document gives no status; that of its framework is 403. */
const dialect: Dialect = {
  codes: {},
  statuses: { 401: 'unauthenticated' },
  messages: { unauthorized: 'unauthenticated' },
  errorsLackPaths: true,
};

/**
 * Toggle: `loginUser` on the API itself, with the token in the headers of the answer.
 *
 * - sign-in: `loginUser(email, username, password)` → `X-Authorization`, or `Authorization`, which is deprecated
 * - "when you make a new request and the Authorization header is returned, you should start using the new token"
 * - refused: an error `Unauthorized`, without a path and without a code; so a refused mutation is retried only when it has
 *   one root field, or was answered with 401
 *
 * A token "will require a refresh after 60 minutes", and no refresh call exists: an expired token is sent, because the server
 * may renew it. Pass `credentials` for servers that do not.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function toggle(
  options: ToggleOptions,
): HeaderSession<ToggleCredentials, ToggleAnswer> & { readonly dialect: Dialect } {
  const session = headerToken({
    ...options,
    dialect,
    tokenHeaders: ['x-authorization', 'authorization'],
    sendExpired: true,
    signIn: {
      document: `query ($email: String, $username: String, $password: String!) {
        loginUser(email: $email, username: $username, password: $password) { id }
      }`,
      variables: ({ email, username, password }: ToggleCredentials) => ({ email, username, password }),
      answer: ({ loginUser: { id } }: { readonly loginUser: ToggleAnswer }): ToggleAnswer => ({ id }),
    },
  });
  return { ...session, dialect };
}
