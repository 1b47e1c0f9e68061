import { acceptedToken } from './createStubServer.ts';
import { type Figure, makeFigure } from './figure.ts';
import { freshGoal } from './goals.ts';
import { interleave, type Rounds } from './interleave.ts';
import { median } from './median.ts';
import { msPerRun } from './msPerRun.ts';
import { signedInManager } from './signedInManager.ts';

const callsPerRun = 100_000;

/** The least code for the same job: a variable and its expiry, behind a function. */
function plainVariable(): () => string | undefined {
  const token = acceptedToken;
  const expiresAt = Date.now() + 3_600_000;
  return () => (Date.now() < expiresAt ? token : undefined);
}

function callMany(read: () => unknown): void {
  let found = 0;
  for (let call = 0; call < callsPerRun; call++) if (read()) found++;
  if (found !== callsPerRun) throw new Error('The fresh token was not returned.');
}

/** The cost of `fresh()` while the token is fresh. */
export async function freshCost(rounds: Rounds, sampleMs: number): Promise<Figure> {
  const auth = await signedInManager({ renew: async () => acceptedToken }, acceptedToken);
  const variable = plainVariable();
  const nsPerCall = async (read: () => unknown) =>
    ((await msPerRun(() => callMany(read), sampleMs)) * 1e6) / callsPerRun;
  const took = await interleave({ ours: () => nsPerCall(auth.fresh), peer: () => nsPerCall(variable) }, rounds);
  return makeFigure({
    name: 'core: fresh()',
    unit: 'ns',
    ours: median(took.get('ours')),
    peer: median(took.get('peer')),
    peerName: 'variable + Date.now()',
    goal: freshGoal,
  });
}
