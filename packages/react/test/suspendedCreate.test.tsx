import { useSuspenseQuery } from '@apollo/client/react';
import { createRoot } from 'react-dom/client';
import { expect, test, vi } from 'vitest';
import { useClientOfSession } from '../src/index.ts';
import { ME, type Scene, startScene } from './scene.tsx';

const Restless = ({ auth, apollo }: Scene) => (
  <p>{useSuspenseQuery(ME, { client: useClientOfSession(auth, () => apollo()) }).data.me.name}</p>
);

test('B143 so is one that makes a tree suspend again and again', async () => {
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const scene = await startScene();
  await scene.signIn(0);
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  root.render(<Restless {...scene} />);
  await expect.poll(() => warned.mock.calls).toEqual([[expect.stringMatching(/useClientOfSession .*module level/)]]);
  root.unmount();
  await scene.end();
});
