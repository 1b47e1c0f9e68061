import { useId, useState } from 'react';
import type { ClientName } from './createJournal.ts';
import type { Item } from './documents.ts';
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

/** What both clients' panels look like. */
export function ClientPanel({ name, items, query, burst, mutate, stream, follow }: ClientPanelProps) {
  const title = useId();
  const [said, say] = useState('Nothing asked yet.');

  async function run(action: () => Promise<string>) {
    say('Waiting…');
    say(await action().catch(sentenceFor));
  }

  return (
    <article aria-labelledby={title}>
      <h3 id={title}>{name}</h3>
      <div className="buttons">
        <button
          type="button"
          className="quiet"
          onClick={() => void run(() => query().then(() => 'The query was answered.'))}
        >
          Query
        </button>
        <button type="button" className="quiet" onClick={() => void run(async () => sentenceForBurst(await burst()))}>
          25 at once
        </button>
        <button
          type="button"
          className="quiet"
          onClick={() => void run(async () => `The counter now says ${await mutate()}.`)}
        >
          Mutation
        </button>
        <button
          type="button"
          className="quiet"
          aria-pressed={stream.isFollowing}
          onClick={() => follow(!stream.isFollowing)}
        >
          {stream.isFollowing ? 'Stop following' : 'Follow'}
        </button>
      </div>
      <p role="status">{said}</p>
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
