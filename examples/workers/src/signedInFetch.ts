import { createTokenManager } from '@latchkey/core';
import { type AuthFetch, authFetch } from '@latchkey/fetch';
import { altrata } from '@latchkey/providers/altrata';
import { redisStore } from '@latchkey/redis';
import { createClient } from 'redis';

export interface Service {
  readonly tokenUrl: string;
  readonly apiKey: string;
  readonly username: string;
  readonly password: string;
  readonly redisUrl: string;
}

/** All that a process of a fleet needs: they share the token by the store, and one of them renews it. */
export async function signedInFetch(service: Service, fetchToken: typeof fetch = fetch): Promise<AuthFetch> {
  const { tokenUrl, apiKey, username, password, redisUrl } = service;
  const redis = createClient({ url: redisUrl });
  redis.on('error', () => {}); // it connects again by itself
  await redis.connect();
  const auth = createTokenManager({
    ...altrata({ tokenUrl, apiKey, fetch: fetchToken }),
    credentials: () => ({ username, password }),
    store: redisStore(redis, 'altrata'),
  });
  return authFetch(auth);
}
