import type { Operation } from '@urql/core';

/** Until its teardown; operations of one key share it. */
export interface Life {
  isOver: boolean;
}

/** Of queries and subscriptions, by key. Mutations share keys, and are not torn down. */
export interface Lives {
  of(operation: Operation): Life;
  end(teardown: Operation): void;
}

/** So many keys stay when their life is over: they often come again, and deleting them would cost more than all else here. */
const mostKept = 1_000;

export function createLives(): Lives {
  const lives = new Map<number, Life>();
  return {
    of({ kind, key }) {
      if (kind === 'mutation') return { isOver: false };
      const known = lives.get(key);
      if (known && !known.isOver) return known;
      const life = { isOver: false };
      lives.set(key, life);
      return life;
    },
    end({ key }) {
      const life = lives.get(key);
      if (!life) return;
      life.isOver = true;
      if (lives.size > mostKept) lives.delete(key);
    },
  };
}
