// @vitest-environment happy-dom
import { pageContract } from './pageContract.ts';

pageContract();
