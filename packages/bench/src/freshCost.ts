import { liveToken } from './createStubServer.ts';
import { type Figure, makeFigure } from './figure.ts';
import { interleave, type Rounds } from './interleave.ts';
import { median } from './median.ts';
import { msPerRun } from './msPerRun.ts';
import { signedInManager } from './signedInManager.ts';

const callsPerRun = 100_000;

/** The least that does the same job: a variable and the time until which it is good, behind a function. */
function plainVariable(): () => string | undefined {
  const token = liveToken;
  const expiresAt = Date.now() + 3_600_000;
  return () => (Date.now() < expiresAt ? token : undefined);
}

function callMany(read: () => unknown): void {
  let found = 0;
  for (let call = 0; call < callsPerRun; call++) if (read()) found++;
  if (found !== callsPerRun) throw new Error('A fresh token was not there.');
}

/** What it costs to ask for a token that is there. */
export async function freshCost(rounds: Rounds, sampleMs: number): Promise<Figure> {
  const auth = await signedInManager({ renew: async () => liveToken }, liveToken);
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
    goal: 2,
  });
}
