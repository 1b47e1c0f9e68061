import {
  type Emulator,
  startAltrata,
  startCollectiveAccess,
  startDirectus,
  startOli,
  startRealItems,
  startToggle,
  type User,
} from '@latchkey/emulators';
import { altrata } from '../src/altrata.ts';
import { collectiveAccess } from '../src/collectiveAccess.ts';
import { directus } from '../src/directus.ts';
import { oli } from '../src/oli.ts';
import { realItems } from '../src/realItems.ts';
import { toggle } from '../src/toggle.ts';
import {
  type Environment,
  type EnvironmentOptions,
  type ProviderSetup,
  startEnvironment,
} from './matrixEnvironment.ts';

/** A provider, and what its API does differently from the others. */
export interface MatrixRow {
  readonly name: string;
  /** How the manager gets a successor: without a refresh token it needs `credentials`. */
  readonly renewedBy: 'refresh' | 'signIn';
  /** An operation for which the API answers, in its own error shape, that the right is missing. */
  readonly denied: string;
  /** The token requests that follow: 1 where the error is the same as for an invalid token. */
  readonly deniedRenewals: 0 | 1;
  readonly start: (options: EnvironmentOptions) => Promise<Environment>;
}

const row = <Server extends Emulator, Credentials>({
  start,
  options,
  credentials,
  deniedUser,
  ...facts
}: Omit<MatrixRow, 'start'> & ProviderSetup<Server, Credentials>): MatrixRow => ({
  ...facts,
  start: choice => startEnvironment({ start, options, credentials, ...(deniedUser && { deniedUser }) }, choice),
});

const byUsername = ({ username, password }: User) => ({ username, password });
const byEmail = ({ username, password }: User) => ({ email: username, password });

/** Every provider has a row. */
export const matrixRows: readonly MatrixRow[] = [
  row({
    name: 'OLI Systems',
    start: startOli,
    options: ({ tokenUrl, clientId }) => oli({ tokenUrl, clientId }),
    credentials: byUsername,
    renewedBy: 'refresh',
    denied: 'query { forbidden(as: INSUFFICIENT_SCOPE) }', // as Keycloak's adapters answer, by RFC 6750
    deniedRenewals: 0,
  }),
  row({
    name: 'CollectiveAccess',
    start: startCollectiveAccess,
    options: ({ origin }) => collectiveAccess({ baseUrl: origin }),
    credentials: byUsername,
    renewedBy: 'refresh',
    denied: 'query { broken }', // a missing right is a masked 500, like every other error
    deniedRenewals: 0,
  }),
  row({
    name: 'Real Items',
    start: startRealItems,
    options: ({ tokenUrl, clientId, clientSecret }) => realItems({ tokenUrl, clientId, clientSecret }),
    credentials: byUsername,
    renewedBy: 'signIn', // "reauthorizing must be coded within the client"
    denied: 'query { forbidden(as: INSUFFICIENT_SCOPE) }', // as Spring answers
    deniedRenewals: 0,
  }),
  row({
    name: 'Altrata',
    start: startAltrata,
    options: ({ tokenUrl, apiKey }) => altrata({ tokenUrl, apiKey }),
    credentials: byUsername,
    renewedBy: 'signIn', // client credentials have no refresh token
    denied: 'query { forbidden(as: STATUS_403) }', // as a gateway answers
    deniedRenewals: 0,
  }),
  row({
    name: 'Toggle',
    start: startToggle,
    options: ({ url }) => toggle({ url }),
    credentials: byUsername,
    renewedBy: 'signIn', // no refresh call exists
    deniedUser: ({ barredUser }) => barredUser, // a right belongs to a user, not to a field
    denied: 'query { me { name } }',
    deniedRenewals: 1, // "Unauthorized" is also the error for an invalid token
  }),
  row({
    name: 'Directus',
    start: startDirectus,
    options: ({ origin }) => directus({ baseUrl: origin }),
    credentials: byEmail,
    renewedBy: 'refresh',
    denied: 'query { forbidden(as: CODE) }', // FORBIDDEN
    deniedRenewals: 0,
  }),
];
