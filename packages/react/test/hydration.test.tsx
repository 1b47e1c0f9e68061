import { act, screen } from '@testing-library/react';
import { type ComponentType, lazy, type ReactNode, StrictMode, Suspense, version } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, expect, test, vi } from 'vitest';
import { AuthProvider } from '../src/index.ts';
import { Gate, Name, Page, pageText, type Scene, startScene } from './scene.tsx';

let scene: Scene;
let unmount = () => {};
const complained = vi.spyOn(console, 'error');

afterEach(async () => {
  act(() => unmount());
  document.body.innerHTML = '';
  await scene.end();
  recovered.length = 0;
  expect(complained.mock.calls).toEqual([]);
});

/** What React reports and repairs, as a mismatch. */
const recovered: unknown[] = [];

async function hydrate(html: string, children: ReactNode): Promise<void> {
  document.body.innerHTML = `<div>${html}</div>`;
  const container = document.body.firstElementChild as Element;
  await act(async () => {
    const root = hydrateRoot(container, <StrictMode>{children}</StrictMode>, {
      onRecoverableError: error => void recovered.push(error),
    });
    unmount = () => root.unmount();
  });
}

/** Both sides start with the same session. */
async function startPage(): Promise<{ readonly onServer: Scene['auth']; readonly inPage: Scene['auth'] }> {
  scene = await startScene();
  await scene.signIn(0);
  const { accessToken } = (await scene.auth.get()) ?? { accessToken: '' };
  const parts = await startScene({ initial: { accessToken, sessionId: 'of-the-server' } });
  const { end } = scene;
  scene = { ...scene, end: async () => void (await Promise.all([end(), parts.end()])) };
  return { onServer: parts.auth, inPage: parts.another() };
}

const Protected = () => <Gate>signed in</Gate>;

test('B139 a page takes over what the server has rendered, and then shows the state as it is', async () => {
  const { onServer, inPage } = await startPage();
  const page = (auth: Scene['auth']) => (
    <Page auth={auth} create={scene.apollo}>
      <Protected />
    </Page>
  );
  const html = renderToString(page(onServer));
  expect(html).toContain('signed in');
  await inPage.signOut(); // in the meantime
  await hydrate(html, page(inPage));
  expect(pageText()).toBe('signed out');
  expect(recovered).toEqual([]);
});

/** React 18 reports, too, when it renders a boundary anew because its client is another one. */
const isReported = version.startsWith('18.');

test.for([
  ['state', false],
  ['client', true],
] as const)('B139 a boundary that hydrates after its %s has changed is no mismatch', async ([, hasClient]) => {
  const { onServer, inPage } = await startPage();
  let arrive: (module: { default: ComponentType }) => void = () => {};
  const late = new Promise<{ default: ComponentType }>(resolve => {
    arrive = resolve;
  });
  const Late = lazy(() => late);
  const page = (auth: Scene['auth'], Part: ComponentType) => {
    const boundary = (
      <Suspense fallback="waiting">
        <Part />
      </Suspense>
    );
    if (!hasClient) return <AuthProvider auth={auth}>{boundary}</AuthProvider>;
    return (
      <Page auth={auth} create={scene.apollo}>
        {boundary}
      </Page>
    );
  };
  await hydrate(renderToString(page(onServer, Protected)), page(inPage, Late));
  expect(pageText()).toBe('signed in');
  await act(() => inPage.signOut());
  await act(async () => arrive({ default: Protected }));
  expect(pageText()).toBe('signed out');
  expect(recovered.map(String)).toEqual(
    hasClient && isReported ? [expect.stringContaining('received an update before it finished hydrating')] : [],
  );
});

test('B139 a query after the take-over is of the session', async () => {
  const { onServer, inPage } = await startPage();
  const page = (auth: Scene['auth']) => (
    <Page auth={auth} create={scene.apollo}>
      <Gate>
        <Name />
      </Gate>
    </Page>
  );
  await hydrate(renderToString(page(onServer)), page(inPage));
  await screen.findByText('Mara Quill');
  expect(recovered).toEqual([]);
});
