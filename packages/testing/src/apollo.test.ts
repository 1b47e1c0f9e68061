import { adapterContract } from './adapterContract.ts';
import { apolloAdapter } from './apolloAdapter.ts';
import { statusContract } from './statusContract.ts';

adapterContract(apolloAdapter);
statusContract(apolloAdapter);
