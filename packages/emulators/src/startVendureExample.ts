import { GraphQLError } from 'graphql';
import {
  type ExampleRequest,
  type ExampleServer,
  exampleUser,
  graphqlRoute,
  Issued,
  startExampleServer,
} from './startExampleServer.ts';

const schema = `
  type Query { activeCustomer: Customer activeOrder: Order }
  type Mutation {
    addItemToOrder(sku: String!): Order
    updateCustomer(name: String!): Customer
    login(username: String!, password: String!): LoginResult!
    logout: Success!
  }
  type Customer { id: ID! name: String }
  type Order { quantity: Int! }
  union LoginResult = CurrentUser | InvalidCredentialsError
  type CurrentUser { id: ID! identifier: String! }
  type InvalidCredentialsError { errorCode: String! message: String! }
  type Success { success: Boolean! }
`;

/** The header that Vendure's option `authTokenHeaderKey` names. */
const tokenHeader = 'vendure-auth-token';

interface ShopSession {
  readonly isUser: boolean;
  quantity: number;
}

/**
 * Vendure 3, shop API, with bearer tokens: a guest's first cart brings a session token; `login` with it keeps the cart, and
 * brings another. A token that is not valid is unset in the response, and a wrong password is data.
 */
export async function startVendureExample(): Promise<ExampleServer> {
  const issued = new Issued();
  const sessions = new Map<string, ShopSession>();
  const graphql = graphqlRoute({ schema, root: (request, headers) => rootOf(sessions, issued, request, headers) });
  return startExampleServer(issued, { 'POST /shop-api': graphql });
}

function rootOf(sessions: Map<string, ShopSession>, issued: Issued, request: ExampleRequest, headers: Headers): object {
  const sent = request.headers.authorization?.replace(/^Bearer /, '');
  let session = issued.isAccess(sent) ? sessions.get(sent ?? '') : undefined;
  if (sent && !session) headers.set(tokenHeader, '');
  const begin = (made: ShopSession, kind: string) => {
    const token = issued.access(n => `${kind}-${n}`);
    sessions.set(token, made);
    headers.set(tokenHeader, token);
    return made;
  };
  const ofAnybody = () => (session ??= begin({ isUser: false, quantity: 0 }, 'guest'));
  const customer = () => (ofAnybody().isUser ? { id: exampleUser.id, name: exampleUser.name } : null);
  return {
    activeCustomer: customer,
    activeOrder: () => (ofAnybody().quantity > 0 ? ofAnybody() : null),
    addItemToOrder() {
      ofAnybody().quantity++;
      return ofAnybody();
    },
    updateCustomer({ name }: { name: string }) {
      if (session?.isUser) return { id: exampleUser.id, name };
      throw new GraphQLError('You are not currently authorized to perform this action', {
        extensions: { code: 'FORBIDDEN' },
      });
    },
    login({ username, password }: { username: string; password: string }) {
      if (username !== exampleUser.email || password !== exampleUser.password)
        return {
          __typename: 'InvalidCredentialsError',
          errorCode: 'INVALID_CREDENTIALS_ERROR',
          message: 'The provided credentials are invalid',
        };
      begin({ isUser: true, quantity: session?.quantity ?? 0 }, 'user');
      return { __typename: 'CurrentUser', id: exampleUser.id, identifier: username };
    },
    logout() {
      issued.useUp(sent);
      return { success: true };
    },
  };
}
