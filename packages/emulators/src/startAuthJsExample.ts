import {
  type ExampleRoute,
  type ExampleServer,
  exampleUser,
  graphqlRoute,
  Issued,
  json,
  startExampleServer,
} from './startExampleServer.ts';

const cookie = 'authjs.session-token';
const csrfToken = 'b6f1e3';

/**
 * Auth.js 5: the session is a cookie that no script sees. `GET /api/auth/session` prolongs it and shows the user, or `null`; a
 * sign-in with credentials needs a CSRF token and answers an address, in which a wrong password is a parameter.
 */
export async function startAuthJsExample(): Promise<ExampleServer> {
  const issued = new Issued();
  const setCookie = (value: string) => ({ 'set-cookie': `${cookie}=${value}; Path=/; HttpOnly; SameSite=Lax` });
  const graphql = graphqlRoute({ schema: 'type Query { me: String }', root: () => ({ me: exampleUser.name }) });
  const session: ExampleRoute = ({ cookies }) => {
    if (!issued.isRenewal(cookies[cookie])) return json(null);
    issued.useUp(cookies[cookie]);
    const expires = new Date(Date.now() + 30 * 86_400_000).toISOString();
    const next = issued.renewal(n => `session-${n}`);
    return json({ user: { name: exampleUser.name, email: exampleUser.email }, expires }, 200, setCookie(next));
  };
  return startExampleServer(issued, {
    'GET /api/auth/csrf': () => json({ csrfToken }),
    'GET /api/auth/session': session,
    'POST /api/auth/callback/credentials': ({ json: { email, password, csrfToken: sent } }) => {
      const isRight = email === exampleUser.email && password === exampleUser.password && sent === csrfToken;
      if (!isRight) return json({ url: 'https://app.example/login?error=CredentialsSignin&code=credentials' });
      return json({ url: 'https://app.example/' }, 200, setCookie(issued.renewal(n => `session-${n}`)));
    },
    'POST /api/auth/signout': ({ cookies }) => {
      issued.useUp(cookies[cookie]);
      return json({ url: 'https://app.example/' }, 200, setCookie(''));
    },
    'POST /api/graphql': request =>
      issued.isRenewal(request.cookies[cookie])
        ? graphql(request)
        : json({ errors: [{ message: 'Unauthorized' }] }, 401),
  });
}
