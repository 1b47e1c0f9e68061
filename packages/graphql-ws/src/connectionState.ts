/**
 * The sockets of a client. A socket is in its state from the wait for its token set to its end, but not while it only answers
 * what it was asked before it was replaced.
 */
export type ConnectionState<Socket> =
  | { readonly status: 'idle' }
  | { readonly status: 'opening'; readonly next: Socket }
  | { readonly status: 'open'; readonly socket: Socket }
  | {
      readonly status: 'replacing';
      readonly socket: Socket;
      readonly next: Socket;
      /** Its token set is refused, or of nobody: no operation is started on it any more. */
      readonly isStale: boolean;
    };

export type ConnectionEvent<Socket> =
  /** There is an operation. */
  | { readonly type: 'needed'; readonly next: Socket }
  | { readonly type: 'acknowledged'; readonly socket: Socket }
  /** The socket in use should have another token set. */
  | { readonly type: 'outdated'; readonly socket: Socket; readonly next: Socket; readonly isStale: boolean }
  /** A socket has ended, or could not be opened. `next` takes its place, where there is one. */
  | { readonly type: 'ended'; readonly socket: Socket; readonly next?: Socket | undefined }
  /** There is no operation any more. */
  | { readonly type: 'released' };

/** The next state; the same object where nothing changes. Pure. */
export function transition<Socket>(
  state: ConnectionState<Socket>,
  event: ConnectionEvent<Socket>,
): ConnectionState<Socket> {
  switch (event.type) {
    case 'needed':
      return state.status === 'idle' ? { status: 'opening', next: event.next } : state;
    case 'acknowledged':
      return nextOf(state) === event.socket ? { status: 'open', socket: event.socket } : state;
    case 'outdated':
      return outdated<Socket>(state, event);
    case 'ended':
      return ended<Socket>(state, event);
    case 'released':
      return state.status === 'idle' ? state : { status: 'idle' };
  }
}

/** The socket that is in use. */
export const socketOf = <Socket>(state: ConnectionState<Socket>): Socket | undefined =>
  'socket' in state ? state.socket : undefined;

/** The socket that is being opened. */
export const nextOf = <Socket>(state: ConnectionState<Socket>): Socket | undefined =>
  'next' in state ? state.next : undefined;

function outdated<Socket>(
  state: ConnectionState<Socket>,
  { socket, next, isStale }: ConnectionEvent<Socket> & { readonly type: 'outdated' },
): ConnectionState<Socket> {
  if (socketOf(state) !== socket) return state;
  if (state.status === 'open') return { status: 'replacing', socket, next, isStale };
  return state.status === 'replacing' && isStale && !state.isStale ? { ...state, isStale } : state;
}

function ended<Socket>(
  state: ConnectionState<Socket>,
  { socket, next }: ConnectionEvent<Socket> & { readonly type: 'ended' },
): ConnectionState<Socket> {
  if (nextOf(state) === socket) {
    if (state.status === 'replacing') return next ? { ...state, next } : { status: 'open', socket: state.socket };
    return next ? { status: 'opening', next } : { status: 'idle' };
  }
  if (socketOf(state) !== socket) return state;
  const opening = next ?? nextOf(state);
  return opening ? { status: 'opening', next: opening } : { status: 'idle' };
}
