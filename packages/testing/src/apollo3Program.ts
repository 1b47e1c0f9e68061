import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client/core';
import { authLink } from '@latchkey/apollo/v3';
import { createTokenManager, readTokens, type TokenManager } from '@latchkey/core';
import { provideApolloClient } from '@vue/apollo-composable';
import { CachePersistor, LocalStorageWrapper } from 'apollo3-cache-persist';

export const auth: TokenManager = createTokenManager({
  renew: ({ signal }) =>
    fetch('/refresh', { method: 'POST', credentials: 'include', keepalive: true, signal }).then(readTokens),
  restore: true,
});
const cache = new InMemoryCache();
const persistor = new CachePersistor({ cache, storage: new LocalStorageWrapper(localStorage) });

auth.on('signedOut', async ({ reason }) => {
  persistor.pause();
  await persistor.purge(); // the next user must not see the data of this one
  location.assign(reason === 'replaced' ? '/' : '/login'); // a new page: the client goes, and its cache with it
});
const tokens = await auth.get().catch(() => undefined); // `undefined`: the auth server cannot be reached
await (tokens === null ? persistor.purge() : persistor.restore());

const link = ApolloLink.from([authLink(auth), new HttpLink({ uri: '/graphql' })]);
const client = new ApolloClient({ cache, link });
provideApolloClient(client); // for useQuery and useMutation of vue-apollo
