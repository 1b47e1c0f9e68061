import type { ApiName } from '../src/apiTexts.ts';

export const clients = ['Apollo Client', 'urql'] as const;

interface Choice {
  readonly name: ApiName;
  readonly title: string;
  readonly user: string;
  /** Who the API says is asking. @defaultValue the user */
  readonly owner?: string;
  /** Who renews a dead token: somebody asks the auth server once, or the API itself brings the next one unasked. */
  readonly renewedBy: 'request' | 'answer';
  /** Whether a user who signs in may get a token that is there already. */
  readonly sharesToken?: boolean;
  /** Whether a reload finds the session again. */
  readonly outlivesReload: boolean;
}

/** The page's choices, and what is to be seen there. */
export const choices: readonly Choice[] = [
  { name: 'oli', title: 'OLI', user: 'Mara Quill', renewedBy: 'request', outlivesReload: false },
  {
    name: 'collectiveaccess',
    title: 'CollectiveAccess',
    user: 'Ina Harrow',
    renewedBy: 'request',
    outlivesReload: false,
  },
  { name: 'realitems', title: 'Real Items', user: 'Sena Bright', renewedBy: 'request', outlivesReload: true },
  {
    name: 'altrata',
    title: 'Altrata',
    user: 'Pia Dorn',
    owner: 'Import Service',
    sharesToken: true,
    renewedBy: 'request',
    outlivesReload: true,
  },
  { name: 'toggle', title: 'Toggle', user: 'Till Sander', renewedBy: 'answer', outlivesReload: false },
  { name: 'cookie', title: 'Cookie', user: 'Mara Quill', renewedBy: 'request', outlivesReload: true },
];

/** What so many operations with a dead token come to, by the server's own counters. */
export const costOf = ({ renewedBy }: Choice, operations: number): { refused: number; tokenRequests: number } =>
  renewedBy === 'answer' ? { refused: 0, tokenRequests: 0 } : { refused: operations, tokenRequests: 1 };
