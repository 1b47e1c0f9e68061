import { urqlSockets } from './socketClients.ts';
import { socketContract } from './socketContract.ts';

socketContract(urqlSockets);
