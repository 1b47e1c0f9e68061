import type { FleetActs } from './acts.ts';
import type { FleetMember } from './member.ts';
import type { FleetNetwork } from './network.ts';
import type { FleetOperations } from './operation.ts';
import type { FleetPlace, FleetWorld } from './places.ts';

/** A life, as its happenings and its end see it. */
export interface FleetStage {
  readonly world: FleetWorld;
  readonly place: FleetPlace;
  readonly network: FleetNetwork;
  readonly acts: FleetActs;
  readonly operations: FleetOperations;
  readonly members: readonly FleetMember[];
  /** Whether all use the credentials of one account. */
  readonly isService: boolean;
  join(): FleetMember;
  /** All that happens in the process of a member waits until it goes on. */
  freeze(member: FleetMember, ms: number): void;
  kill(member: FleetMember): void;
  /** Its answers that are on their way are still saved. */
  dispose(member: FleetMember): void;
  /** An operation of a member, when it is awake. */
  operate(member: FleetMember, bringsToken?: boolean): void;
}
