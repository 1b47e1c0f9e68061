import { apolloSockets } from './socketClients.ts';
import { socketContract } from './socketContract.ts';

socketContract(apolloSockets);
