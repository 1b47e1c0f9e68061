import { createTokenManager, TokenError } from '@latchkey/core';
import { keyValueStore } from '@latchkey/core/keyValueStore';
import { oli } from '@latchkey/providers/oli';
import { cleanup, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { findAddresses } from '../src/addresses.ts';
import { type Clients, createClients } from '../src/clients.ts';
import { itemsQuery, meQuery } from '../src/documents.ts';
import { choices, clients, costOf } from './choices.ts';
import { apis, findUsers, panel, renderApp, serverOf, signIn, signOut } from './renderApp.tsx';

vi.mock('../src/clients.ts', { spy: true }); // they work as ever, and a test can ask for them

afterEach(cleanup);

const eachClient = choices.flatMap(choice => clients.map(client => ({ ...choice, client })));

describe('signing in', () => {
  test('asks who you are, with a demo user filled in', async () => {
    await renderApp();
    await findUsers();
    expect(screen.getByRole('textbox', { name: 'User name' })).toHaveProperty('value', 'mara.quill@harbour.example');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test.for(choices)('tells a wrong password in a sentence: $title', async ({ title }) => {
    const user = await renderApp(title);
    await findUsers();
    await user.type(screen.getByLabelText('Password'), '!');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect((await screen.findByRole('alert')).textContent).toMatch(/^This name and this password do not go together/);
  });

  test.for(choices)('says who is signed in, and whom the API sees: $title', async ({ title, user: name, owner }) => {
    const user = await renderApp(title);
    await signIn(user, name);
    expect((await panel('urql').findAllByText(`seen by ${owner ?? name}`)).length).toBe(3);
    await signOut(user);
  });

  test.for(choices.filter(({ sharesToken }) => !sharesToken))(
    'tells in a sentence that the auth server is down: $title',
    async ({ title }) => {
      const server = await serverOf(title);
      const user = await renderApp(title);
      await findUsers();
      await server.takeDown(60);
      await user.click(screen.getByRole('button', { name: 'Sign in' }));
      expect((await screen.findByRole('alert')).textContent).toBe(
        'The auth server is not answering. Please try again in a few seconds.',
      );
      await server.takeDown(0);
    },
  );

  test('needs no mouse', async () => {
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

describe('a killed token', () => {
  test.for(eachClient)('costs nobody an error, 25 operations at once: $title, $client', async choice => {
    const { client, title } = choice;
    const server = await serverOf(title);
    const user = await renderApp(title);
    await signIn(user, choice.user);
    const before = await server.counts();
    await user.click(screen.getByRole('button', { name: 'Kill the token' }));
    await screen.findByText(/^The token is dead/);
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
    'costs as little for both clients together, and the page says what the server counted: $title',
    async choice => {
      const user = await renderApp(choice.title);
      await signIn(user, choice.user);
      await user.click(screen.getByRole('button', { name: 'Kill the token, then 25 at once with both' }));
      const said = await screen.findByText(/The server counted/);
      const { refused, tokenRequests } = costOf(choice, 50);
      expect(said.textContent).toBe(
        'Apollo Client: 25 of 25 were answered. urql: 25 of 25 were answered. ' +
          `The server counted ${refused} refused operations and ${tokenRequests} token request${tokenRequests === 1 ? '' : 's'}.`,
      );
      expect(screen.queryByRole('alert')).toBeNull();
      await screen.findByRole('img', { name: new RegExp(`token sets 2, renewals ${tokenRequests}, `) });
      await signOut(user);
    },
  );

  test.for(choices)('has a successor that lives as long as it is told to: $title', async ({ title, user: name }) => {
    const server = await serverOf(title);
    const user = await renderApp(title);
    await signIn(user, name);
    const seconds = screen.getByRole('spinbutton', { name: 'Token lifetime in seconds' });
    await user.clear(seconds);
    await user.type(seconds, '500');
    await user.click(screen.getByRole('button', { name: 'Set' }));
    await screen.findByText('The next tokens live 500 seconds.');
    await server.killToken();
    await user.click(panel('urql').getByRole('button', { name: 'Query' }));
    await panel('urql').findByText('The query was answered.');
    await user.click(screen.getByText('The picture as a table'));
    await screen.findByRole('cell', { name: /^lives (500|499|49\d)\.\d s$/ });
    await server.setLifetime(30);
    await signOut(user);
  });

  test.for(choices)('leaves a mutation to run once: $title', async ({ title, user: name }) => {
    const server = await serverOf(title);
    const user = await renderApp(title);
    await signIn(user, name);
    const before = await server.counts();
    await server.killToken();
    await user.click(panel('urql').getByRole('button', { name: 'Mutation' }));
    await panel('urql').findByText(/^The counter now says \d+\.$/);
    const after = await server.counts();
    expect(after.mutationsExecuted - before.mutationsExecuted).toBe(1);
    await signOut(user);
  });

  test.for(choices.filter(({ renewedBy }) => renewedBy === 'request'))(
    'and an auth server that is down are told in a sentence, and the session goes on: $title',
    async choice => {
      const server = await serverOf(choice.title);
      const user = await renderApp(choice.title);
      await signIn(user, choice.user);
      await server.killToken();
      await server.takeDown(60);
      const { getByRole, findByText, queryByText } = panel('Apollo Client');
      await user.click(getByRole('button', { name: 'Query' }));
      await findByText(/^The auth server is not answering\. You stay signed in/);
      await server.takeDown(0);
      await waitFor(async () => {
        await user.click(getByRole('button', { name: 'Query' })); // as the page says
        expect(queryByText('The query was answered.')).not.toBeNull();
      });
      await signOut(user);
    },
  );
});

describe('the end of a session', () => {
  test.for(choices)('is told, with the form to sign in again: $title', async ({ title, user: name }) => {
    const user = await renderApp(title);
    await signIn(user, name);
    await user.click(screen.getByRole('button', { name: 'Revoke the session' }));
    await screen.findByText(/^The session is over/);
    await user.click(panel('urql').getByRole('button', { name: 'Query' }));
    expect((await screen.findByRole('alert')).textContent).toMatch(/^Your session has ended/);
    expect(screen.queryByText(/seen by/)).toBeNull();
    await findUsers();
  });

  test('by signing out leaves nothing for the next user', async () => {
    const user = await renderApp();
    await signIn(user);
    await panel('Apollo Client').findAllByText('seen by Mara Quill');
    await panel('urql').findAllByText('seen by Mara Quill');
    await user.click(panel('Apollo Client').getByRole('button', { name: '25 at once' }));
    await user.click(panel('urql').getByRole('button', { name: '25 at once' }));
    await user.click(screen.getByRole('button', { name: 'Sign out' })); // while they are on their way
    await screen.findByRole('heading', { name: 'Sign in' });
    expect(screen.queryByRole('alert')).toBeNull();
    const seen: string[] = [];
    const watcher = new MutationObserver(() => seen.push(document.body.querySelector('.deeds')?.textContent ?? ''));
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
  /** The page with OLI, with a session that another tab shares. */
  async function renderTab() {
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => items.get(key),
      setItem: (key: string, item: string) => items.set(key, item),
      removeItem: (key: string) => items.delete(key),
    };
    const [api] = await apis();
    if (!api) throw new Error('There is no API');
    const { tokenUrl } = (await findAddresses(inject('origin'))).oli;
    const options = { ...oli({ tokenUrl }), store: keyValueStore(storage, 'oli') };
    const auth = createTokenManager(options);
    return { user: await renderApp('OLI', [{ ...api, auth }]), auth, otherTab: () => createTokenManager(options) };
  }
  type Tab = Awaited<ReturnType<typeof renderTab>>;

  async function credentialsOf(name: string) {
    const found = (await (await serverOf()).users()).find(each => each.name === name);
    if (!found) throw new Error(`There is no ${name}`);
    return { username: found.username, password: found.password };
  }

  /** The page's own, for what an app does outside its components. */
  function newestClients(): Clients {
    const made = vi.mocked(createClients).mock.results.at(-1);
    if (made?.type !== 'return') throw new Error('There are no clients');
    return made.value;
  }

  /** What the page shows once the session is over. */
  function watchPage({ auth }: Tab) {
    const seen: string[] = [];
    const watcher = new MutationObserver(() => seen.push(document.body.querySelector('.deeds')?.textContent ?? ''));
    auth.on('signedOut', () => watcher.observe(document.body, { subtree: true, childList: true, characterData: true }));
    return () => {
      watcher.disconnect();
      return seen;
    };
  }

  test.for<[string, (tab: Tab) => Promise<void>]>([
    [
      'the user signs out, and another one in',
      async ({ user }) => {
        await signOut(user);
        await signIn(user, 'Odo Fenn');
      },
    ],
    ['another user signs in over it', async ({ auth }) => void (await auth.signIn(await credentialsOf('Odo Fenn')))],
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
    const heard: string[] = [];
    const polled = apollo.watchQuery({
      query: itemsQuery,
      variables: { first: 1, after: 0 },
      fetchPolicy: 'network-only',
      pollInterval: 1,
    });
    const ended = new Promise<void>(resolve =>
      polled.subscribe({
        next: ({ data }) => data && heard.push(String(data.items?.[0]?.owner)),
        complete: resolve,
      }),
    );
    for (const client of clients) await user.click(panel(client).getByRole('button', { name: '25 at once' })); // on their way
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
    expect(new Set(heard)).toEqual(new Set(['Mara Quill']));
    const shown = pageAfterwards().filter(text => text.startsWith('Signed in'));
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter(text => text.includes('Mara'))).toEqual([]);
    await signOut(user);
  });

  test('and a query on its way fails because the user is signed out, not because a store was reset', async () => {
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
  test('keeps the user signed in, and one who signed out, out', async () => {
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

  test('while the auth server is down tells so, and finds the session later', async () => {
    const server = await serverOf(title);
    const user = await renderApp(title);
    await signIn(user, name);
    await server.setLifetime(1);
    await server.killToken();
    await user.click(panel('urql').getByRole('button', { name: 'Query' }));
    await panel('urql').findByText('The query was answered.');
    await server.setLifetime(30);
    await server.takeDown(60);
    await waitFor(async () => {
      cleanup();
      await renderApp(title);
      await waitFor(() => expect(screen.queryByText('Looking for your session…')).toBeNull());
      screen.getByRole('button', { name: 'Try again' }); // once the token's second is over
    });
    expect(screen.getByRole('alert').textContent).toMatch(/^The auth server is not answering/);
    await server.takeDown(0);
    await waitFor(async () => {
      const retry = screen.queryByRole('button', { name: 'Try again' });
      if (retry) await user.click(retry);
      expect(screen.queryByRole('heading', { name: `Signed in as ${name}` })).not.toBeNull();
    });
    await signOut(user);
  });
});

test('the picture is also a table and a sentence', async () => {
  const user = await renderApp();
  await signIn(user);
  await user.click(panel('Apollo Client').getByRole('button', { name: '25 at once' }));
  await panel('Apollo Client').findByText('25 of 25 were answered.');
  await user.click(screen.getByText('The picture as a table'));
  await screen.findByRole('cell', { name: 'Token set' });
  await screen.findByRole('img', { name: /token sets 1, renewals 0/ });
  await user.click(screen.getByRole('button', { name: 'Sign out' }));
});
