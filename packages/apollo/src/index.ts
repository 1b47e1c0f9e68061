export { authLink } from './apolloClient4.ts';
