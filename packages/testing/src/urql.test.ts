import { clientContract } from './clientContract.ts';
import { urqlAdapter } from './urqlAdapter.ts';

clientContract(urqlAdapter);
