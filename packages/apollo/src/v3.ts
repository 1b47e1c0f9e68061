export { authLink } from './apolloClient3.ts';
