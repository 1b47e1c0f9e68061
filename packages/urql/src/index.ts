export { type AuthExchangeOptions, authExchange } from './authExchange.ts';
