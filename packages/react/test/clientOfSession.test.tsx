import type { ApolloClient } from '@apollo/client';
import { type QueryRef, useApolloClient, useBackgroundQuery, useReadQuery } from '@apollo/client/react';
import { act, cleanup, render, screen } from '@testing-library/react';
import { Component, lazy, type ReactNode, StrictMode, Suspense, startTransition, useState, version } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider as UrqlProvider, useQuery as useUrqlQuery } from 'urql';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { AuthProvider, SignedIn, SignedOut, useClientOfSession } from '../src/index.ts';
import { apolloOf, Gate, ME, Name, Page, pageText, type Scene, SuspendedName, startScene } from './scene.tsx';

declare module 'vitest' {
  interface ProvidedContext {
    react: string;
  }
}

let scene: Scene;
const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
const complained = vi.spyOn(console, 'error').mockImplementation(() => {});

beforeEach(async () => {
  scene = await startScene();
});
afterEach(async () => {
  cleanup();
  await scene.end();
  expect(complained.mock.calls).toEqual([]);
  complained.mockClear();
});

const show = (children: ReactNode) => act(async () => render(children));
/** Shows it with the Apollo Client of the session around it. */
const showPage = (children: ReactNode) =>
  show(
    <Page auth={scene.auth} create={scene.apollo}>
      {children}
    </Page>,
  );
const operations = () => scene.server.stats().operations.received;

test('the version is that in the name of the project', () => {
  expect(version).toMatch(inject('react') === 'React 18.2' ? /^18\.2\./ : /^19\./);
});

test('B130 under StrictMode one restore is sent, and one client is used', async () => {
  await scene.end();
  scene = await startScene({ restore: true });
  await show(
    <StrictMode>
      <Page auth={scene.auth} create={scene.apollo}>
        <Gate>
          <Name />
        </Gate>
      </Page>
    </StrictMode>,
  );
  await screen.findByText('Mara Quill');
  expect([scene.restores(), scene.clients.length, operations()]).toEqual([1, 1, 1]);
});

test('B131 in a root without a boundary, a query that suspends is sent once, by one client', async () => {
  await scene.signIn(0);
  await show(
    <StrictMode>
      <Page auth={scene.auth} create={scene.apollo}>
        <SuspendedName />
      </Page>
    </StrictMode>,
  );
  await screen.findByText('Mara Quill');
  expect([scene.clients.length, operations()]).toEqual([1, 1]);
});

test('B132 a sign-out during a query that suspends shows at once, and what still comes reaches no cache', async () => {
  await scene.signIn(0);
  const release = scene.server.holdOperations();
  const sent = scene.server.next('operation');
  await showPage(
    <Gate>
      <Suspense fallback="suspended">
        <SuspendedName />
      </Suspense>
    </Gate>,
  );
  await sent;
  expect(pageText()).toBe('suspended');
  await act(async () => void scene.auth.signOut());
  expect(pageText()).toBe('signed out');
  const answered = new Promise<void>(resolve => {
    const { fetch } = globalThis;
    vi.stubGlobal('fetch', (...given: Parameters<typeof fetch>) => fetch(...given).finally(resolve));
  });
  release();
  await scene.signIn(1);
  await answered;
  vi.unstubAllGlobals();
  await screen.findByText('Odo Fenn');
  const [left] = scene.clients;
  expect(left && 'extract' in left && left.extract()).toEqual({});
});

function BackgroundName() {
  const [query] = useBackgroundQuery(ME);
  return (
    <Suspense fallback="suspended">
      <ReadName query={query} />
    </Suspense>
  );
}
const ReadName = ({ query }: { readonly query: QueryRef<{ me: { name: string } }> }) => (
  <p>{useReadQuery(query).data.me.name}</p>
);

test('B132 so it is with a background query, whose next user sees only his own', async () => {
  await scene.signIn(0);
  const release = scene.server.holdOperations();
  const sent = scene.server.next('operation');
  await showPage(
    <Gate>
      <BackgroundName />
    </Gate>,
  );
  await sent;
  await act(async () => void scene.auth.signOut());
  expect(pageText()).toBe('signed out');
  release();
  await act(() => scene.signIn(1));
  await screen.findByText('Odo Fenn');
});

function UrqlName() {
  const [{ data, error }] = useUrqlQuery<{ me: { name: string } }>({ query: ME });
  return <p>{error ? error.message : data?.me.name}</p>;
}

const UrqlPage = ({ children }: { readonly children: ReactNode }) => (
  <AuthProvider auth={scene.auth}>
    <UrqlProvider value={useClientOfSession(scene.auth, scene.urql)}>{children}</UrqlProvider>
  </AuthProvider>
);

test('B132 so it is with urql, which suspends too', async () => {
  await scene.signIn(0);
  const release = scene.server.holdOperations();
  const sent = scene.server.next('operation');
  await show(
    <UrqlPage>
      <Gate>
        <Suspense fallback="suspended">
          <UrqlName />
        </Suspense>
      </Gate>
    </UrqlPage>,
  );
  await sent;
  await act(async () => void scene.auth.signOut());
  expect(pageText()).toBe('signed out');
  release();
  await act(() => scene.signIn(1));
  await screen.findByText('Odo Fenn');
  expect(scene.clients).toHaveLength(3); // of Mara, of nobody, of Odo
});

test('B132 a root that has never been shown goes on when its session ends', async () => {
  await scene.signIn(0);
  const release = scene.server.holdOperations();
  const sent = scene.server.next('operation');
  const container = document.body.appendChild(document.createElement('div'));
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false);
  const root = createRoot(container);
  root.render(
    <Page auth={scene.auth} create={scene.apollo}>
      <Gate>
        <SuspendedName />
      </Gate>
    </Page>,
  );
  await sent;
  void scene.auth.signOut();
  release();
  await expect.poll(() => container.textContent).toBe('signed out');
  root.unmount();
  container.remove();
  vi.unstubAllGlobals();
});

function Counter() {
  const [clicks, setClicks] = useState(0);
  return (
    <button type="button" onClick={() => setClicks(clicks + 1)}>
      {clicks} clicks
    </button>
  );
}

test('B133 of the user before, neither rows nor component state are left when the next one signs in', async () => {
  await scene.signIn(0);
  await showPage(
    <Suspense fallback="suspended">
      <SignedIn fallback="signed out">
        <SuspendedName />
        <Counter />
      </SignedIn>
    </Suspense>,
  );
  await screen.findByText('Mara Quill');
  act(() => screen.getByRole('button').click());
  expect(pageText()).toContain('1 clicks');
  const seen: string[] = [];
  const watcher = new MutationObserver(() => seen.push(pageText()));
  watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
  await act(() => scene.signIn(1));
  await screen.findByText('Odo Fenn');
  await expect.poll(() => seen.join()).toContain('Odo Fenn');
  watcher.disconnect();
  expect(seen.join()).not.toMatch(/Mara|1 clicks/);
  expect(pageText()).toBe('Odo Fenn0 clicks');
});

test('B133 nor are they while a form is loaded lazily', async () => {
  await scene.signIn(0);
  const Form = lazy(() => new Promise<never>(() => {}));
  await showPage(
    <Suspense fallback="loading the form">
      <SignedIn>
        <Name />
      </SignedIn>
      <SignedOut>
        <Form />
      </SignedOut>
    </Suspense>,
  );
  await screen.findByText('Mara Quill');
  await act(() => scene.auth.signOut());
  expect(pageText()).toBe('loading the form');
});

test('B134 queries that failed while signed out are sent again once after the sign-in', async () => {
  await showPage(<Name />);
  await screen.findByText(/^failed: /);
  expect([operations(), scene.clients.length]).toEqual([1, 1]);
  await act(() => scene.signIn(0));
  await screen.findByText('Mara Quill');
  expect([operations(), scene.clients.length]).toEqual([2, 2]);
});

test('B134 so they are after a login that the application did by itself', async () => {
  await showPage(<Name />);
  await screen.findByText(/^failed: /);
  await act(() => scene.auth.restore());
  await screen.findByText('Mara Quill');
  expect([operations(), scene.clients.length]).toEqual([2, 2]);
});

test.for([
  ['somebody', 0, 'Mara Quill'],
  ['nobody', null, 'signed out'],
] as const)('B135 the client is the same before and after a restore that finds %s', async ([, user, text]) => {
  await scene.end();
  scene = await startScene({ restore: true }, user);
  const release = scene.server.holdTokenRequests();
  await showPage(
    <Gate>
      <Name />
    </Gate>,
  );
  if (user !== null) expect(pageText()).toBe('restoring');
  release();
  await screen.findByText(text);
  expect(scene.clients).toHaveLength(1);
});

test('B135 so it is after a restore, on request, that finds nobody', async () => {
  await scene.end();
  scene = await startScene({}, null);
  await showPage(<Name />);
  await screen.findByText(/^failed: /);
  await act(() => scene.auth.restore());
  expect([scene.restores(), operations(), scene.clients.length]).toEqual([1, 1, 1]);
});

test('B136 a renewal and an outage remake neither client nor tree', async () => {
  await scene.signIn(0);
  await showPage(
    <Gate>
      <Name />
      <Counter />
    </Gate>,
  );
  await screen.findByText('Mara Quill');
  act(() => screen.getByRole('button').click());
  await act(() => scene.auth.renew());
  scene.server.failTokenRequests(2, { status: 503 });
  await act(() => scene.auth.renew().catch(() => {}));
  expect(scene.auth.state.error?.code).toBe('unavailable');
  expect(pageText()).toBe('Mara Quill1 clicks');
  expect(scene.clients).toHaveLength(1);
});

test('B137 a session that another one replaces acts like a sign-out and a sign-in', async () => {
  await scene.signIn(0);
  await showPage(
    <Gate>
      <Name />
      <Counter />
    </Gate>,
  );
  await screen.findByText('Mara Quill');
  act(() => screen.getByRole('button').click());
  const other = scene.another();
  await other.signIn(scene.server.users[1]);
  await act(async () => scene.auth.adopt((await other.get()) ?? ''));
  await screen.findByText('Odo Fenn');
  expect(pageText()).toBe('Odo Fenn0 clicks');
  expect(scene.clients).toHaveLength(2);
});

test('B138 a sign-out inside a transition takes the user off the page at once', async () => {
  await scene.signIn(0);
  await showPage(
    <Gate>
      <Suspense fallback="suspended">
        <SuspendedName />
      </Suspense>
    </Gate>,
  );
  await screen.findByText('Mara Quill');
  await act(async () => startTransition(() => void scene.auth.signOut()));
  expect(pageText()).toBe('signed out');
  await act(async () => startTransition(() => void scene.signIn(1)));
  await screen.findByText('Odo Fenn');
});

/** A query that is watched outside of components, and answered. */
async function watch(client: ApolloClient): Promise<{ readonly stopped: () => boolean }> {
  let isStopped = false;
  await new Promise(resolve => {
    client.watchQuery({ query: ME }).subscribe({
      next: ({ loading }) => loading || resolve(undefined),
      complete() {
        isStopped = true;
      },
    });
  });
  return { stopped: () => isStopped };
}

const Watch = ({ clients }: { readonly clients: Set<unknown> }) => void clients.add(useApolloClient());

test('B140 after hot reloading, provider and client belong to the new manager', async () => {
  await scene.signIn(0);
  const seen = new Set<unknown>();
  const page = (auth: Scene['auth'], create: Scene['apollo']) => (
    <StrictMode>
      <Page auth={auth} create={create}>
        <Gate>
          <Name />
        </Gate>
        <Watch clients={seen} />
      </Page>
    </StrictMode>
  );
  const { rerender } = await show(page(scene.auth, scene.apollo));
  await screen.findByText('Mara Quill');

  const next = scene.another();
  const createNext = () => apolloOf(next, scene.server.url);
  scene.auth.dispose(); // import.meta.hot.dispose
  await act(async () => rerender(page(next, createNext)));
  expect(pageText()).toBe('signed out');
  await act(() => next.signIn(scene.server.users[1]));
  await screen.findByText('Odo Fenn');
  expect(seen.size).toBe(3); // of Mara; of nobody and Odo at the new manager

  const watched = await watch([...seen].at(-1) as ApolloClient);
  const edited = vi.fn(createNext);
  await act(async () => rerender(page(next, edited)));
  await screen.findByText('Odo Fenn');
  expect(edited).toHaveBeenCalledOnce();
  await expect.poll(watched.stopped).toBe(true);
  await act(() => next.signOut());
  expect(pageText()).toBe('signed out');
});

class Boundary extends Component<{ readonly children: ReactNode }> {
  override state: { readonly error?: Error } = {};
  static getDerivedStateFromError = (error: Error) => ({ error });
  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <button type="button" onClick={() => this.setState({ error: undefined })}>
        {this.state.error.message}
      </button>
    );
  }
}

test('B142 an error boundary gets what create throws, and the next render tries again', async () => {
  await scene.signIn(0);
  const create = vi.fn(scene.apollo).mockImplementation(() => {
    throw new Error('no client');
  });
  await show(
    <Boundary>
      <Page auth={scene.auth} create={create}>
        <Name />
      </Page>
    </Boundary>,
  );
  expect(pageText()).toBe('no client');
  complained.mockClear(); // React reports what the boundary got
  create.mockImplementation(scene.apollo);
  act(() => screen.getByRole('button').click());
  await screen.findByText('Mara Quill');

  create.mockImplementation(() => {
    throw new Error('no next client');
  });
  await act(async () => void scene.auth.signOut());
  expect(pageText()).toBe('no next client');
  complained.mockClear();
});

test('B143 a create that is another function each time is warned of, once', async () => {
  await scene.signIn(0);
  const page = () => (
    <Page auth={scene.auth} create={() => scene.apollo()}>
      <Name />
    </Page>
  );
  const { rerender } = await show(page());
  for (const changes of [1, 2]) {
    await act(async () => rerender(page()));
    expect([changes, warned.mock.calls.length]).toEqual([changes, 0]);
  }
  for (let changes = 3; changes < 7; changes++) await act(async () => rerender(page()));
  expect(warned.mock.calls).toEqual([[expect.stringMatching(/useClientOfSession .*module level/)]]);
  await screen.findByText('Mara Quill');
  const watching = scene.clients.filter(
    client => 'getObservableQueries' in client && client.getObservableQueries('all').size > 0,
  );
  expect(watching).toEqual([scene.clients.at(-1)]);
});

test('B146 the client that is left polls no more, is not stopped, and keeps its cache', async () => {
  await scene.signIn(0);
  await showPage(
    <Gate>
      <Name />
    </Gate>,
  );
  await screen.findByText('Mara Quill');
  const left = scene.clients[0] as ApolloClient;
  left.watchQuery({ query: ME, pollInterval: 1, fetchPolicy: 'network-only' }).subscribe({ error: () => {} });
  const watched = await watch(left);
  await expect.poll(operations).toBeGreaterThan(3);
  await act(() => scene.auth.signOut());
  await expect.poll(watched.stopped).toBe(true);
  const before = scene.server.requests.length;
  await act(() => scene.signIn(1));
  await screen.findByText('Odo Fenn');
  for (let n = 0; n < 20; n++)
    await (scene.clients.at(-1) as ApolloClient).query({ query: ME, fetchPolicy: 'no-cache' });
  const sent = scene.server.requests.slice(before).filter(({ kind }) => kind === 'graphql');
  expect(sent).toHaveLength(21); // of the page and of this test
  expect(JSON.stringify(left.extract())).toContain('Mara Quill');
  expect((await left.query({ query: ME, fetchPolicy: 'network-only' })).data?.me.name).toBe('Odo Fenn'); // not stopped
});

function Both({ leave }: { readonly leave: (client: unknown) => void }) {
  useClientOfSession(scene.auth, scene.apollo, leave);
  useClientOfSession(scene.auth, scene.urql, leave);
  return null;
}

test('B146 with a function of its own the application decides what is left; one that throws harms nobody', async () => {
  const reported: unknown[] = [];
  const caught = (error: unknown) => reported.push(error);
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', caught);
  const left: unknown[] = [];
  const leave = (client: unknown) => {
    left.push(client);
    throw new Error('not left');
  };
  await scene.signIn(0);
  await show(<Both leave={leave} />);
  await act(() => scene.auth.signOut());
  await expect.poll(() => reported.length).toBe(2);
  process.removeAllListeners('uncaughtException');
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(left).toEqual(scene.clients.slice(0, 2));
  expect(scene.clients).toHaveLength(4);
});

function Idle() {
  useClientOfSession(scene.auth, scene.apollo);
  return null;
}

test('B146 a session that no component has seen leaves no client to the next one', async () => {
  const { unmount } = await show(<Idle />);
  unmount();
  await scene.signIn(0);
  await scene.auth.signOut();
  await show(<Idle />);
  expect(scene.clients).toHaveLength(2);
});
