import type { ServerResponse } from 'node:http';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { authLink } from '@latchkey/apollo';
import { expect, test } from 'vitest';
import type { Answer } from './adapter.ts';
import { adapters } from './adapters.ts';
import { startServer } from './startServer.ts';

const refused = { errors: [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }] };
const events = [1, 2].map(n => ({ data: { n } }));

test.for(adapters.filter(adapter => adapter.hasSubscriptions))(
  'B93 $name: a stream that stays open after its refusal is closed, and its later events open no further stream',
  async adapter => {
    const streams: ServerResponse[] = [];
    const send = (stream: ServerResponse, event: object) =>
      stream.write(`event: next\ndata: ${JSON.stringify(event)}\n\n`);
    await using server = await startServer((_, response) => {
      streams.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
      const [old] = streams;
      if (!old || old === response) return send(response, refused);
      const finish = () => {
        for (const event of events) send(response, event);
        response.end('event: complete\ndata:\n\n');
      };
      for (const event of events) send(old, event);
      if (old.closed || streams.length > 2) finish();
      else old.once('close', finish);
    });
    const answers: Answer[] = [];
    await new Promise<void>(complete => {
      const client = adapter.connect(server.auth, { url: server.url });
      client.watch('subscription { n }', { next: answer => answers.push(answer), complete });
    });
    expect(answers).toEqual(events);
    expect(server.sent).toEqual(['token-0', 'token-1']);
  },
);

test('B93 a multipart subscription of HttpLink that is refused at its start and after data is one stream', async () => {
  const streams: ServerResponse[] = [];
  await using server = await startServer((_, response) => {
    const type = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0';
    const send = (payload: object) =>
      response.write(`\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(payload)}\r\n--graphql`);
    streams.push(response.writeHead(200, { 'content-type': type }));
    response.write('--graphql');
    if (streams.length === 1) send({ payload: null, ...refused });
    if (streams.length === 1) return response.end('--');
    for (const event of events) send({ payload: event });
    send({}); // a heartbeat
    if (streams.length === 2) return send({ payload: { data: { n: null }, ...refused } });
    return response.end('--');
  });
  const link = ApolloLink.from([authLink(server.auth), new HttpLink({ uri: server.url })]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const results: unknown[] = [];
  await new Promise<void>((complete, error) => {
    const next = (result: { data?: unknown; error?: unknown }) => results.push(result);
    client.subscribe({ query: gql`subscription { n }` }).subscribe({ next, error, complete });
  });
  expect(results).toEqual([...events, ...events].map(({ data }) => ({ data, error: undefined })));
  expect(server.sent).toEqual(['token-0', 'token-1', 'token-2']);
  expect(server.renewals()).toBe(2);
  await expect.poll(() => streams.map(({ closed }) => closed)).toEqual([true, true, true]);
});
