import { bareClient } from './socketClients.ts';
import { socketContract } from './socketContract.ts';

socketContract(bareClient);
