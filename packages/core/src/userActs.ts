import { disposed, tokenError } from './errors/tokenError.ts';
import type { Manager } from './manager.ts';
import { drop, requestSignIn, revoke } from './renewal/authServer.ts';
import { beginWith } from './renewal/renewal.ts';
import { endSession, renewSession, restoreSession } from './session/session.ts';
import { makeTokenSet, nowhere, positionAfter, type TokenAnswer, type TokenParts } from './tokens/tokenSet.ts';

// What a user does: signing in and out. The last act wins, also over the answer to an earlier one.

/** Resolves to what the auth server answers next to the tokens. */
export async function signIn(manager: Manager, credentials: unknown): Promise<object> {
  const act = ++manager.userActs;
  const answer = await requestSignIn(manager, credentials);
  if (act !== manager.userActs || manager.session.state.status === 'disposed') {
    drop(manager, answer);
    throw tokenError(
      'aborted',
      () => process.env.NODE_ENV !== 'production' && 'Superseded by another sign-in or sign-out.',
    );
  }
  await begin(manager, answer);
  const {
    accessToken,
    refreshToken,
    expiresInS,
    expiresAt,
    refreshExpiresInS,
    refreshExpiresAt,
    subject,
    isGuest,
    ...rest
  } = answer.parts;
  return rest;
}

export async function adopt(manager: Manager, tokens: TokenParts | string): Promise<void> {
  const { session, store } = manager;
  const parts = typeof tokens === 'object' && tokens ? tokens : { accessToken: tokens };
  const answer = { parts, requestedAt: session.clock.now() };
  const { tokens: current } = session.state;
  const { subject } = makeTokenSet(answer, nowhere);
  if (!current || subject === undefined || subject !== current.subject) return begin(manager, answer);
  const next = makeTokenSet(answer, positionAfter(current), current); // something else has renewed them
  store?.check(next);
  manager.userActs++;
  const saved = store?.adopt(next); // before listeners run: one of them may sign out
  renewSession(session, next);
  await saved;
}

/** Lets `renew` be asked again when nobody is signed in. @throws TokenError `misconfigured` when it cannot be */
export function restore({ session, options, renews }: Manager): void {
  if (!options.renew || !renews)
    throw tokenError(
      'misconfigured',
      () => process.env.NODE_ENV !== 'production' && 'There is nothing to restore with. Pass the option "renew".',
    );
  if (session.state.status === 'signedOut') restoreSession(session);
}

export async function signOut(manager: Manager): Promise<void> {
  const { session, store } = manager;
  const { tokens } = session.state;
  manager.userActs++;
  manager.signOuts++;
  const deleted = store?.end(); // before listeners run: one of them may sign in
  endSession(session, 'signOut');
  if (tokens) void revoke(manager, tokens);
  await deleted;
}

async function begin(manager: Manager, answer: TokenAnswer): Promise<void> {
  if (manager.session.state.status === 'disposed') throw disposed();
  manager.store?.check(makeTokenSet(answer, nowhere)); // both throw before anything has changed
  manager.userActs++;
  await beginWith(manager, answer);
}
