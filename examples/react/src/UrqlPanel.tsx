import { useState } from 'react';
import { useClient, useMutation, useQuery, useSubscription } from 'urql';
import { ClientPanel } from './ClientPanel.tsx';
import { bumpMutation, itemsQuery, ticksSubscription } from './documents.ts';
import { twentyFiveByUrql } from './twentyFive.ts';

const variables = { first: 3, after: 0 };

/** Like any component that uses urql: it does not handle tokens. */
export function UrqlPanel() {
  const client = useClient();
  const [isFollowing, setFollowing] = useState(false);
  const [items] = useQuery({ query: itemsQuery, variables });
  const [, bump] = useMutation(bumpMutation);
  const [ticks] = useSubscription(
    { query: ticksSubscription, variables: {}, pause: !isFollowing },
    (count: number | undefined) => (count ?? 0) + 1,
  );

  return (
    <ClientPanel
      name="urql"
      items={items.data?.items ?? []}
      query={() => orThrow(client.query(itemsQuery, variables, { requestPolicy: 'network-only' }))}
      burst={() => twentyFiveByUrql(client)}
      mutate={async () => (await orThrow(bump({}))).data?.bump}
      stream={{ isFollowing, events: ticks.data ?? 0, error: ticks.error }}
      follow={setFollowing}
    />
  );
}

async function orThrow<Result extends { readonly error?: Error | undefined }>(
  result: PromiseLike<Result>,
): Promise<Result> {
  const settled = await result;
  if (settled.error) throw settled.error;
  return settled;
}
