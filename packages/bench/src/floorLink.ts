import { ApolloLink } from '@apollo/client';
import { Observable, type Subscriber } from 'rxjs';
import type { StubServer } from './createStubServer.ts';

/** The floor of Apollo: one array of refused operations, one renewal, one loop. Aborts and failures are not handled. */
export function floorLink(server: StubServer, signedInWith: string): ApolloLink {
  let token = signedInWith;
  let waiting: (() => void)[] = [];

  async function renew(): Promise<void> {
    token = await server.renew();
    const refused = waiting;
    waiting = [];
    for (const retry of refused) retry();
  }

  function wait(retry: () => void): void {
    if (waiting.push(retry) === 1) void renew();
  }

  function send(
    operation: ApolloLink.Operation,
    forward: ApolloLink.ForwardFunction,
    observer: Subscriber<ApolloLink.Result>,
  ): void {
    operation.setContext({ headers: { authorization: `Bearer ${token}` } });
    forward(operation).subscribe(result => {
      if (result.errors) return wait(() => send(operation, forward, observer));
      observer.next(result);
      observer.complete();
    });
  }

  return new ApolloLink((operation, forward) => new Observable(observer => send(operation, forward, observer)));
}
