/** A GraphQL API and its auth server in memory. */
export interface RevokingApi {
  readonly accepted: number;
  readonly refused: number;
  readonly renewals: number;
  readonly fetch: typeof fetch;
  /** Issues a token that the API accepts. */
  renew(): Promise<{ readonly accessToken: string; readonly expiresInS: number }>;
  /** Makes the API refuse every token that was issued so far. */
  revoke(): void;
}

const json = (body: unknown) => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });

/** Answers every request with status 200: with data, or with the error `UNAUTHENTICATED`. */
export function createRevokingApi(): RevokingApi {
  let generation = 0;
  const counts = { accepted: 0, refused: 0, renewals: 0 };
  const currentToken = () => `token-${generation}`;
  return {
    get accepted() {
      return counts.accepted;
    },
    get refused() {
      return counts.refused;
    },
    get renewals() {
      return counts.renewals;
    },
    async fetch(_, init) {
      const isAccepted = new Headers(init?.headers).get('authorization') === `Bearer ${currentToken()}`;
      counts[isAccepted ? 'accepted' : 'refused']++;
      if (isAccepted) return json({ data: { item: { name: 'Mara' } } });
      return json({ errors: [{ message: 'The token has expired.', extensions: { code: 'UNAUTHENTICATED' } }] });
    },
    async renew() {
      counts.renewals++;
      return { accessToken: currentToken(), expiresInS: 3600 };
    },
    revoke() {
      generation++;
    },
  };
}
