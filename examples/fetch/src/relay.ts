import type { TokenManager } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { Environment, Network, RecordSource, Store } from 'relay-runtime';

/** A Relay environment that stays signed in. */
export function createRelayEnvironment(auth: TokenManager, url: string): Environment {
  const send = authFetch(auth);
  const headers = { 'content-type': 'application/json' };
  const network = Network.create(async ({ text }, variables) => {
    const response = await send(url, { method: 'POST', headers, body: JSON.stringify({ query: text, variables }) });
    return response.json();
  });
  return new Environment({ network, store: new Store(new RecordSource()) });
}
