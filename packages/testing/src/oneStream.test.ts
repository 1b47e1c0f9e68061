import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { Answer } from './adapter.ts';
import { apolloAdapter } from './apolloAdapter.ts';
import { startServer } from './startServer.ts';
import { urqlAdapter } from './urqlAdapter.ts';

const refused = { errors: [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }] };
const events = [1, 2].map(n => ({ data: { n } }));

test.for([apolloAdapter, urqlAdapter])(
  'B93 $name: a refused stream that goes on all the same is closed, and opens no further one',
  async adapter => {
    const streams: ServerResponse[] = [];
    const say = (stream: ServerResponse, event: object) =>
      stream.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
    await using server = await startServer((_, response) => {
      streams.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
      const [old] = streams;
      if (!old || old === response) return say(response, refused);
      const goOn = () => {
        for (const event of events) say(response, event);
        response.end('event: complete\ndata:\n\n');
      };
      for (const event of events) say(old, event);
      if (old.closed || streams.length > 2) goOn();
      else old.once('close', goOn);
    });
    const heard: Answer[] = [];
    await new Promise<void>(end => {
      const client = adapter.connect(server.auth, { url: server.url });
      client.watch('subscription { n }', { answer: answer => heard.push(answer), end });
    });
    expect(heard).toEqual(events);
    expect(server.sent).toEqual(['token-0', 'token-1']);
  },
);
