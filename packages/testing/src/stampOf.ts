import type { Stamp } from '@latchkey/core/adapter';

/** What a stamp consists of, from the greatest weight to the least. */
export interface StampParts {
  readonly epoch: number;
  readonly by?: number;
  readonly version?: number;
  readonly received?: number;
  readonly write?: number;
}

/** A stamp as the core makes it: decimal digits of fixed width. */
export const stampOf = ({ epoch, by = 1, version = 0, received = 0, write = 0 }: StampParts): Stamp =>
  [[epoch, 15] as const, [by, 10] as const, [version, 15] as const, [received, 5] as const, [write, 10] as const]
    .map(([part, width]) => String(part).padStart(width, '0'))
    .join('-');
