// How the servers that give a signal say no: a row each, to pass as `dialect` to a token manager or an adapter, or to extend
// by spreading. What each was recorded to answer is in recordedAnswers.ts; which servers give none is in DIALECTS.md.

export type { Dialect, Verdict } from '../verdict/dialect.ts';
export { djangoGraphQLJwt } from './djangoGraphQLJwt.ts';
export {
  apolloServer,
  graphqlShield,
  hotChocolate,
  keystone,
  lighthouse,
  mercuriusAuth,
  nest,
  springGraphQL,
  typeGraphQL,
  yogaJwt,
} from './frameworks.ts';
export {
  apolloRouter,
  appSync,
  collectiveAccess,
  directus,
  gitHub,
  hasura,
  postGraphile,
  saleor,
  shopify,
  strapi,
  supabase,
  wpGraphQLJwt,
} from './products.ts';
