import { adapterContract } from './adapterContract.ts';
import { fetchAdapter } from './fetchAdapter.ts';
import { statusContract } from './statusContract.ts';

adapterContract(fetchAdapter);
statusContract(fetchAdapter);
