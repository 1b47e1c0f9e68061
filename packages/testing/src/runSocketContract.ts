import { collectFacts } from './collectFacts.ts';
import { contractLine } from './contractLine.ts';

/** Runs the contract of sockets over each version of each client. */
const facts = await collectFacts(['socketsBare', 'socketsApollo', 'socketsUrql']);
const failed = facts.filter(({ state }) => state !== 'passed').length;
process.stdout.write(`${contractLine(facts)}\nfacts=${facts.length} failed=${failed}\n`);
