import { cleanup, screen, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, test } from 'vitest';
import { type ApiTitle, findUsers, panel, renderApp, serverOf, signIn } from './renderApp.tsx';

afterEach(cleanup);

const titles: readonly ApiTitle[] = ['OLI', 'CollectiveAccess', 'Cookie'];
const firstUser = { OLI: 'Mara Quill', CollectiveAccess: 'Ina Harrow', Cookie: 'Mara Quill' };

describe('signing in', () => {
  test('asks who you are, with a demo user filled in', async () => {
    await renderApp();
    await findUsers();
    expect(screen.getByRole('textbox', { name: 'User name' })).toHaveProperty('value', 'mara.quill@harbour.example');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test.for(titles)('tells a wrong password in a sentence: %s', async title => {
    const user = await renderApp(title);
    await findUsers();
    await user.type(screen.getByLabelText('Password'), '!');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect((await screen.findByRole('alert')).textContent).toMatch(/^This name and this password do not go together/);
  });

  test.for(titles)('says who is signed in: %s', async title => {
    const user = await renderApp(title);
    await signIn(user, firstUser[title]);
    expect((await panel('urql').findAllByText(`seen by ${firstUser[title]}`)).length).toBe(3);
    await user.click(screen.getByRole('button', { name: 'Sign out' }));
  });

  test('tells in a sentence that the auth server is down', async () => {
    const server = serverOf('CollectiveAccess');
    const user = await renderApp('CollectiveAccess');
    await findUsers();
    await server.takeDown(60);
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect((await screen.findByRole('alert')).textContent).toBe(
      'The auth server is not answering. Please try again in a few seconds.',
    );
    await server.takeDown(0);
  });

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
  test.for([
    ['Apollo Client', 'OLI'],
    ['urql', 'OLI'],
    ['Apollo Client', 'CollectiveAccess'],
    ['urql', 'CollectiveAccess'],
    ['Apollo Client', 'Cookie'],
    ['urql', 'Cookie'],
  ] as const)('is renewed once for 25 operations at once: %s, %s', async ([client, title]) => {
    const server = serverOf(title);
    const user = await renderApp(title);
    await signIn(user, firstUser[title]);
    await panel(client).findAllByText(/^seen by/);
    const before = await server.counts();
    await user.click(screen.getByRole('button', { name: 'Kill the token' }));
    await screen.findByText(/^The token is dead/);
    await user.click(panel(client).getByRole('button', { name: '25 at once' }));
    await panel(client).findByText('25 of 25 were answered.');
    const after = await server.counts();
    expect(after.tokenRequests.refresh - before.tokenRequests.refresh).toBe(1);
    expect(after.operations.refused - before.operations.refused).toBe(25);
    await user.click(screen.getByRole('button', { name: 'Sign out' }));
  });

  test('is renewed once for both clients together, and the page says what the server counted', async () => {
    const user = await renderApp();
    await signIn(user);
    await user.click(screen.getByRole('button', { name: 'Kill the token, then 25 at once with both' }));
    await screen.findByText(/The server counted 50 refused operations and 1 renewal\.$/);
    await user.click(screen.getByRole('button', { name: 'Sign out' }));
  });

  test('has a successor that lives as long as it is told to', async () => {
    const server = serverOf();
    const user = await renderApp();
    await signIn(user);
    const seconds = screen.getByRole('spinbutton', { name: 'Token lifetime in seconds' });
    await user.clear(seconds);
    await user.type(seconds, '500');
    await user.click(screen.getByRole('button', { name: 'Set' }));
    await screen.findByText('The next tokens live 500 seconds.');
    await server.killToken();
    await user.click(panel('urql').getByRole('button', { name: 'Query' }));
    await panel('urql').findByText('The query was answered.');
    await user.click(screen.getByText('The picture as a table'));
    await screen.findByRole('cell', { name: /^lives (500|499)\.\d s$/ });
    await server.setLifetime(30);
    await user.click(screen.getByRole('button', { name: 'Sign out' }));
  });

  test('is renewed for a mutation, which runs once', async () => {
    const server = serverOf();
    const user = await renderApp();
    await signIn(user);
    const before = await server.counts();
    await server.killToken();
    await user.click(panel('urql').getByRole('button', { name: 'Mutation' }));
    await panel('urql').findByText(/^The counter now says \d+\.$/);
    const after = await server.counts();
    expect(after.mutationsExecuted - before.mutationsExecuted).toBe(1);
    await user.click(screen.getByRole('button', { name: 'Sign out' }));
  });

  test('and an auth server that is down are told in a sentence, and the session goes on', async () => {
    const server = serverOf();
    const user = await renderApp();
    await signIn(user);
    await server.killToken();
    await server.takeDown(60);
    await user.click(panel('Apollo Client').getByRole('button', { name: 'Query' }));
    await panel('Apollo Client').findByText(/^The auth server is not answering\. You stay signed in/);
    await server.takeDown(0);
    await user.click(screen.getByRole('button', { name: 'Sign out' }));
  });
});

describe('the end of a session', () => {
  test.for(titles)('is told, with the form to sign in again: %s', async title => {
    const user = await renderApp(title);
    await signIn(user, firstUser[title]);
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

test('a reload with the cookie keeps the user signed in', async () => {
  const user = await renderApp('Cookie');
  await signIn(user);
  cleanup();
  const again = await renderApp('Cookie');
  await screen.findByRole('heading', { name: 'Signed in as Mara Quill' });
  await again.click(screen.getByRole('button', { name: 'Sign out' }));
  await findUsers();
  cleanup();
  await renderApp('Cookie');
  await findUsers();
});

test('a reload while the auth server is down tells so, and finds the session later', async () => {
  const server = serverOf('Cookie');
  const user = await renderApp('Cookie');
  await signIn(user);
  cleanup();
  await server.takeDown(60);
  const again = await renderApp('Cookie');
  expect((await screen.findByRole('alert')).textContent).toMatch(/^The auth server is not answering/);
  await server.takeDown(0);
  await waitFor(async () => {
    const retry = screen.queryByRole('button', { name: 'Try again' });
    if (retry) await again.click(retry);
    expect(screen.queryByRole('heading', { name: 'Signed in as Mara Quill' })).not.toBeNull();
  });
  await again.click(screen.getByRole('button', { name: 'Sign out' }));
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
