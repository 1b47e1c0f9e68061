import { TokenError } from '@latchkey/core';
import { type Service, signedInFetch } from './signedInFetch.ts';

// A process that sends one operation after the other, and reports each to the process that has started it.

export type Report = 'tokenRequest' | 'operation' | { readonly failed: string };

const { apiUrl, ...service } = JSON.parse(process.argv[2] ?? '') as Service & { readonly apiUrl: string };
const report = (what: Report) => void process.send?.(what);
process.on('disconnect', () => process.exit());

const send = await signedInFetch(service, (...request) => {
  report('tokenRequest');
  return fetch(...request);
});

for (;;) {
  try {
    const body = JSON.stringify({ query: '{ items(first: 1) { owner } }' });
    const headers = { 'content-type': 'application/json' };
    const { status } = await send(apiUrl, { method: 'POST', headers, body });
    report(status === 200 ? 'operation' : { failed: `status ${status}` });
  } catch (error) {
    report({ failed: TokenError.is(error) ? error.code : String(error) });
  }
  await new Promise(resolve => setTimeout(resolve, 50));
}
