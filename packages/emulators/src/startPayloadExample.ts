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
  type Query { meUser: Me Posts: [String] }
  type Mutation {
    loginUser(email: String!, password: String!): Login
    refreshTokenUser: Refreshed
    logoutUser: String
  }
  type Login { token: String exp: Int user: User }
  type Refreshed { refreshedToken: String exp: Int user: User }
  type Me { user: User exp: Int token: String }
  type User { id: ID! email: String }
`;

const refused = (name: string, status: number, message: string) =>
  new GraphQLError(message, { extensions: { name, statusCode: status } });
const forbidden = () => refused('Forbidden', 403, 'You are not allowed to perform this action.');

const lifetimeS = 7200;
const user = { id: exampleUser.id, email: exampleUser.email };

/**
 * Payload 3: `refreshTokenUser` needs the token that it renews, while it is valid, in `Authorization: JWT …`. A request with
 * another token runs anonymously, and what needs a user fails as if a permission were missing.
 */
export async function startPayloadExample(): Promise<ExampleServer> {
  const issued = new Issued();
  const issue = () => {
    const exp = Math.floor(Date.now() / 1000) + lifetimeS;
    return { token: issued.access(n => exampleJwt({ id: user.id, collection: 'users', n, exp })), exp, user };
  };
  const refresh = () => {
    const { token: refreshedToken, ...rest } = issue();
    return { refreshedToken, ...rest };
  };
  const graphql = graphqlRoute({
    schema,
    root({ headers }) {
      const sent = headers.authorization?.replace(/^JWT /, '');
      const isUser = issued.isAccess(sent);
      const asUser = <Value>(value: () => Value) => {
        if (isUser) return value();
        throw forbidden();
      };
      return {
        loginUser({ email, password }: { email: string; password: string }) {
          if (email === user.email && password === exampleUser.password) return issue();
          throw refused('AuthenticationError', 401, 'The email or password provided is incorrect.');
        },
        refreshTokenUser: () => asUser(refresh),
        logoutUser: () => asUser(() => (issued.useUp(sent) ? 'You have been logged out successfully.' : null)),
        meUser: () => ({ user: isUser ? user : null }),
        Posts: () => asUser(() => ['A post']),
      };
    },
  });
  return startExampleServer(issued, { 'POST /api/graphql': graphql });
}
