import { apollo3Adapter } from './apollo3Adapter.ts';
import { clientContract } from './clientContract.ts';

clientContract(apollo3Adapter);
