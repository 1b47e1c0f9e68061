import { createStore } from '../src/store/createStore.ts';
import type { Entry, Hold, Place, StoreCall, StoreHost } from '../src/store/place.ts';
import type { Store } from '../src/store/sessionStore.ts';
import { beginningAfter, renewalAfter } from '../src/store/stamp.ts';
import type { TokenRecord } from '../src/store/tokenRecord.ts';
import {
  type Options,
  outcome,
  recordA,
  type ScriptedProvider,
  scriptedProvider,
  stampOf,
} from './scriptedProvider.ts';

/** The entry of the token `A`, or of another one. */
export function entryOf(fields: Partial<TokenRecord> = {}, stamp: string = stampOf()): Entry {
  const { stamp: _, ...record } = recordA();
  return { stamp, record: { ...(record as TokenRecord), ...fields } };
}

const B = { accessToken: 'B', refreshToken: 'rB' };

/** What another process saves when it has renewed this entry. */
export const renewed = (entry: Entry | undefined, fields: Partial<TokenRecord> = B): Entry =>
  entryOf({ ...entry?.record, ...fields }, renewalAfter(entry?.stamp ?? stampOf(), Date.UTC(2026, 10, 22)));

/** What another process saves when somebody has signed in or out there. */
export const after = (entry: Entry | undefined, record: Partial<TokenRecord> | null): Entry => {
  const stamp = beginningAfter(entry?.stamp, Date.UTC(2026, 10, 22));
  return record ? entryOf(record, stamp) : { stamp, record };
};

/** A place that compares as it saves, shared by all managers that have its store; the test breaks it. */
export interface ScriptedPlace {
  readonly store: Store;
  /** Of the managers, in the order of their construction. */
  readonly hosts: StoreHost[];
  entry: Entry | undefined;
  /** What happened, in order: `load`, `save …`, `in`, `out`, `close`. */
  readonly log: string[];
  /** Calls of these kinds reject. */
  readonly gone: Set<StoreCall>;
  /** Called within `save`, before it compares. */
  beforeSave: (entry: Entry) => unknown;
  /** So many saves keep nothing, and answer `false`. */
  refuses: number;
  /** Whether "nobody is signed in" is an entry. */
  sharesNobody: boolean;
  /** Called before a token set is used. */
  check: (record: TokenRecord) => void;
  /** Whether the lock is missing. */
  hasLock: boolean;
  /** Who holds the lock is answered this. */
  isHeld: () => boolean;
  fence: number | undefined;
  /** Another process holds the lock until this promise has resolved. */
  busy: Promise<unknown>;
  /** To let go of the lock takes until this promise has resolved. */
  releasing: Promise<unknown>;
}

export function scriptedPlace(entry?: Entry): ScriptedPlace {
  let holder: Promise<unknown> = Promise.resolve();
  const check = (doing: StoreCall) => {
    if (place.gone.has(doing)) throw new Error(`The ${doing} is gone.`);
  };
  async function save(next: Entry, over?: string): Promise<boolean> {
    place.log.push(`save ${next.record?.accessToken ?? 'end'}`);
    check('save');
    await place.beforeSave(next);
    if (place.refuses-- > 0) return false;
    const held = place.entry?.stamp ?? '';
    if (next.stamp <= held || (over !== undefined && held > over)) return next.stamp === held;
    place.entry = next;
    return true;
  }
  async function lock(run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> {
    check('lock');
    const aborted = new Promise(resolve => signal.addEventListener('abort', resolve));
    const granted = Promise.all([holder, place.busy]);
    await Promise.race([granted, aborted]);
    if (signal.aborted) return;
    place.log.push('in');
    const { fence } = place;
    holder = run({ isHeld: () => place.isHeld(), ...(fence !== undefined && { fence }) }).then(() => place.releasing);
    await holder;
    place.log.push('out');
  }
  const place: ScriptedPlace = {
    hosts: [],
    entry,
    log: [],
    gone: new Set(),
    beforeSave: () => {},
    refuses: 0,
    sharesNobody: false,
    check() {},
    hasLock: true,
    isHeld: () => true,
    fence: undefined,
    busy: Promise.resolve(),
    releasing: Promise.resolve(),
    store: createStore(host => {
      place.hosts.push(host);
      const connected: Place = {
        async load() {
          place.log.push('load');
          check('load');
          return place.entry;
        },
        save,
        check: record => place.check(record),
        sharesNobody: place.sharesNobody,
        close: () => void place.log.push('close'),
      };
      return place.hasLock ? { ...connected, lock } : connected;
    }),
  };
  return place;
}

export interface Connected extends ScriptedProvider {
  readonly place: ScriptedPlace;
}

/** A manager whose place holds this entry, and that has loaded it. */
export async function connected(options: Options = {}, entry: Entry | undefined = entryOf()): Promise<Connected> {
  const place = scriptedPlace(entry);
  const scripted = scriptedProvider({ store: place.store, ...options });
  await outcome(scripted.auth.get());
  place.log.length = 0;
  return { ...scripted, place };
}

/** Of the first manager. */
export const host = ({ hosts }: ScriptedPlace): StoreHost => hosts[0] as StoreHost;
