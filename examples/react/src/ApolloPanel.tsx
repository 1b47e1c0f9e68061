import { useApolloClient, useMutation, useQuery, useSubscription } from '@apollo/client/react';
import { useState } from 'react';
import { ClientPanel } from './ClientPanel.tsx';
import { bumpMutation, itemsQuery, ticksSubscription } from './documents.ts';
import { twentyFiveByApollo } from './twentyFive.ts';

/** Like any component that uses Apollo Client: it does not handle tokens. */
export function ApolloPanel() {
  const client = useApolloClient();
  const [isFollowing, setFollowing] = useState(false);
  const [events, setEvents] = useState(0);
  const items = useQuery(itemsQuery, { variables: { first: 3, after: 0 } });
  const [bump] = useMutation(bumpMutation);
  const ticks = useSubscription(ticksSubscription, { skip: !isFollowing, onData: () => setEvents(count => count + 1) });

  return (
    <ClientPanel
      name="Apollo Client"
      items={items.data?.items ?? []}
      query={() => items.refetch()}
      burst={() => twentyFiveByApollo(client)}
      mutate={async () => (await bump()).data?.bump}
      stream={{ isFollowing, events, error: ticks.error }}
      follow={setFollowing}
    />
  );
}
