import type { TokenSet } from '@latchkey/core';
import type { SocketOptions } from '@latchkey/core/adapter';
import type { ClientOptions, ConnectionInitMessage } from 'graphql-ws';

export type Payload = ConnectionInitMessage['payload'];

/** Those of graphql-ws's `createClient`, and ours. */
export interface AuthClientOptions<P extends Payload = Payload>
  extends Omit<ClientOptions<P>, 'url' | 'connectionParams' | keyof SocketOptions>,
    SocketOptions {
  /** Called at each connect with the token set, `null` while nobody is signed in, for servers that take the token in the URL. */
  readonly url: string | ((tokens: TokenSet | null) => string | Promise<string>);
  /** @defaultValue the headers of the token manager; without a token none */
  readonly connectionParams?: P | ((tokens: TokenSet | null) => P | Promise<P>);
  /**
   * When a socket is replaced by one with a newer token set: when the server refuses it, also before its token set expires, or
   * whenever the token set was renewed.
   *
   * @defaultValue 'refusal'
   */
  readonly follow?: 'refusal' | 'expiry' | 'renewal';
  /** `'required'`: no socket while nobody is signed in; operations fail with `signedOut`. @defaultValue 'optional' */
  readonly auth?: 'optional' | 'required';
  /** How long the server may take to open and acknowledge a socket, in milliseconds. @defaultValue 10000: graphql-ws waits for ever */
  readonly connectionAckWaitTimeout?: number;
}
