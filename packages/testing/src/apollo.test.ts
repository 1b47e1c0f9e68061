import { apolloAdapter } from './apolloAdapter.ts';
import { clientContract } from './clientContract.ts';

clientContract(apolloAdapter);
