import {
  type ExampleServer,
  exampleJwt,
  exampleUser,
  graphqlRoute,
  Issued,
  json,
  startExampleServer,
} from './startExampleServer.ts';

const cookie = 'better-auth.session_token';
const lifetimeS = 900;

/**
 * Better Auth with its JWT plugin: the session is a cookie, and `GET /api/auth/token` answers an access token for other APIs, for
 * 15 minutes, as long as the session is on.
 */
export async function startBetterAuthExample(): Promise<ExampleServer> {
  const issued = new Issued();
  const setCookie = (value: string) => ({ 'set-cookie': `${cookie}=${value}; Path=/; HttpOnly; SameSite=Lax` });
  const user = { id: exampleUser.id, email: exampleUser.email, name: exampleUser.name };
  const token = () => {
    const exp = Math.floor(Date.now() / 1000) + lifetimeS;
    return issued.access(n => exampleJwt({ sub: user.id, exp, n }));
  };
  const graphql = graphqlRoute({ schema: 'type Query { me: String }', root: () => ({ me: user.name }) });
  return startExampleServer(issued, {
    'POST /api/auth/sign-in/email': ({ json: { email, password } }) => {
      if (email !== user.email || password !== exampleUser.password)
        return json({ code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' }, 401);
      return json({ redirect: false, user }, 200, setCookie(issued.renewal(n => `session-${n}`)));
    },
    'GET /api/auth/token': ({ cookies }) =>
      issued.isRenewal(cookies[cookie]) ? json({ token: token() }) : json({ code: 'UNAUTHORIZED' }, 401),
    'POST /api/auth/sign-out': ({ cookies }) => {
      issued.useUp(cookies[cookie]);
      return json({ success: true }, 200, setCookie(''));
    },
    'POST /graphql': request =>
      issued.isAccess(request.headers.authorization?.replace('Bearer ', ''))
        ? graphql(request)
        : json({ errors: [{ message: 'Unauthorized', extensions: { code: 'UNAUTHENTICATED' } }] }, 401),
  });
}
