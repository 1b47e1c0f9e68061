import { adapterContract } from './adapterContract.ts';
import { urqlAdapter } from './urqlAdapter.ts';

adapterContract(urqlAdapter);
