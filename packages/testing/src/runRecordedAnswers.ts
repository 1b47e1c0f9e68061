import { collectFacts } from './collectFacts.ts';
import { answersLine } from './contractLine.ts';

// Every recorded answer through every client.

const facts = await collectFacts(['recordedAnswers']);
process.stdout.write(`${answersLine(facts)}\n`);
