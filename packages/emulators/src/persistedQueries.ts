import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Automatic persisted queries: the first request has only the hash, the second also the document.
 *
 * @param documents - by their SHA-256; documents that arrive are added
 */
export function persistedQueries(documents: Map<string, string>): Plugin {
  return {
    onParams({ params, setParams }) {
      const hash: unknown = params.extensions?.persistedQuery?.sha256Hash;
      if (typeof hash !== 'string') return;
      if (params.query) documents.set(hash, params.query);
      const query = documents.get(hash);
      if (!query) throw notFound();
      setParams({ ...params, query });
    },
  };
}

const notFound = () =>
  new GraphQLError('PersistedQueryNotFound', { extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } });
