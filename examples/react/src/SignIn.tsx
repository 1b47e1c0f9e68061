import type { User } from '@latchkey/emulators';
import { type SubmitEvent, useEffect, useState } from 'react';
import type { Api } from './apis.ts';
import type { Credentials } from './appSession.ts';
import type { DemoServer } from './demoServer.ts';
import { FocusHeading } from './FocusHeading.tsx';
import { HideSwitch } from './HideSwitch.tsx';
import { signInSentenceFor } from './sentences.ts';

interface SignInProps {
  readonly api: Api;
  readonly server: DemoServer;
  readonly hasEnded: boolean;
}

const nobody: Credentials = { username: '', password: '' };

export function SignIn({ api: { auth, texts }, server, hasEnded }: SignInProps) {
  const [users, setUsers] = useState<readonly User[]>([]);
  const [credentials, setCredentials] = useState(nobody);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  useEffect(() => {
    server.users().then(
      found => {
        setUsers(found);
        setCredentials(found[0] ?? nobody);
      },
      () => setProblem('The server of this page is not answering. Is it still running?'),
    );
  }, [server]);

  async function signIn(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isBusy) return;
    setProblem('');
    setBusy(true);
    const { username, password } = credentials;
    await auth.signIn({ username, password }).catch((error: unknown) => setProblem(signInSentenceFor(error, texts)));
    setBusy(false);
  }

  return (
    <article className="sign-in">
      {hasEnded && (
        <p role="alert" className="notice">
          Your session has ended: nothing could renew it. Please sign in again.
        </p>
      )}
      <FocusHeading>Sign in</FocusHeading>
      <form onSubmit={event => void signIn(event)}>
        <label>
          Demo user
          <select
            value={credentials.username}
            onChange={({ target }) => setCredentials(users.find(({ username }) => username === target.value) ?? nobody)}
          >
            {users.map(({ username, name }) => (
              <option key={username} value={username}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          User name
          <input
            autoComplete="username"
            required
            value={credentials.username}
            onChange={({ target }) => setCredentials({ ...credentials, username: target.value })}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            autoComplete="current-password"
            required
            value={credentials.password}
            onChange={({ target }) => setCredentials({ ...credentials, password: target.value })}
          />
        </label>
        <button type="submit" aria-busy={isBusy}>
          Sign in
        </button>
        {problem && <p role="alert">{problem}</p>}
      </form>
      {texts.hiding && <HideSwitch server={server} label={texts.hiding} />}
    </article>
  );
}
