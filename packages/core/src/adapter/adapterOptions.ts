import type { DecideOptions } from '../decide.ts';

/** The options of every adapter. */
export interface AdapterOptions extends DecideOptions {
  /** The origins that may get the token; operations to others pass untouched. @defaultValue all */
  readonly origins?: readonly string[] | undefined;
}

/**
 * Whether an operation carries the token, in the client's own context: `omit`, it does not; `optional`, it does when a user is
 * signed in; `required`, it fails with `signedOut` when nobody is. The refusal of an anonymous operation is delivered.
 *
 * @defaultValue 'optional'
 */
export type AuthChoice = 'omit' | 'optional' | 'required';
