/** The addresses of the servers. */
export interface Addresses extends CrossOriginAddresses {
  /** The origin of the app. The proxied APIs are paths of it. */
  readonly app: string;
}

/** The APIs that the page calls at other origins. */
export interface CrossOriginAddresses {
  readonly oli: { readonly url: string; readonly tokenUrl: string };
  readonly collectiveaccess: { readonly url: string; readonly authUrl: string };
  readonly toggle: { readonly url: string };
}

export async function findAddresses(app: string): Promise<Addresses> {
  const crossOrigin = (await (await fetch(new URL('/addresses', app))).json()) as CrossOriginAddresses;
  return { app, ...crossOrigin };
}
