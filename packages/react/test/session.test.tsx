import { createTokenManager } from '@latchkey/core';
import { act, cleanup, render, screen } from '@testing-library/react';
import { type ReactNode, StrictMode } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AuthProvider, Restoring, SignedIn, SignedOut, useAuth, useAuthState } from '../src/index.ts';
import { type Credentials, Gate, pageText, type Scene, startScene } from './scene.tsx';

let scene: Scene;
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

const show = (children: ReactNode) => act(async () => render(<StrictMode>{children}</StrictMode>));
const under = (auth: Scene['auth'], children: ReactNode) => <AuthProvider auth={auth}>{children}</AuthProvider>;

/** What `useAuth` returned last. */
let now: ReturnType<typeof useAuth<Credentials>>;
let renders = 0;
const User = () => {
  now = useAuth<Credentials>();
  renders++;
  return <p>{now.state.status}</p>;
};

test('useAuth has the state, and signs in and out', async () => {
  await show(under(scene.auth, <User />));
  expect(now).toMatchObject({ isRestoring: false, isSignedIn: false, error: undefined });
  expect(now.auth).toBe(scene.auth);
  await act(() => now.signIn(scene.server.users[0]));
  expect(pageText()).toBe('signedIn');
  expect(now).toMatchObject({ isRestoring: false, isSignedIn: true, error: undefined });
  expect(now.state).toBe(scene.auth.state);
  const { signIn } = now;
  await act(() => now.signOut());
  expect(pageText()).toBe('signedOut');
  expect(now.signIn).toBe(signIn); // an effect may depend on it
});

test('B144 a wrong password rejects signIn, is the error, and remakes nothing', async () => {
  await show(under(scene.auth, <User />));
  const { state } = now;
  const wrong = { ...scene.server.users[0], password: 'wrong' };
  await act(() => expect(now.signIn(wrong)).rejects.toMatchObject({ code: 'credentialsRejected' }));
  expect(now.error?.code).toBe('credentialsRejected');
  expect(now.state).toBe(state);
  expect(state.status).toBe('signedOut');
  const before = renders;
  await act(() => now.signIn(scene.server.users[0]));
  expect(now).toMatchObject({ isSignedIn: true, error: undefined });
  expect(renders).toBeGreaterThan(before);
});

test('B144 an error that nobody waits for is no unhandled rejection, and is gone with the next attempt', async () => {
  await show(under(scene.auth, <User />));
  await act(async () => void now.signIn({ username: 'x', password: 'wrong' }));
  await expect.poll(() => now.error?.code).toBe('credentialsRejected');
  const release = scene.server.holdTokenRequests();
  let signedIn: Promise<unknown> = Promise.resolve();
  await act(async () => {
    signedIn = now.signIn(scene.server.users[0]);
  });
  expect(now.error).toBeUndefined();
  release();
  await act(() => signedIn);
  expect(now.isSignedIn).toBe(true);
});

/** Resolves when the server has the token request, whose answer is held. */
async function signInWith(credentials: Credentials): Promise<{ readonly result: Promise<unknown> }> {
  const sent = scene.server.next('tokenRequest');
  let result: Promise<unknown> = Promise.resolve();
  await act(async () => {
    result = now.signIn(credentials);
    await sent;
  });
  return { result };
}

test('B144 a sign-in that another one has superseded is not the error', async () => {
  await show(under(scene.auth, <User />));
  const releaseFirst = scene.server.holdTokenRequests();
  const first = await signInWith(scene.server.users[0]);
  const releaseSecond = scene.server.holdTokenRequests();
  const second = await signInWith({ username: 'x', password: 'wrong' });
  releaseSecond();
  await act(() => expect(second.result).rejects.toThrow());
  releaseFirst();
  await act(() => expect(first.result).rejects.toMatchObject({ code: 'aborted' }));
  expect(now).toMatchObject({ isSignedIn: false, error: { code: 'credentialsRejected' } });
});

test('B144 an error ends with the state that it came in', async () => {
  await show(under(scene.auth, <User />));
  await act(() => expect(now.signIn({ username: 'x', password: 'wrong' })).rejects.toThrow());
  await act(() => scene.signIn(1)); // by another component
  expect(now.error).toBeUndefined();
  scene.server.revoke();
  await act(() => expect(scene.auth.renew()).rejects.toThrow());
  expect(now).toMatchObject({ isSignedIn: false, error: { code: 'sessionExpired' } });
});

test('B145 a restore that met an outage shows the fallback, and may be tried again', async () => {
  await scene.end();
  scene = await startScene({ restore: true, cooldownMs: 0 });
  scene.server.failTokenRequests(2, { status: 503 });
  await show(
    under(
      scene.auth,
      <>
        <Gate>signed in</Gate>
        <User />
      </>,
    ),
  );
  await screen.findByText(/not reachable/);
  expect(now).toMatchObject({ isRestoring: false, isSignedIn: false, error: { code: 'unavailable' } });
  await act(() => expect(now.restore()).rejects.toMatchObject({ code: 'unavailable' }));
  await act(() => now.restore());
  expect(pageText()).toBe('signed insignedIn');
  expect(now.error).toBeUndefined();
});

test('B145 while it is not known who is signed in, only Restoring shows its children', async () => {
  await scene.end();
  scene = await startScene({ restore: true });
  const release = scene.server.holdTokenRequests();
  await show(
    under(
      scene.auth,
      <>
        <Restoring>r</Restoring>
        <SignedIn fallback="a">b</SignedIn>
        <SignedOut fallback="c">d</SignedOut>
        <User />
      </>,
    ),
  );
  expect(pageText()).toBe('runknown');
  expect(now).toMatchObject({ isRestoring: true, isSignedIn: false });
  release();
  await screen.findByText('signedIn');
  expect(pageText()).toBe('bcsignedIn');
  await act(() => scene.auth.signOut());
  expect(pageText()).toBe('adsignedOut');
});

test('B145 a restore without the option renew is the error', async () => {
  await show(under(createTokenManager<Credentials>({ signIn: () => null }), <User />));
  await act(() => expect(now.restore()).rejects.toMatchObject({ code: 'misconfigured' }));
  expect(now.error?.code).toBe('misconfigured');
});

const Status = ({ auth }: { readonly auth?: Scene['auth'] }) => <p>{useAuthState(auth).status}</p>;

test('B141 useAuthState works with a manager and with a provider, and its own manager comes first', async () => {
  await scene.signIn(0);
  const other = scene.another();
  await show(
    <>
      <Status auth={scene.auth} />
      {under(other, [<Status key="given" auth={scene.auth} />, <Status key="provided" />])}
    </>,
  );
  expect(pageText()).toBe('signedInsignedInsignedOut');
});

test('B141 without either, hooks and components throw, and name AuthProvider', () => {
  for (const [env, message] of [
    ['test', /<AuthProvider auth=\{auth\}>.*useAuthState\(auth\)/],
    ['production', /AuthProvider/],
  ] as const) {
    vi.stubEnv('NODE_ENV', env);
    for (const part of [<User key="1" />, <Status key="2" />, <Gate key="3">signed in</Gate>])
      expect(() => render(part)).toThrow(
        expect.objectContaining({ code: 'misconfigured', message: expect.stringMatching(message) }),
      );
    vi.unstubAllEnvs();
  }
  complained.mockClear(); // React reports them, too
});
