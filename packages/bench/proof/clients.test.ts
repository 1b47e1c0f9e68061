import { createTokenManager } from '@latchkey/core';
import { expect, test } from 'vitest';
import { clients } from './clients.ts';
import { createRevokingApi } from './createRevokingApi.ts';

test.for(Object.entries(clients))(
  '%s: a revoked token costs one refusal, one renewal and one retry',
  async ([, client]) => {
    const api = createRevokingApi();
    const auth = createTokenManager({ renew: api.renew });
    await auth.adopt(await api.renew());
    const sendQuery = client(auth, api.fetch);
    expect(await sendQuery()).toMatchObject({ item: { name: 'Mara' } });
    expect(api).toMatchObject({ accepted: 1, refused: 0, renewals: 1 });
    for (let query = 1; query <= 2; query++) {
      api.revoke();
      expect(await sendQuery()).toMatchObject({ item: { name: 'Mara' } });
      expect(api).toMatchObject({ accepted: query + 1, refused: query, renewals: query + 1 });
    }
    auth.dispose();
  },
);
