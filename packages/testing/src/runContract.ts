import { collectFacts } from './collectFacts.ts';
import { contractLine } from './contractLine.ts';

/** Runs the contract of adapters over each version of each client. */
const facts = await collectFacts(['apollo', 'apollo3', 'urql', 'fetch']);
process.stdout.write(`${contractLine(facts)}\n`);
