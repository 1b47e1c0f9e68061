import type { DecideOptions } from '../decide.ts';

/** The options of every adapter. */
export interface AdapterOptions extends DecideOptions {
  /** The origins that may get the token; operations to others pass untouched. @defaultValue all */
  readonly origins?: readonly string[] | undefined;
}
