/** Where the servers of the page are. */
export interface Addresses {
  /** The origin of the app, with most APIs behind paths of it. */
  readonly app: string;
  /** Toggle's endpoint, at an origin of its own. */
  readonly toggle: string;
}

export async function findAddresses(app: string): Promise<Addresses> {
  const { toggle } = (await (await fetch(new URL('/addresses', app))).json()) as Omit<Addresses, 'app'>;
  return { app, toggle };
}
