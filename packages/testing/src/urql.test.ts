import { adapterContract } from './adapterContract.ts';
import { statusContract } from './statusContract.ts';
import { urqlAdapter } from './urqlAdapter.ts';

adapterContract(urqlAdapter);
statusContract(urqlAdapter);
