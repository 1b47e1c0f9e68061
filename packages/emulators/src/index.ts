export type {
  EmulatorEvent,
  EmulatorEventName,
  RecordedRequest,
  Stats,
  TokenRequestKind,
} from './createJournal.ts';
export type { User } from './createTokenBook.ts';
export type { TokenFailure } from './createTrouble.ts';
export type { CommonKnobs, Emulator, StartOptions } from './emulator.ts';
export type { RefusalShape } from './refusals.ts';
export {
  type CollectiveAccess,
  type CollectiveAccessKnobs,
  startCollectiveAccess,
} from './startCollectiveAccess.ts';
export { type Oli, type OliKnobs, startOli } from './startOli.ts';
