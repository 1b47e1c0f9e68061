/**
 * The sockets of a client. A socket is in its state from the wait for its token set to its end, but not while it only answers
 * what it was asked before it was replaced.
 */
export type ConnectionState<Socket> =
  | { readonly status: 'idle'; readonly socket?: undefined; readonly next?: undefined }
  | { readonly status: 'opening'; readonly socket?: undefined; readonly next: Socket }
  | { readonly status: 'open'; readonly socket: Socket; readonly next?: undefined }
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

/** The state with these sockets. */
function stateOf<Socket>(socket?: Socket, next?: Socket, isStale = false): ConnectionState<Socket> {
  if (socket) return next ? { status: 'replacing', socket, next, isStale } : { status: 'open', socket };
  return next ? { status: 'opening', next } : { status: 'idle' };
}

/** The next state; the same object where nothing changes. Pure. */
export function transition<Socket>(
  state: ConnectionState<Socket>,
  event: ConnectionEvent<Socket>,
): ConnectionState<Socket> {
  const { socket, next, status } = state;
  const isStale = status === 'replacing' && state.isStale;
  if (event.type === 'released') return status === 'idle' ? state : stateOf();
  if (event.type === 'needed') return status === 'idle' ? stateOf(undefined, event.next) : state;
  if (event.type === 'acknowledged') return event.socket === next ? stateOf(next) : state;
  if (event.type === 'outdated') {
    const isNews = event.socket === socket && (!next || (event.isStale && !isStale));
    return isNews ? stateOf(socket, next ?? event.next, event.isStale) : state;
  }
  if (event.socket === next) return stateOf(socket, event.next, isStale);
  return event.socket === socket ? stateOf(undefined, next ?? event.next) : state;
}
