import type { Client, Event, EventListener } from 'graphql-ws';
import { callSafely } from './callSafely.ts';

type Listener = (...args: unknown[]) => void;
type Given = { readonly [Name in Event]?: EventListener<Name> | undefined };

/** The listeners of a client. One that throws harms neither the socket nor the others. */
export class Listeners {
  readonly #byName: Partial<Record<Event, Listener[]>> = {};

  constructor(given: Given = {}) {
    for (const [name, listener] of Object.entries(given))
      if (listener) this.#byName[name as Event] = [listener as Listener];
  }

  readonly on: Client['on'] = (name, listener) => {
    const added = listener as unknown as Listener;
    this.#byName[name] = [...(this.#byName[name] ?? []), added];
    return () => {
      this.#byName[name] = this.#byName[name]?.filter(one => one !== added) ?? [];
    };
  };

  emit<Name extends Event>(name: Name, ...args: Parameters<EventListener<Name>>): void {
    for (const listener of this.#byName[name] ?? []) callSafely(() => listener(...args));
  }
}
