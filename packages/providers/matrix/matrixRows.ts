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
import { openStage, type Setting, type Stage, type StageOptions } from './matrixStage.ts';

/** One provider, and where its API differs from the others. */
export interface MatrixRow {
  readonly name: string;
  /** How a successor is had: without a refresh token it takes `credentials`. */
  readonly renewedBy: 'refresh' | 'signIn';
  /** What is asked, so that the API says in its own way: you may not. */
  readonly denied: string;
  /** Token requests that this costs, where it cannot be told from a dead token. */
  readonly deniedRenewals: 0 | 1;
  readonly open: (options: StageOptions) => Promise<Stage>;
}

const row = <Server extends Emulator, Credentials>({
  start,
  options,
  credentials,
  deniedUser,
  ...facts
}: Omit<MatrixRow, 'open'> & Setting<Server, Credentials>): MatrixRow => ({
  ...facts,
  open: choice => openStage({ start, options, credentials, ...(deniedUser && { deniedUser }) }, choice),
});

const byUsername = ({ username, password }: User) => ({ username, password });
const byEmail = ({ username, password }: User) => ({ email: username, password });

/** The table: a provider is proved by a row here. */
export const matrixRows: readonly MatrixRow[] = [
  row({
    name: 'OLI Systems',
    start: startOli,
    options: ({ tokenUrl, clientId }) => oli({ tokenUrl, clientId }),
    credentials: byUsername,
    renewedBy: 'refresh',
    denied: 'query { forbidden(as: INSUFFICIENT_SCOPE) }', // RFC 6750, as Keycloak's adapters answer
    deniedRenewals: 0,
  }),
  row({
    name: 'CollectiveAccess',
    start: startCollectiveAccess,
    options: ({ origin }) => collectiveAccess({ baseUrl: origin }),
    credentials: byUsername,
    renewedBy: 'refresh',
    denied: 'query { broken }', // a missing right is a masked 500, as every fault is
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
    denied: 'query { forbidden(as: STATUS_403) }', // the gateway's
    deniedRenewals: 0,
  }),
  row({
    name: 'Toggle',
    start: startToggle,
    options: ({ url }) => toggle({ url }),
    credentials: byUsername,
    renewedBy: 'signIn', // no refresh call exists
    deniedUser: ({ barredUser }) => barredUser, // the right is the user's
    denied: 'query { me { name } }',
    deniedRenewals: 1, // "Unauthorized" is said to both
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
