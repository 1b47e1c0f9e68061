import {
  type ExampleServer,
  exampleUser,
  graphqlRoute,
  Issued,
  json,
  startExampleServer,
} from './startExampleServer.ts';

/** An auth server of an application's own: REST, with names of its own, next to a GraphQL API. */
export async function startRestExample(): Promise<ExampleServer> {
  const issued = new Issued();
  const session = () =>
    json({ jwt: issued.access(n => `jwt-${n}`), renewal: issued.renewal(n => `renewal-${n}`), validMs: 600_000 });
  const graphql = graphqlRoute({ schema: 'type Query { me: String }', root: () => ({ me: exampleUser.name }) });
  return startExampleServer(issued, {
    'POST /session': ({ json: { name, pass } }) =>
      name === exampleUser.username && pass === exampleUser.password
        ? session()
        : json({ problem: 'wrong_password' }, 422),
    'PUT /session': ({ json: { renewal } }) =>
      issued.useUp(renewal as string) ? session() : json({ problem: 'session_over' }, 410),
    'DELETE /session': ({ json: { renewal } }) => {
      issued.useUp(renewal as string);
      return new Response(null, { status: 204 });
    },
    'POST /graphql': request =>
      issued.isAccess(request.headers['x-token']) ? graphql(request) : json({ problem: 'sign_in' }, 401),
  });
}
