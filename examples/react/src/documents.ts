import { gql, type TypedDocumentNode } from '@apollo/client';

export interface Item {
  readonly id: string;
  readonly title: string;
  /** The name of the signed-in user. */
  readonly owner: string;
}

type NoVariables = Record<string, never>;

export const meQuery: TypedDocumentNode<{ readonly me: { readonly name: string } | null }, NoVariables> = gql`
  query Me { me { id name } }
`;

export const itemsQuery: TypedDocumentNode<
  { readonly items: readonly Item[] | null },
  { readonly first: number; readonly after: number }
> = gql`
  query Items($first: Int!, $after: Int!) { items(first: $first, after: $after) { id title owner } }
`;

export const bumpMutation: TypedDocumentNode<{ readonly bump: number | null }, NoVariables> = gql`
  mutation Bump { bump }
`;

export const ticksSubscription: TypedDocumentNode<
  { readonly ticks: { readonly n: number; readonly owner: string } },
  NoVariables
> = gql`
  subscription Ticks { ticks(everyMs: 500) { n owner } }
`;
