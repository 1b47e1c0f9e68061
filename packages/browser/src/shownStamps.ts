import type { Stamp } from '@latchkey/core/adapter';
import { isStamp } from '@latchkey/core/adapter';

/** The newest stamp that another tab has. */
export interface ShownStamp {
  readonly stamp: Stamp;
  readonly tab: string;
  /** It is of the end of a session. */
  readonly isEnd: boolean;
}

/**
 * Which entry each tab has, as the name of a shared lock that it holds. Grants and queries of locks are ordered; messages and
 * locks are not. The name has a stamp, no token.
 */
export class ShownStamps {
  readonly #locks: LockManager;
  readonly #prefix: string;
  readonly #tab: string;
  #letGo = () => {};
  #isHidden = false;

  /** @param prefix - what the names begin with */
  constructor(locks: LockManager, prefix: string, tab: string) {
    this.#locks = locks;
    this.#prefix = `${prefix} `;
    this.#tab = tab;
  }

  /** Resolves when others see the stamp; only then the one before is withdrawn. Rejects where there are no locks. */
  show(stamp: Stamp, isEnd: boolean): Promise<void> {
    if (this.#isHidden) return Promise.resolve();
    const before = this.#letGo;
    const withdrawn = new Promise<void>(resolve => {
      this.#letGo = resolve;
    });
    const name = `${this.#prefix}${stamp} ${this.#tab}${isEnd ? ' end' : ''}`;
    return new Promise((resolve, reject) => {
      const granted = () => {
        before();
        resolve();
        return withdrawn;
      };
      this.#locks.request(name, { mode: 'shared' }, granted).catch(reject);
    });
  }

  /** Withdraws the stamp until `unhide`: a page that holds a lock leaves the back/forward cache when another tab queries. */
  hide(): void {
    this.#isHidden = true;
    this.#letGo();
  }

  unhide(): void {
    this.#isHidden = false;
  }

  /** The greatest stamp that another tab shows. Rejects where there are no locks. */
  async greatest(isPlausible: (stamp: Stamp) => boolean): Promise<ShownStamp | undefined> {
    const { held = [] } = await this.#locks.query();
    let greatest: ShownStamp | undefined;
    for (const { name = '' } of held) {
      if (!name.startsWith(this.#prefix)) continue;
      const [stamp, tab = '', end] = name.slice(this.#prefix.length).split(' ');
      if (tab === this.#tab || !isStamp(stamp) || !isPlausible(stamp)) continue;
      if (!greatest || stamp > greatest.stamp) greatest = { stamp, tab, isEnd: end === 'end' };
    }
    return greatest;
  }
}
