import { type DocumentNode, getOperationAST, Kind, parse, type SelectionSetNode } from 'graphql';

/** One GraphQL operation of a request. */
export interface Operation {
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly fields: readonly RootField[];
}

export interface RootField {
  readonly name: string;
  /** The name in the result: the alias, if there is one. */
  readonly key: string;
  readonly line: number;
  readonly column: number;
}

export interface Operations {
  /** Empty when the request has no readable operation. */
  readonly list: readonly Operation[];
  /** Whether the request is an array of operations, which is answered by an array. */
  readonly batched: boolean;
}

interface Params {
  query?: unknown;
  operationName?: unknown;
  extensions?: { persistedQuery?: { sha256Hash?: string } };
}

/**
 * Reads the operations of a GraphQL request: GET, JSON, a batch, an upload, or a persisted query by its hash.
 *
 * @param persisted - documents by their SHA-256. @defaultValue none
 */
export async function readOperations(
  request: Request,
  persisted: ReadonlyMap<string, string> = new Map(),
): Promise<Operations> {
  try {
    const params = await readParams(request.clone());
    const batched = Array.isArray(params);
    const list = (batched ? params : [params]).flatMap(each => readOperation(each, persisted) ?? []);
    return { list, batched };
  } catch {
    return { list: [], batched: false };
  }
}

async function readParams(request: Request): Promise<Params | Params[]> {
  if (request.method === 'GET') {
    const search = new URL(request.url).searchParams;
    const extensions = search.get('extensions');
    return {
      query: search.get('query'),
      operationName: search.get('operationName'),
      ...(extensions ? { extensions: JSON.parse(extensions) } : {}),
    };
  }
  if (request.headers.get('content-type')?.startsWith('multipart/form-data')) {
    const operations = (await request.formData()).get('operations');
    return JSON.parse(typeof operations === 'string' ? operations : '');
  }
  return JSON.parse(await request.text());
}

function readOperation(params: Params, persisted: ReadonlyMap<string, string>): Operation | undefined {
  const query = params.query ?? persisted.get(params.extensions?.persistedQuery?.sha256Hash ?? '');
  if (typeof query !== 'string') return undefined;
  const document = parse(query);
  const name = typeof params.operationName === 'string' && params.operationName ? params.operationName : undefined;
  const operation = getOperationAST(document, name);
  return operation ? { kind: operation.operation, fields: rootFields(operation.selectionSet, document) } : undefined;
}

function rootFields(selectionSet: SelectionSetNode, document: DocumentNode): RootField[] {
  return selectionSet.selections.flatMap(selection => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFields(selection.selectionSet, document);
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = document.definitions.find(
        definition => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
      );
      return fragment && 'selectionSet' in fragment && fragment.selectionSet
        ? rootFields(fragment.selectionSet, document)
        : [];
    }
    const { line, column } = selection.loc?.startToken ?? { line: 1, column: 1 };
    const name = selection.name.value;
    return [{ name, key: selection.alias?.value ?? name, line, column }];
  });
}
