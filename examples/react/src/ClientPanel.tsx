import { useId, useState } from 'react';
import type { ClientName } from './createJournal.ts';
import type { Item } from './documents.ts';
import { QuietButton } from './QuietButton.tsx';
import { sentenceFor } from './sentences.ts';
import { type Burst, sentenceForBurst } from './twentyFive.ts';

interface ClientPanelProps {
  readonly name: ClientName;
  readonly items: readonly Item[];
  readonly query: () => Promise<unknown>;
  readonly burst: () => Promise<Burst>;
  readonly mutate: () => Promise<number | null | undefined>;
  readonly stream: Stream;
  readonly follow: (on: boolean) => void;
}

interface Stream {
  readonly isFollowing: boolean;
  readonly events: number;
  readonly error: Error | undefined;
}

/** The panel of one client. */
export function ClientPanel({ name, items, query, burst, mutate, stream, follow }: ClientPanelProps) {
  const title = useId();
  const [status, setStatus] = useState('No operation so far.');

  async function run(action: () => Promise<string>) {
    setStatus('Waiting…');
    setStatus(await action().catch(sentenceFor));
  }

  return (
    <article aria-labelledby={title}>
      <h3 id={title}>{name}</h3>
      <div className="buttons">
        <QuietButton onClick={() => void run(() => query().then(() => 'The query was answered.'))}>Query</QuietButton>
        <QuietButton onClick={() => void run(async () => sentenceForBurst(await burst()))}>25 at once</QuietButton>
        <QuietButton onClick={() => void run(async () => `The counter is now ${await mutate()}.`)}>
          Mutation
        </QuietButton>
        <QuietButton aria-pressed={stream.isFollowing} onClick={() => follow(!stream.isFollowing)}>
          {stream.isFollowing ? 'Stop following' : 'Follow'}
        </QuietButton>
      </div>
      <p role="status">{status}</p>
      <p className="stream">{streamSentence(stream)}</p>
      <ul aria-label={`Items by ${name}`}>
        {items.map(({ id, title: itemTitle, owner }) => (
          <li key={id}>
            {itemTitle} <small>seen by {owner}</small>
          </li>
        ))}
      </ul>
    </article>
  );
}

function streamSentence({ isFollowing, events, error }: Stream): string {
  if (!isFollowing) return 'Not following the subscription.';
  if (error) return sentenceFor(error);
  return `Following: ${events} ${events === 1 ? 'event' : 'events'} so far.`;
}
