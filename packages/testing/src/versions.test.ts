import { Client, fetchExchange } from '@urql/core';
import { version } from 'graphql';
import { expect, inject, test } from 'vitest';
import { apollo3Adapter } from './apollo3Adapter.ts';
import { apolloAdapter } from './apolloAdapter.ts';

declare module 'vitest' {
  interface ProvidedContext {
    versions: string;
  }
}

test('the versions are those in the name of the project', async () => {
  const versions = inject('versions');
  expect(version).toMatch(versions.includes('graphql 17') ? /^17\./ : /^16\./);
  expect(apolloAdapter.version).toMatch(versions.includes('Apollo Client 4.0') ? /^4\.0\./ : /^4\.3\./);
  expect(apollo3Adapter.version).toMatch(versions.includes('Apollo Client 3.11') ? /^3\.11\./ : /^3\.14\./);
  const methods: unknown[] = [];
  const watching: typeof fetch = async (_, init) => {
    methods.push(init?.method);
    return Response.json({ data: {} });
  };
  const client = new Client({ url: 'http://127.0.0.1', exchanges: [fetchExchange], fetch: watching });
  await client.query('{ me { id } }', {}).toPromise();
  expect(methods).toEqual([versions.includes('urql core 5') ? 'POST' : 'GET']); // version 6 prefers GET
});
