import { clientContract } from './clientContract.ts';
import { fetchAdapter } from './fetchAdapter.ts';

clientContract(fetchAdapter);
