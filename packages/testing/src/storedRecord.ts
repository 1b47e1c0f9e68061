import type { TokenRecord } from '@latchkey/core/adapter';
import { stampOf } from './stampOf.ts';

/** What a plain place holds of a session that has just begun: its tokens, and its stamp. */
export const storedRecord = (accessToken: string): TokenRecord & { readonly stamp: string } => ({
  v: 1,
  stamp: stampOf({ epoch: Date.now() }),
  receivedAt: Date.now(),
  accessToken,
});
