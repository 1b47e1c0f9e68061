import { adapterContract } from './adapterContract.ts';
import { fetchAdapter } from './fetchAdapter.ts';

adapterContract(fetchAdapter);
