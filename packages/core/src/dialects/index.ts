// One dialect per server, to pass as `dialect` to a token manager or an adapter, or to extend by spreading. The recorded
// answers of each server are in test/recordedAnswers.ts; DIALECTS.md lists the servers without a signal.

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
  parse,
  payload,
  postGraphile,
  saleor,
  shopify,
  strapi,
  supabase,
  vendure,
  wpGraphQLJwt,
} from './products.ts';
