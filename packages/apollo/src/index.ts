export { authLink } from './authLink.ts';
