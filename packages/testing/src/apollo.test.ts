import { adapterContract } from './adapterContract.ts';
import { apolloAdapter } from './apolloAdapter.ts';

adapterContract(apolloAdapter);
