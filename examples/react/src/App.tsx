import { useState } from 'react';
import { ApiChoice } from './ApiChoice.tsx';
import { ApiPage } from './ApiPage.tsx';
import type { Api } from './apis.ts';
import { createJournal } from './createJournal.ts';

export function App({ apis }: { readonly apis: readonly Api[] }) {
  const [journals] = useState(() => apis.map(({ auth }) => createJournal(auth)));
  const [chosen, choose] = useState(0);
  const api = apis[chosen];
  const journal = journals[chosen];

  return (
    <>
      <header>
        <h1>Latchkey keeps GraphQL clients signed in</h1>
        <p>
          Two clients share one token manager here. Expire their token, end their session, stop their auth server, and
          see what happens.
        </p>
      </header>
      <main>
        <ApiChoice apis={apis} chosen={chosen} onChoose={choose} />
        {api && journal && <ApiPage key={api.name} api={api} journal={journal} />}
      </main>
      <footer>
        <p>
          The servers behind this page are emulators on your own computer: real HTTP, real signed tokens, made-up
          people.
        </p>
      </footer>
    </>
  );
}
