import type { ApiName } from '../src/apiTexts.ts';

export const clients = ['Apollo Client', 'urql'] as const;

interface Choice {
  readonly name: ApiName;
  readonly title: string;
  readonly user: string;
  /** The name of the user at the API. @defaultValue that of `user` */
  readonly owner?: string;
  /** How an expired token is renewed: by one token request, or by the response of the API itself. */
  readonly renewedBy: 'request' | 'response';
  /** Whether a sign-in may return a token that was issued before. */
  readonly sharesToken?: boolean;
  /** Whether a reload restores the session. */
  readonly outlivesReload: boolean;
}

/** The page's choices, and the expected behaviour of each. */
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
  { name: 'toggle', title: 'Toggle', user: 'Till Sander', renewedBy: 'response', outlivesReload: false },
  { name: 'cookie', title: 'Cookie', user: 'Mara Quill', renewedBy: 'request', outlivesReload: true },
];

/** The change of the server's counters for this number of operations with an expired token. */
export const costOf = ({ renewedBy }: Choice, operations: number): { refused: number; tokenRequests: number } =>
  renewedBy === 'response' ? { refused: 0, tokenRequests: 0 } : { refused: operations, tokenRequests: 1 };
