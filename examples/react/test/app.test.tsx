import { createTokenManager, keyValueStore, TokenError } from '@latchkey/core';
import { oli } from '@latchkey/providers/oli';
import { cleanup, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { findAddresses } from '../src/addresses.ts';
import { type Clients, createClients } from '../src/clients.ts';
import { itemsQuery, meQuery } from '../src/documents.ts';
import { choices, clients, costOf } from './choices.ts';
import { apis, findUsers, panel, renderApp, serverOf, signIn, signOut } from './renderApp.tsx';

vi.mock('../src/clients.ts', { spy: true }); // the real clients, which `newestClients` finds

afterEach(cleanup);

const choicesByClient = choices.flatMap(choice => clients.map(client => ({ ...choice, client })));

describe('signing in', () => {
  test('shows the form with a demo user filled in', async () => {
    await renderApp();
    await findUsers();
    expect(screen.getByRole('textbox', { name: 'User name' })).toHaveProperty('value', 'mara.quill@harbour.example');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test.for(choices)('shows a sentence for a wrong password: $title', async ({ title }) => {
    const user = await renderApp(title);
    await findUsers();
    await user.type(screen.getByLabelText('Password'), '!');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect((await screen.findByRole('alert')).textContent).toMatch(/^The user name or the password is wrong/);
  });

  test.for(choices)(
    'shows the user of the page and the user of the API: $title',
    async ({ title, user: name, owner }) => {
      const user = await renderApp(title);
      await signIn(user, name);
      expect((await panel('urql').findAllByText(`seen by ${owner ?? name}`)).length).toBe(3);
      await signOut(user);
    },
  );

  test.for(choices.filter(({ sharesToken }) => !sharesToken))(
    'shows a sentence when the auth server is down: $title',
    async ({ title }) => {
      const server = await serverOf(title);
      const user = await renderApp(title);
      await findUsers();
      await server.takeDown(60);
      await user.click(screen.getByRole('button', { name: 'Sign in' }));
      expect((await screen.findByRole('alert')).textContent).toBe(
        'The auth server is not responding. Please try again in a few seconds.',
      );
      await server.takeDown(0);
    },
  );

  test('works with the keyboard', async () => {
    const user = await renderApp();
    await findUsers();
    await user.tab();
    await user.tab();
    await user.tab();
    await user.keyboard('{Enter}');
    await screen.findByRole('heading', { name: 'Signed in as Mara Quill' });
    screen.getByRole('button', { name: 'Sign out' }).focus();
    await user.keyboard('{Enter}');
    await screen.findByRole('heading', { name: 'Sign in' });
  });
});

describe('an expired token', () => {
  test.for(choicesByClient)('causes no error for 25 operations at once: $title, $client', async choice => {
    const { client, title } = choice;
    const server = await serverOf(title);
    const user = await renderApp(title);
    await signIn(user, choice.user);
    const before = await server.counts();
    await user.click(screen.getByRole('button', { name: 'Expire the token' }));
    await screen.findByText(/^The token has expired/);
    await user.click(panel(client).getByRole('button', { name: '25 at once' }));
    await panel(client).findByText('25 of 25 were answered.');
    const after = await server.counts();
    expect({
      refused: after.operations.refused - before.operations.refused,
      tokenRequests: after.tokenRequests.total - before.tokenRequests.total,
    }).toEqual(costOf(choice, 25));
    await signOut(user);
  });

  test.for(choices)(
    'is renewed once for both clients together, and the page shows the counters of the server: $title',
    async choice => {
      const user = await renderApp(choice.title);
      await signIn(user, choice.user);
      await user.click(screen.getByRole('button', { name: 'Expire the token, then send 25 at once with both' }));
      const status = await screen.findByText(/The server counted/);
      const { refused, tokenRequests } = costOf(choice, 50);
      expect(status.textContent).toBe(
        'Apollo Client: 25 of 25 were answered. urql: 25 of 25 were answered. ' +
          `The server counted ${refused} refused operations and ${tokenRequests} token request${tokenRequests === 1 ? '' : 's'}.`,
      );
      expect(screen.queryByRole('alert')).toBeNull();
      await screen.findByRole('img', { name: new RegExp(`token sets 2, renewals ${tokenRequests}, `) });
      await signOut(user);
    },
  );

  test.for(choices)('has a successor with the lifetime of the form: $title', async ({ title, user: name }) => {
    const server = await serverOf(title);
    const user = await renderApp(title);
    await signIn(user, name);
    const seconds = screen.getByRole('spinbutton', { name: 'Token lifetime in seconds' });
    await user.clear(seconds);
    await user.type(seconds, '500');
    await user.click(screen.getByRole('button', { name: 'Set' }));
    await screen.findByText('New tokens are valid for 500 seconds.');
    await server.expireToken();
    await user.click(panel('urql').getByRole('button', { name: 'Query' }));
    await panel('urql').findByText('The query was answered.');
    await user.click(screen.getByText('The timeline as a table'));
    await screen.findByRole('cell', { name: /^valid for (500|499|49\d)\.\d s$/ });
    await server.setLifetime(30);
    await signOut(user);
  });

  test.for(choices)('lets a mutation run once: $title', async ({ title, user: name }) => {
    const server = await serverOf(title);
    const user = await renderApp(title);
    await signIn(user, name);
    const before = await server.counts();
    await server.expireToken();
    await user.click(panel('urql').getByRole('button', { name: 'Mutation' }));
    await panel('urql').findByText(/^The counter is now \d+\.$/);
    const after = await server.counts();
    expect(after.mutationsExecuted - before.mutationsExecuted).toBe(1);
    await signOut(user);
  });

  test.for(choices.filter(({ renewedBy }) => renewedBy === 'request'))(
    'keeps the session while the auth server is down, and the page shows a sentence: $title',
    async choice => {
      const server = await serverOf(choice.title);
      const user = await renderApp(choice.title);
      await signIn(user, choice.user);
      await server.expireToken();
      await server.takeDown(60);
      const { getByRole, findByText, queryByText } = panel('Apollo Client');
      await user.click(getByRole('button', { name: 'Query' }));
      await findByText(/^The auth server is not responding\. You stay signed in/);
      await server.takeDown(0);
      await waitFor(async () => {
        await user.click(getByRole('button', { name: 'Query' })); // as the page advises
        expect(queryByText('The query was answered.')).not.toBeNull();
      });
      await signOut(user);
    },
  );
});

describe('the end of a session', () => {
  test.for(choices)('is shown with the form to sign in again: $title', async ({ title, user: name }) => {
    const user = await renderApp(title);
    await signIn(user, name);
    await user.click(screen.getByRole('button', { name: 'Revoke the session' }));
    await screen.findByText(/^The session is over/);
    await user.click(panel('urql').getByRole('button', { name: 'Query' }));
    expect((await screen.findByRole('alert')).textContent).toMatch(/^Your session has ended/);
    expect(screen.queryByText(/seen by/)).toBeNull();
    await findUsers();
  });

  test('by a sign-out leaves nothing for the next user', async () => {
    const user = await renderApp();
    await signIn(user);
    await panel('Apollo Client').findAllByText('seen by Mara Quill');
    await panel('urql').findAllByText('seen by Mara Quill');
    await user.click(panel('Apollo Client').getByRole('button', { name: '25 at once' }));
    await user.click(panel('urql').getByRole('button', { name: '25 at once' }));
    await user.click(screen.getByRole('button', { name: 'Sign out' })); // while they are in flight
    await screen.findByRole('heading', { name: 'Sign in' });
    expect(screen.queryByRole('alert')).toBeNull();
    const seen: string[] = [];
    const watcher = new MutationObserver(() => seen.push(document.body.querySelector('.actions')?.textContent ?? ''));
    watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
    await signIn(user, 'Odo Fenn');
    await panel('Apollo Client').findAllByText('seen by Odo Fenn');
    await panel('urql').findAllByText('seen by Odo Fenn');
    watcher.disconnect();
    const whileSignedIn = seen.filter(text => text.startsWith('Signed in'));
    expect(whileSignedIn.length).toBeGreaterThan(0);
    expect(whileSignedIn.filter(text => text.includes('Mara'))).toEqual([]);
    await user.click(screen.getByRole('button', { name: 'Sign out' }));
  });
});

describe('B109 nothing of a session that is over is rendered or requested', () => {
  test.for<[string, (tab: Tab) => Promise<void>]>([
    [
      'the user signs out and another user signs in',
      async ({ user }) => {
        await signOut(user);
        await signIn(user, 'Odo Fenn');
      },
    ],
    [
      'another user signs in without a sign-out',
      async ({ auth }) => void (await auth.signIn(await credentialsOf('Odo Fenn'))),
    ],
    [
      'another tab signs another user in',
      async ({ otherTab }) => void (await otherTab().signIn(await credentialsOf('Odo Fenn'))),
    ],
  ])('when %s', async ([, endSession]) => {
    const server = await serverOf();
    const tab = await renderTab();
    const { user } = tab;
    await signIn(user);
    for (const client of clients) {
      await user.click(panel(client).getByRole('button', { name: 'Follow' }));
      await panel(client).findByText(/^Following: [1-9]/);
    }
    const { apollo } = newestClients();
    const owners: string[] = [];
    const polled = apollo.watchQuery({
      query: itemsQuery,
      variables: { first: 1, after: 0 },
      fetchPolicy: 'network-only',
      pollInterval: 1,
    });
    const ended = new Promise<void>(resolve =>
      polled.subscribe({
        next: ({ data }) => data && owners.push(String(data.items?.[0]?.owner)),
        complete: resolve,
      }),
    );
    for (const client of clients) await user.click(panel(client).getByRole('button', { name: '25 at once' })); // in flight
    const pageAfterwards = watchPage(tab);
    await endSession(tab);
    await screen.findByRole('heading', { name: 'Signed in as Odo Fenn' });
    for (const client of clients) await panel(client).findAllByText('seen by Odo Fenn');
    await ended;

    const before = await server.counts();
    for (const client of clients) {
      await user.click(panel(client).getByRole('button', { name: '25 at once' }));
      await panel(client).findByText('25 of 25 were answered.');
    }
    const after = await server.counts();
    expect(after.operations.received - before.operations.received).toBe(50);
    expect(new Set(owners)).toEqual(new Set(['Mara Quill']));
    const shown = pageAfterwards().filter(text => text.startsWith('Signed in'));
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter(text => text.includes('Mara'))).toEqual([]);
    await signOut(user);
  });

  test('and a query in flight fails with signedOut, not with a store reset', async () => {
    const { user, auth } = await renderTab();
    await signIn(user);
    const result = newestClients().apollo.query({ query: meQuery, fetchPolicy: 'network-only' });
    const signedOut = auth.signOut();
    await expect(result).rejects.toSatisfy(error => TokenError.is(error) && error.code === 'signedOut');
    await signedOut;
    await findUsers();
  });
});

describe.for(choices.filter(({ outlivesReload }) => outlivesReload))('a reload: $title', ({ title, user: name }) => {
  test('keeps the user signed in, or signed out after a sign-out', async () => {
    const user = await renderApp(title);
    await signIn(user, name);
    cleanup();
    const again = await renderApp(title);
    await screen.findByRole('heading', { name: `Signed in as ${name}` });
    await signOut(again);
    cleanup();
    await renderApp(title);
    await findUsers();
  });

  test('during an outage of the auth server shows a sentence, and restores the session later', async () => {
    const server = await serverOf(title);
    const user = await renderApp(title);
    await signIn(user, name);
    await server.setLifetime(1);
    await server.expireToken();
    await user.click(panel('urql').getByRole('button', { name: 'Query' }));
    await panel('urql').findByText('The query was answered.');
    await server.setLifetime(30);
    await server.takeDown(60);
    await waitFor(async () => {
      cleanup();
      await renderApp(title);
      await waitFor(() => expect(screen.queryByText('Looking for your session…')).toBeNull());
      screen.getByRole('button', { name: 'Try again' }); // once the token has expired after its second
    });
    expect(screen.getByRole('alert').textContent).toMatch(/^The auth server is not responding/);
    await server.takeDown(0);
    await waitFor(async () => {
      const retry = screen.queryByRole('button', { name: 'Try again' });
      if (retry) await user.click(retry);
      expect(screen.queryByRole('heading', { name: `Signed in as ${name}` })).not.toBeNull();
    });
    await signOut(user);
  });
});

test('the timeline is also a table and a sentence', async () => {
  const user = await renderApp();
  await signIn(user);
  await user.click(panel('Apollo Client').getByRole('button', { name: '25 at once' }));
  await panel('Apollo Client').findByText('25 of 25 were answered.');
  await user.click(screen.getByText('The timeline as a table'));
  await screen.findByRole('cell', { name: 'Token set' });
  await screen.findByRole('img', { name: /token sets 1, renewals 0/ });
  await user.click(screen.getByRole('button', { name: 'Sign out' }));
});

/** The page for OLI, with a session that another tab shares. */
async function renderTab() {
  const items = new Map<string, string>();
  const storage = {
    getItem: (key: string) => items.get(key),
    setItem: (key: string, item: string) => items.set(key, item),
    removeItem: (key: string) => items.delete(key),
  };
  const [api] = await apis();
  if (!api) throw new Error('The page has no API.');
  const { tokenUrl } = (await findAddresses(inject('origin'))).oli;
  const options = { ...oli({ tokenUrl }), store: keyValueStore('oli', storage) };
  const auth = createTokenManager(options);
  return { user: await renderApp('OLI', [{ ...api, auth }]), auth, otherTab: () => createTokenManager(options) };
}
type Tab = Awaited<ReturnType<typeof renderTab>>;

async function credentialsOf(name: string) {
  const found = (await (await serverOf()).users()).find(each => each.name === name);
  if (!found) throw new Error(`No demo user has the name ${name}.`);
  return { username: found.username, password: found.password };
}

/** The clients of the page, for operations outside of components. */
function newestClients(): Clients {
  const latest = vi.mocked(createClients).mock.results.at(-1);
  if (latest?.type !== 'return') throw new Error('The page has no clients.');
  return latest.value;
}

/** Records the page's content from the end of the session on. Returns the function that stops and returns the contents. */
function watchPage({ auth }: Tab) {
  const seen: string[] = [];
  const watcher = new MutationObserver(() => seen.push(document.body.querySelector('.actions')?.textContent ?? ''));
  auth.on('signedOut', () => watcher.observe(document.body, { subtree: true, childList: true, characterData: true }));
  return () => {
    watcher.disconnect();
    return seen;
  };
}
