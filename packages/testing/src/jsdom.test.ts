// @vitest-environment jsdom
import { pageContract } from './pageContract.ts';

pageContract();
