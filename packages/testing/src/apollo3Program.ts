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

// The next user must not see the data of this one: what is stored is deleted, and on a new page the client's cache is gone.
auth.on('signedOut', ({ reason }) => {
  persistor.pause();
  void persistor.purge().finally(() => location.assign(reason === 'replaced' ? '/' : '/login'));
});
const tokens = await auth.get().catch(() => undefined); // `undefined`: the auth server cannot be reached
await (tokens === null ? persistor.purge() : persistor.restore());

const link = ApolloLink.from([authLink(auth), new HttpLink({ uri: '/graphql' })]);
const client = new ApolloClient({ cache, link });
provideApolloClient(client); // for useQuery and useMutation of vue-apollo
