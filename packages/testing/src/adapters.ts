import type { Adapter } from './adapter.ts';
import { apollo3Adapter } from './apollo3Adapter.ts';
import { apolloAdapter } from './apolloAdapter.ts';
import { fetchAdapter } from './fetchAdapter.ts';
import { urqlAdapter } from './urqlAdapter.ts';

/** One for each link, exchange and fetch of ours. */
export const adapters: readonly Adapter[] = [apolloAdapter, apollo3Adapter, urqlAdapter, fetchAdapter];
