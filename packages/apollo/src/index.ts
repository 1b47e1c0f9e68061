export { type AuthLinkOptions, authLink } from './authLink.ts';
