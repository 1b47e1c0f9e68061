import type { User } from '@latchkey/emulators';
import { type ComponentProps, type SubmitEvent, useEffect, useState } from 'react';
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

const noCredentials: Credentials = { username: '', password: '' };

export function SignIn({ api: { auth, texts }, server, hasEnded }: SignInProps) {
  const [users, setUsers] = useState<readonly User[]>([]);
  const [credentials, setCredentials] = useState(noCredentials);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState('');

  useEffect(() => {
    server.users().then(
      found => {
        setUsers(found);
        setCredentials(found[0] ?? noCredentials);
      },
      () => setError('The server of this page does not respond. Is it still running?'),
    );
  }, [server]);

  async function signIn(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isBusy) return;
    setError('');
    setBusy(true);
    const { username, password } = credentials;
    await auth.signIn({ username, password }).catch((reason: unknown) => setError(signInSentenceFor(reason, texts)));
    setBusy(false);
  }

  return (
    <article className="sign-in">
      {hasEnded && (
        <p role="alert" className="notice">
          Your session has ended and could not be renewed. Please sign in again.
        </p>
      )}
      <FocusHeading>Sign in</FocusHeading>
      <form onSubmit={event => void signIn(event)}>
        <UserList users={users} username={credentials.username} onChoose={setCredentials} />
        <Field
          label="User name"
          autoComplete="username"
          value={credentials.username}
          onChange={({ target }) => setCredentials({ ...credentials, username: target.value })}
        />
        <Field
          label="Password"
          type="password"
          autoComplete="current-password"
          value={credentials.password}
          onChange={({ target }) => setCredentials({ ...credentials, password: target.value })}
        />
        <button type="submit" aria-busy={isBusy}>
          Sign in
        </button>
        {error && <p role="alert">{error}</p>}
      </form>
      {texts.hiding && <HideSwitch server={server} label={texts.hiding} />}
    </article>
  );
}

interface UserListProps {
  readonly users: readonly User[];
  readonly username: string;
  readonly onChoose: (credentials: Credentials) => void;
}

function UserList({ users, username, onChoose }: UserListProps) {
  return (
    <label>
      Demo user
      <select
        value={username}
        onChange={({ target }) => onChoose(users.find(user => user.username === target.value) ?? noCredentials)}
      >
        {users.map(user => (
          <option key={user.username} value={user.username}>
            {user.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Field({ label, ...input }: ComponentProps<'input'> & { readonly label: string }) {
  return (
    <label>
      {label}
      <input required {...input} />
    </label>
  );
}
