import { apollo3Client, apolloClient } from './apolloClients.ts';
import { fetchClient } from './fetchClient.ts';
import type { FuzzClient } from './fuzzClient.ts';
import { urqlClient } from './urqlClient.ts';

/** Those that the versions in use make. */
export const clients: readonly FuzzClient[] = [apolloClient, apollo3Client, urqlClient, fetchClient];
