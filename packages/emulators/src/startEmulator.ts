import { allowOrigin, answerPreflight } from './cors.ts';
import { createFaults } from './createFaults.ts';
import { createJournal } from './createJournal.ts';
import type { Api, CommonKnobs, Emulator } from './emulator.ts';
import { graphqlEndpoint } from './graphqlEndpoint.ts';
import { type Answer, listen } from './listen.ts';

/**
 * Starts the server of an API.
 *
 * @param port - 0 takes a free port
 */
export async function startEmulator<Knobs extends CommonKnobs>(api: Api<Knobs>, port = 0): Promise<Emulator<Knobs>> {
  const journal = createJournal();
  const faults = createFaults();
  const graphql = graphqlEndpoint(api, journal, faults);

  const route = async (request: Request): Promise<Answer> => {
    const { pathname } = new URL(request.url);
    if (pathname === api.path) return graphql.answer(request);
    const endpoint = api.tokenEndpoints?.[pathname];
    if (!endpoint) return new Response(null, { status: 404 });
    await journal.record('token', request);
    journal.emit({ name: 'tokenRequest', kind: await endpoint.kind(request.clone()) });
    return faults.answerTokenRequest(() => endpoint.answer(request));
  };

  const { origin, close: stop } = await listen(async request => {
    const preflight = answerPreflight(request, api.cors);
    if (preflight) return preflight;
    const answer = await route(request);
    return typeof answer === 'string' ? answer : allowOrigin(request, api.cors, answer);
  }, port);

  const close = async () => {
    await stop();
    const { executedTwice } = journal.stats();
    if (executedTwice.length > 0) throw new Error(`Mutations were executed twice: ${executedTwice.join(', ')}`);
  };

  return {
    origin,
    url: origin + api.path,
    users: api.users,
    requests: journal.requests,
    stats: journal.stats,
    on: journal.on,
    next: journal.next,
    failTokenRequests: faults.failTokenRequests,
    delayTokenRequests: faults.delayTokenRequests,
    holdTokenRequests: faults.holdTokenRequests,
    holdOperations: faults.holdOperations,
    expireNow: api.tokens.expireAccessTokens,
    revoke: () => api.tokens.revoke(() => true),
    refuseAs: graphql.refuseAs,
    guard: graphql.guard,
    configure: changes => void Object.assign(api.knobs, changes),
    close,
    [Symbol.asyncDispose]: close,
  };
}
