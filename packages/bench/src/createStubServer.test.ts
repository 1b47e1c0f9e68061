import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { acceptedToken, createStubServer, refusedToken } from './createStubServer.ts';

test('operations with the refused token are refused, and all others are accepted', () => {
  const server = createStubServer('now');
  const answers: boolean[] = [];
  for (const header of [`Bearer ${refusedToken}`, `Bearer ${acceptedToken}`, undefined])
    server.handle(header, isRefused => answers.push(isRefused));
  expect(answers).toEqual([true, false, false]);
  expect(server).toMatchObject({ refused: 1, accepted: 1, renewals: 0 });
});

test('operations of one turn are answered together in a later turn', async () => {
  const server = createStubServer('nextTurn');
  const answers: boolean[] = [];
  server.handle(`Bearer ${refusedToken}`, isRefused => answers.push(isRefused));
  server.handle(`Bearer ${acceptedToken}`, isRefused => answers.push(isRefused));
  expect(answers).toEqual([]);
  await nextTurn();
  expect(answers).toEqual([true, false]);
});

test('a renewal is answered after the promise that was passed', async () => {
  let answerRenewals = () => {};
  const untilRenewed = new Promise<void>(resolve => {
    answerRenewals = resolve;
  });
  const server = createStubServer('nextTurn', untilRenewed);
  let renewed = '';
  const renewal = server.renew().then(token => {
    renewed = token;
  });
  await nextTurn();
  expect(renewed).toBe('');
  answerRenewals();
  await renewal;
  expect(renewed).toBe(acceptedToken);
  expect(server.renewals).toBe(1);
});
