import { createServer, type RequestListener } from 'node:http';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { generousLimits } from './generousLimits.ts';
import { listen } from './listen.ts';

export interface Server extends AsyncDisposable {
  /** The GraphQL endpoint. */
  readonly url: string;
  /** A manager that is signed in with `token-0`. Its renewals return `token-1`, `token-2`, … */
  readonly auth: TokenManager;
  readonly renewals: () => number;
  /** The token of each request, in order of arrival. */
  readonly sent: (string | undefined)[];
}

/** Starts a server on loopback, for responses that no emulator gives. */
export async function startServer(answer: RequestListener): Promise<Server> {
  const sent: Server['sent'] = [];
  const server = createServer((request, response) => {
    sent.push(request.headers.authorization?.replace('Bearer ', ''));
    answer(request, response);
  });
  const { origin, close } = await listen(server);
  let renewals = 0;
  const auth = createTokenManager({ ...generousLimits, renew: () => `token-${++renewals}` });
  await auth.adopt('token-0');
  return {
    url: `${origin}/graphql`,
    auth,
    renewals: () => renewals,
    sent,
    async [Symbol.asyncDispose]() {
      auth.dispose();
      await close();
    },
  };
}
