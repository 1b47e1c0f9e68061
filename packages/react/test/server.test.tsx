import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ApolloClient } from '@apollo/client';
import { useSuspenseQuery } from '@apollo/client/react';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { type ReactNode, Suspense } from 'react';
import { renderToPipeableStream, renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useClientOfSession } from '../src/index.ts';
import { apolloOf, Gate, ME, Page, type Scene, SuspendedName, startScene } from './scene.tsx';

let scene: Scene;
const complained = vi.spyOn(console, 'error');

beforeEach(async () => {
  scene = await startScene();
});
afterEach(async () => {
  await scene.end();
  expect(complained.mock.calls).toEqual([]);
});

async function htmlOf(page: ReactNode): Promise<string> {
  const stream = new PassThrough();
  const { pipe } = renderToPipeableStream(page, {
    onAllReady: () => pipe(stream),
    onError: error => void stream.destroy(error as Error),
  });
  return text(stream);
}

/** As a server makes it, for each request. */
async function managerOf(user: 0 | 1): Promise<TokenManager> {
  const auth = scene.another();
  await auth.signIn(scene.server.users[user]);
  return createTokenManager({ initial: await auth.get(), renewal: 'never' });
}

test('B147 pages that are rendered at the same time are each of its user, by a client of its own', async () => {
  const pageOf = async (user: 0 | 1) => {
    const auth = await managerOf(user);
    const create = vi.fn(() => apolloOf(auth, scene.server.url));
    const page = (
      <Page auth={auth} create={create}>
        <Gate>
          <Suspense>
            <SuspendedName />
          </Suspense>
        </Gate>
      </Page>
    );
    return { page, create };
  };
  const pages = await Promise.all(([0, 1, 1, 0] as const).map(pageOf));
  const htmls = await Promise.all(pages.map(({ page }) => htmlOf(page)));
  const names = htmls.map(html => ['Mara Quill', 'Odo Fenn'].filter(name => html.includes(name)).join());
  expect(names).toEqual(['Mara Quill', 'Odo Fenn', 'Odo Fenn', 'Mara Quill']);
  for (const { create } of pages) expect(create).toHaveBeenCalledOnce();
});

const Own = ({ auth, create }: { readonly auth: TokenManager; readonly create: () => ApolloClient }) => (
  <p>{useSuspenseQuery(ME, { client: useClientOfSession(auth, create) }).data.me.name}</p>
);

test('B147 a component that suspends by the client that it asks for gets the same one again', async () => {
  const auth = await managerOf(0);
  const create = vi.fn(() => apolloOf(auth, scene.server.url));
  expect(await htmlOf(<Own auth={auth} create={create} />)).toContain('Mara Quill');
  expect(create).toHaveBeenCalledOnce();
});

test('B147 rendering asks for no restore, and shows that nothing is known', () => {
  const renew = vi.fn(() => null);
  for (const renewal of ['auto', 'never'] as const) {
    const auth = createTokenManager({ renew, restore: true, renewal });
    const html = renderToString(
      <Page auth={auth} create={scene.apollo}>
        <Gate>signed in</Gate>
      </Page>,
    );
    expect(html).toContain('restoring');
  }
  expect(renew).not.toHaveBeenCalled();
});
