import { createTokenManager, type TokenManager } from '@latchkey/core';
import { collectiveAccess } from '@latchkey/providers/collectiveAccess';
import { oli } from '@latchkey/providers/oli';
import { toggle } from '@latchkey/providers/toggle';
import type { Addresses } from './addresses.ts';
import { type ApiName, type ApiTexts, apiTexts } from './apiTexts.ts';
import { appSession, type Credentials } from './appSession.ts';

/** One of the page's choices: an API and its token manager. */
export interface Api {
  readonly name: ApiName;
  readonly texts: ApiTexts;
  /** The GraphQL endpoint. */
  readonly url: string;
  readonly auth: TokenManager<Credentials>;
  /** The endpoint for the name of the user, where only the app knows it. */
  readonly userUrl?: string;
  /** The base URL of the demonstration's controls. */
  readonly demoUrl: string;
}

export function createApis(addresses: Addresses): readonly Api[] {
  const { oli: oliAddress, collectiveaccess, toggle: toggleAddress } = addresses;
  const at = (path: string) => new URL(path, addresses.app).href;
  const rest = (name: ApiName) => ({ name, texts: apiTexts[name], demoUrl: at(`/demo/${name}/`) });
  return [
    {
      ...rest('oli'),
      url: oliAddress.url,
      auth: createTokenManager(oli({ tokenUrl: oliAddress.tokenUrl, clientId: 'apiclient' })),
    },
    {
      ...rest('collectiveaccess'),
      url: collectiveaccess.url,
      auth: createTokenManager(collectiveAccess({ authUrl: collectiveaccess.authUrl })),
    },
    {
      ...rest('realitems'),
      url: at('/realitems/graphql'),
      auth: createTokenManager(appSession(at('/realitems/session'), 'realitems')),
    },
    {
      ...rest('altrata'),
      url: at('/altrata/graphql'),
      userUrl: at('/altrata/session/user'),
      auth: createTokenManager({ ...appSession(at('/altrata/session'), 'altrata'), exclusive: true }),
    },
    {
      ...rest('toggle'),
      url: toggleAddress.url,
      auth: createTokenManager(toggle(toggleAddress)),
    },
    {
      ...rest('cookie'),
      url: at('/cookie/graphql'),
      auth: createTokenManager(appSession(at('/cookie/session'), 'cookie')),
    },
  ];
}
