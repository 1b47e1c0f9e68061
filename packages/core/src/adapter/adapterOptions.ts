import type { SettleOptions } from '../verdict/decide.ts';

/** What every adapter is told, beside the token manager. */
export interface AdapterOptions extends Omit<SettleOptions, 'signal'> {
  /** The origins that may have the token; operations that go elsewhere pass untouched. @defaultValue all */
  readonly origins?: readonly string[] | undefined;
}

/**
 * What one operation wants of the token, in the client's own context: `omit`, nothing; `optional`, it goes along when there
 * is one; `required`, the operation fails with `signedOut` when there is none. An anonymous operation that is refused is
 * delivered untouched.
 *
 * @defaultValue 'optional'
 */
export type AuthChoice = 'omit' | 'optional' | 'required';
