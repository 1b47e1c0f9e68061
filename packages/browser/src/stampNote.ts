import { type Entry, isStamp } from '@latchkey/core/adapter';

/**
 * The stamp of the last entry, in localStorage, without its tokens: a page that comes back from the back/forward cache finds no
 * other page that could tell that the session has ended or was renewed.
 */
export class StampNote {
  readonly #key: string;

  constructor(name: string) {
    this.#key = `latchkey.${name} at`;
  }

  write({ stamp, record }: Entry): void {
    try {
      globalThis.localStorage?.setItem(this.#key, record === null ? `${stamp} end` : stamp);
    } catch {
      // full or forbidden: the page asks the other tabs only
    }
  }

  read(): Entry | undefined {
    try {
      const [stamp, end] = globalThis.localStorage?.getItem(this.#key)?.split(' ') ?? [];
      return isStamp(stamp) ? { stamp, record: end === 'end' ? null : undefined } : undefined;
    } catch {
      return undefined;
    }
  }
}
