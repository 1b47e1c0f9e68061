import { GraphQLError } from 'graphql';
import {
  type ExampleServer,
  exampleUser,
  graphqlRoute,
  Issued,
  json,
  startExampleServer,
} from './startExampleServer.ts';

const schema = `
  type Query { me: User }
  type Mutation { login(input: Login!): Payload! changeName(name: String!): User }
  input Login { identifier: String! password: String! }
  type Payload { jwt: String user: User! }
  type User { id: ID! username: String! }
`;

const user = { id: exampleUser.id, username: exampleUser.username };

/**
 * Strapi 5: `login` answers a token for 30 days and no refresh token. A token that is not valid is refused before GraphQL, with
 * Strapi's own body; an operation without a token runs.
 */
export async function startStrapiExample(): Promise<ExampleServer> {
  const issued = new Issued();
  const graphql = graphqlRoute({
    schema,
    root: ({ headers }) => ({
      me: () => {
        if (headers.authorization) return user;
        throw new GraphQLError('Forbidden access', {
          extensions: { error: { name: 'ForbiddenError' }, code: 'FORBIDDEN' },
        });
      },
      changeName: ({ name }: { name: string }) => ({ ...user, username: name }),
      login({ input: { identifier, password } }: { input: { identifier: string; password: string } }) {
        if (identifier === exampleUser.email && password === exampleUser.password)
          return { jwt: issued.access(n => `strapi-${n}`), user };
        throw new GraphQLError('Invalid identifier or password', {
          extensions: { error: { name: 'ValidationError' }, code: 'STRAPI_VALIDATION_ERROR' },
        });
      },
    }),
  });
  return startExampleServer(issued, {
    'POST /graphql': request => {
      const token = request.headers.authorization?.replace('Bearer ', '');
      if (!token || issued.isAccess(token)) return graphql(request);
      const error = { status: 401, name: 'UnauthorizedError', message: 'Missing or invalid credentials', details: {} };
      return json({ data: null, error }, 401);
    },
  });
}
