export { authExchange } from './authExchange.ts';
