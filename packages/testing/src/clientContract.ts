import { beforeEach } from 'vitest';
import type { Adapter } from './adapter.ts';
import { adapterContract } from './adapterContract.ts';
import { statusContract } from './statusContract.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Whose fact a test of the contract shows. */
    adapter?: Pick<Adapter, 'name' | 'version'>;
  }
}

/** The whole contract over one adapter. */
export function clientContract(adapter: Adapter): void {
  const { name, version } = adapter;
  beforeEach(({ task }) => {
    task.meta.adapter = { name, version };
  });
  adapterContract(adapter);
  statusContract(adapter);
}
