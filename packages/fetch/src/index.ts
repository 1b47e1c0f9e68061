export { type AuthFetch, type AuthFetchOptions, authFetch } from './authFetch.ts';
