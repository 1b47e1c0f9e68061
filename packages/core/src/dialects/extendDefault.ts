import { type Dialect, defaultDialect } from '../verdict/dialect.ts';

// Each call of these is marked as pure, because a spread at the top of a module is not: bundlers drop the rows that nobody imports.

/** The default dialect with other fields. */
export const extendDefault = (fields: Partial<Dialect>): Dialect => ({ ...defaultDialect, ...fields });

/** The codes of the default dialect, and more. */
export const addCodes = (codes: Dialect['codes']): Dialect['codes'] => ({ ...defaultDialect.codes, ...codes });

/** The messages of the default dialect, and more. */
export const addMessages = (messages: Dialect['messages']): Dialect['messages'] => ({
  ...defaultDialect.messages,
  ...messages,
});
