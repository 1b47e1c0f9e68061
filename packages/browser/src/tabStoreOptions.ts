import { tokenError } from '@latchkey/core/adapter';

export interface TabStoreOptions {
  /** How long a tab that does not answer is waited for, in milliseconds, before all are asked; then so long again. @defaultValue 250 */
  readonly askMs?: number;
  /**
   * How long a token request whose tab has vanished is given to set its cookie, in milliseconds from its start; at most
   * `renewTimeoutMs`. @defaultValue 3000
   */
  readonly lostExchangeMs?: number;
}

const sessionName = /^\S{1,64}$/;

const isTime = (value: unknown) => value === undefined || (Number.isFinite(value) && (value as number) >= 0);

/** The name is a part of names of locks, of a channel and of stored items. @throws TokenError `misconfigured` */
export function checkOptions(name: string, { askMs, lostExchangeMs }: TabStoreOptions): void {
  if (!isTime(askMs) || !isTime(lostExchangeMs))
    throw tokenError(
      'misconfigured',
      () =>
        process.env.NODE_ENV !== 'production' &&
        'Options "askMs" and "lostExchangeMs" of a store are milliseconds. Leave them out for the defaults.',
    );
  if (typeof name === 'string' && sessionName.test(name)) return;
  throw tokenError(
    'misconfigured',
    () =>
      process.env.NODE_ENV !== 'production' &&
      "The name of a store must have 1 to 64 characters and no space. Pass one per session: tabStore('session').",
  );
}
