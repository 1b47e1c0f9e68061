import { createServer, type RequestListener } from 'node:http';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { generousLimits } from './generousLimits.ts';
import { listen } from './listen.ts';

export interface Server extends AsyncDisposable {
  readonly url: string;
  /** A manager that is signed in with `token-0`. Each renewal brings the next one. */
  readonly auth: TokenManager;
  readonly renewals: () => number;
  /** The tokens that arrived, in order. */
  readonly sent: (string | undefined)[];
}

/** A server on loopback for answers that no emulator gives. */
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
