/** Where the servers of the page are. */
export interface Addresses extends ForeignAddresses {
  /** The origin of the app, with the APIs that it mediates behind paths of it. */
  readonly app: string;
}

/** What the page speaks to itself, each at an origin of its own. */
export interface ForeignAddresses {
  readonly oli: { readonly url: string; readonly tokenUrl: string };
  readonly collectiveaccess: { readonly url: string; readonly authUrl: string };
  readonly toggle: { readonly url: string };
}

export async function findAddresses(app: string): Promise<Addresses> {
  const foreign = (await (await fetch(new URL('/addresses', app))).json()) as ForeignAddresses;
  return { app, ...foreign };
}
