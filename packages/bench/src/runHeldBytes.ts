import { heldBytes } from './heldBytes.ts';
import { interleave } from './interleave.ts';
import { sides } from './match.ts';
import { median } from './median.ts';
import { urqlMatch } from './urqlMatch.ts';

// The child process of heldCost: `node --expose-gc runHeldBytes.ts COUNT ROUNDS WARM_UPS` prints the medians as JSON.

const [count = 0, rounds = 0, warmUps = 0] = process.argv.slice(2).map(Number);
const samples = sides.map(side => [side, () => heldBytes(urqlMatch, side, count)] as const);
const held = await interleave(Object.fromEntries(samples), { rounds, warmUps });
const medians = sides.map(side => [side, median(held.get(side))] as const);
process.stdout.write(JSON.stringify(Object.fromEntries(medians)));
