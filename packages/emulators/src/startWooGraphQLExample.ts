import { GraphQLError } from 'graphql';
import {
  type ExampleServer,
  exampleJwt,
  exampleUser,
  graphqlRoute,
  Issued,
  startExampleServer,
} from './startExampleServer.ts';

const schema = `
  type Query { cart: Cart viewer: Viewer }
  type Mutation { addToCart(productId: Int!): Cart login(username: String!, password: String!): Login refreshJwtAuthToken(jwtRefreshToken: String!): Refreshed }
  type Cart { itemCount: Int! }
  type Viewer { name: String }
  type Login { authToken: String refreshToken: String user: Viewer }
  type Refreshed { authToken: String }
`;

/**
 * WooGraphQL with WPGraphQL JWT: two tokens. The cart has one of its own, for guests and users, which any answer may bring in the
 * header `woocommerce-session`; a user's token comes from `login`.
 */
export async function startWooGraphQLExample(): Promise<ExampleServer> {
  const issued = new Issued();
  const carts = new Map<string, number>();
  const exp = () => Math.floor(Date.now() / 1000) + 600;
  const authToken = () => issued.access(n => exampleJwt({ data: { user: { id: exampleUser.id } }, exp: exp(), n }));
  const graphql = graphqlRoute({
    schema,
    root(request, headers) {
      let cart = request.headers['woocommerce-session']?.replace(/^Session /, '') ?? '';
      if (!carts.has(cart)) {
        cart = exampleJwt({ data: { customer_id: `t_${carts.size}` }, exp: exp() + 172_800 });
        carts.set(cart, 0);
        headers.set('woocommerce-session', cart);
      }
      const sent = request.headers.authorization?.replace('Bearer ', '');
      return {
        cart: () => ({ itemCount: carts.get(cart) }),
        addToCart: () => ({ itemCount: carts.set(cart, (carts.get(cart) ?? 0) + 1).get(cart) }),
        viewer: () => (issued.isAccess(sent) ? { name: exampleUser.name } : null),
        login({ username, password }: { username: string; password: string }) {
          if (username !== exampleUser.username || password !== exampleUser.password)
            throw new GraphQLError('incorrect_password');
          return {
            authToken: authToken(),
            refreshToken: issued.renewal(n => `refresh-${n}`),
            user: { name: exampleUser.name },
          };
        },
        refreshJwtAuthToken({ jwtRefreshToken }: { jwtRefreshToken: string }) {
          if (!issued.isRenewal(jwtRefreshToken)) throw new GraphQLError('The provided refresh token is invalid');
          return { authToken: authToken() };
        },
      };
    },
  });
  return startExampleServer(issued, {
    'POST /graphql': request => {
      const sent = request.headers.authorization?.replace('Bearer ', '');
      const isRefused = sent !== undefined && !issued.isAccess(sent);
      return isRefused
        ? new Response('{"errors":[{"message":"Expired token"}]}', {
            status: 403,
            headers: { 'content-type': 'application/json' },
          })
        : graphql(request);
    },
  });
}
